//! The credential report: a CSV text inside one answer, row by row.
//!
//! Semantics of the columns: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use csv::StringRecord;

use super::{Fact, Gap, MALFORMED, MEMBER_MISSING, Observed, Origin, Source};
use crate::snapshot::{Snapshot, Time, shapes::iam};

/// The `user` column of the root user's row.
pub(crate) const ROOT_ROW: &str = "<root_account>";

/// The report of one account, or why there is none.
#[derive(Debug)]
pub(crate) struct CredentialReport {
    /// The rows by user name, in the order of the file.
    pub(crate) rows: Observed<Vec<Row>>,
    /// When AWS generated it; rules on credentials take it for now.
    pub(crate) generated_at: Fact<Time>,
    origin: Origin,
}

/// One row, by column.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    cells: StringRecord,
    /// The position of each column.
    columns: Arc<BTreeMap<String, usize>>,
    origin: Origin,
    gap: Gap,
}

impl CredentialReport {
    /// Reads the report of a snapshot.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let source = Source::<iam::GetCredentialReport>::global(snapshot);
        let content = source.required("/Content", |report| report.content.as_deref());
        let origin = content.origin;
        let rows = content.state.and_then(|text| {
            let gap = |message: String| source.gap(MALFORMED, &message);
            match decode(text)
                .and_then(|text| rows(&text, origin, &source.gap(MEMBER_MISSING, "the report lacks the column")))
            {
                Ok(rows) => Observed::Present(rows),
                Err(message) => Observed::Unknown(gap(message)),
            }
        });
        let generated_at = source.required("/GeneratedTime", |report| report.generated_time);
        Self { rows, generated_at, origin }
    }

    /// The row of the root user, absent when the report has none.
    pub(crate) fn root(&self) -> Observed<&Row> {
        self.rows.as_ref().and_then(|rows| match rows.iter().find(|row| row.user() == ROOT_ROW) {
            Some(row) => Observed::Present(row),
            None => Observed::Absent,
        })
    }

    /// Where the report's text stands.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }
}

/// The CSV text, decoded when it is base64 as the AWS CLI prints it.
fn decode(text: &str) -> Result<String, String> {
    if text.trim_start_matches('\u{feff}').starts_with("user,") {
        return Ok(text.to_owned());
    }
    let compact: String = text.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .map_err(|_| "the credential report is neither CSV nor base64".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "the credential report is not UTF-8".to_owned())
}

fn rows(text: &str, origin: Origin, gap: &Gap) -> Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|error| format!("credential report: {error}"))?.clone();
    if header.get(0) != Some("user") {
        return Err("the credential report does not begin with a `user` column".to_owned());
    }
    let columns: Arc<BTreeMap<String, usize>> =
        Arc::new(header.iter().enumerate().map(|(position, name)| (name.to_owned(), position)).collect());
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for record in reader.records() {
        let cells = record.map_err(|error| format!("credential report: {error}"))?;
        let row = Row { cells, columns: Arc::clone(&columns), origin, gap: gap.clone() };
        if !seen.insert(row.user().to_owned()) {
            return Err(format!("the credential report has two rows of `{}`", row.user().escape_debug()));
        }
        rows.push(row);
    }
    Ok(rows)
}

impl Row {
    /// The `user` column.
    pub(crate) fn user(&self) -> &str {
        self.cell("user").unwrap_or("")
    }

    /// A column's text.
    pub(crate) fn text(&self, column: &str) -> Observed<&str> {
        match self.cell(column) {
            Some(cell) => Observed::Present(cell),
            None => Observed::Unknown(self.missing(column)),
        }
    }

    fn cell(&self, column: &str) -> Option<&str> {
        self.cells.get(*self.columns.get(column)?)
    }

    /// A column of `true` or `false`, in any case; `N/A` and `not_supported` are absent.
    pub(crate) fn flag(&self, column: &str) -> Fact<bool> {
        let state = self.text(column).and_then(|text| {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            if is("true") {
                Observed::Present(true)
            } else if is("false") {
                Observed::Present(false)
            } else if is("n/a") || is("not_supported") {
                Observed::Absent
            } else {
                Observed::Unknown(self.malformed(column, text))
            }
        });
        Fact::new(state, self.origin)
    }

    /// A column of `true` or `false` in which `N/A` means false, as for a user without a password.
    pub(crate) fn flag_or_none(&self, column: &str) -> Fact<bool> {
        let fact = self.flag(column);
        match fact.state {
            Observed::Absent => Fact::present(false, fact.origin),
            _ => fact,
        }
    }

    /// A column with a time; `N/A`, `no_information` and `not_supported` are absent.
    pub(crate) fn time(&self, column: &str) -> Fact<Time> {
        let state = self.text(column).and_then(|text| match text {
            "N/A" | "no_information" | "not_supported" => Observed::Absent,
            _ => Time::parse(text).map_or_else(|_| Observed::Unknown(self.malformed(column, text)), Observed::Present),
        });
        Fact::new(state, self.origin)
    }

    fn missing(&self, column: &str) -> Gap {
        self.regap(MEMBER_MISSING, &format!("the credential report has no column `{column}`"))
    }

    fn malformed(&self, column: &str, text: &str) -> Gap {
        self.regap(MALFORMED, &format!("column `{column}` holds `{}`", text.escape_debug()))
    }

    fn regap(&self, code: &str, message: &str) -> Gap {
        self.gap.operation().map_or_else(
            || Gap::of_reason(code, message),
            |operation| Gap::of_call(operation, self.gap.region(), &crate::snapshot::Request::new(), code, message),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, rows};
    use crate::facts::{Gap, Observed, Origin};

    const REPORT: &str = "user,arn,password_enabled,password_last_used,mfa_active\n\
        <root_account>,arn:aws:iam::1:root,not_supported,2026-01-01T00:00:00+00:00,TRUE\n\
        ann,arn:aws:iam::1:user/ann,true,no_information,maybe\n";

    #[test]
    fn cells_mean_what_aws_documents() {
        let rows = rows(REPORT, Origin::NONE, &Gap::of_reason("x", "x")).unwrap();
        assert_eq!(rows[0].flag("mfa_active").state, Observed::Present(true));
        assert_eq!(rows[0].flag("password_enabled").state, Observed::Absent);
        assert_eq!(rows[1].time("password_last_used").state, Observed::Absent);
        assert!(rows[1].flag("mfa_active").state.gap().is_some());
        assert!(rows[1].flag("access_key_1_active").state.gap().is_some());
    }

    #[test]
    fn base64_as_the_cli_prints_it_is_read() {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(REPORT);
        assert_eq!(decode(&encoded).unwrap(), REPORT);
        assert!(decode("no report").is_err());
    }

    #[test]
    fn two_rows_of_one_user_are_refused() {
        let twice = format!("{REPORT}ann,a,true,N/A,true\n");
        assert!(rows(&twice, Origin::NONE, &Gap::of_reason("x", "x")).is_err());
    }
}
