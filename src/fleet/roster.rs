//! The list of accounts: made live from AWS Organizations, kept beside the snapshots, or written by hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The `format` of a roster file.
pub const FORMAT: &str = "posture-organization/1";

/// The accounts of an organization, with what reports group them by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// Always [`FORMAT`].
    pub format: String,
    /// The twelve digits of the management account, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_account: Option<String>,
    /// The tag that says who owns an account, when it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_tag: Option<String>,
    /// The accounts, by id.
    pub accounts: Vec<Member>,
    /// What could not be learned about the accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<RosterGap>,
}

/// One account of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The twelve digits.
    pub id: String,
    /// The name that its people gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `ACTIVE`, or why nobody can enter it, as in `SUSPENDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The organizational units that it lies in, from the root down; missing when nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Vec<String>>,
    /// The value of the owner tag, null for an account without it; missing when nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "told")]
    pub owner: Option<Owner>,
}

/// The value of the owner tag; none for an account without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub Option<String>);

/// A null that stands there is told, unlike a member that does not.
fn told<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Owner>, D::Error> {
    Owner::deserialize(deserializer).map(Some)
}

/// A call about the accounts that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterGap {
    /// The operation, as in `organizations:ListRoots`.
    pub operation: String,
    /// The account or organizational unit that was asked about; empty for the organization.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// AWS's error code.
    pub code: String,
    /// What AWS said.
    pub message: String,
}

/// What `aws organizations list-accounts` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    accounts: Vec<ListedAccount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedAccount {
    id: String,
    name: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct FormatOnly {
    format: Option<String>,
}

impl Member {
    /// Whether the account can be entered; an account of which nobody told the state is tried.
    pub fn is_active(&self) -> bool {
        self.state.as_deref().is_none_or(|state| state == "ACTIVE")
    }
}

impl Roster {
    /// A roster of these accounts, sorted by id.
    pub fn new(mut accounts: Vec<Member>) -> Self {
        accounts.sort_by(|one, two| one.id.cmp(&two.id));
        Self { format: FORMAT.to_owned(), management_account: None, owner_tag: None, accounts, gaps: Vec::new() }
    }

    /// The account of this id.
    pub fn find(&self, id: &str) -> Option<&Member> {
        let at = self.accounts.binary_search_by(|member| member.id.as_str().cmp(id)).ok()?;
        self.accounts.get(at)
    }

    /// Reads a roster file, what `aws organizations list-accounts` prints, or one account a line: its twelve digits, and
    /// whatever follows them as its name. The error names the place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_json = text.trim_start().starts_with('{');
        let roster = if is_json { Self::parse_json(text)? } else { Self::parse_lines(text)? };
        if roster.accounts.is_empty() {
            return Err("it names no account".to_owned());
        }
        if let Some(bad) = roster.accounts.iter().find(|member| !is_account(&member.id)) {
            return Err(format!("`{}` is not an account of twelve digits", bad.id.escape_debug()));
        }
        let twice = roster.accounts.windows(2).find_map(|pair| match pair {
            [one, two] if one.id == two.id => Some(&one.id),
            _ => None,
        });
        match twice {
            Some(id) => Err(format!("account {id} is named twice")),
            None => Ok(roster),
        }
    }

    fn parse_json(text: &str) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        match serde_json::from_str::<FormatOnly>(text).map_err(wrong)?.format {
            Some(format) if format == FORMAT => {
                let mut roster: Self = serde_json::from_str(text).map_err(wrong)?;
                roster.accounts.sort_by(|one, two| one.id.cmp(&two.id));
                Ok(roster)
            }
            Some(format) => Err(format!("format `{}` is not `{FORMAT}`", format.escape_debug())),
            None => {
                let listed: Listed = serde_json::from_str(text).map_err(wrong)?;
                let member = |account: ListedAccount| Member {
                    id: account.id,
                    name: account.name,
                    state: account.state.or(account.status),
                    ..Member::default()
                };
                Ok(Self::new(listed.accounts.into_iter().map(member).collect()))
            }
        }
    }

    fn parse_lines(text: &str) -> Result<Self, String> {
        let mut accounts = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, name) = line.split_once([' ', '\t', ',']).map_or((line, ""), |(id, name)| (id, name.trim()));
            if !is_account(id) {
                return Err(format!("line {}: `{}` is not an account of twelve digits", index + 1, id.escape_debug()));
            }
            let name = (!name.is_empty()).then(|| name.to_owned());
            accounts.push(Member { id: id.to_owned(), name, ..Member::default() });
        }
        Ok(Self::new(accounts))
    }

    /// How many accounts there are of each state that nobody can enter.
    pub fn inactive(&self) -> BTreeMap<&str, Vec<&Member>> {
        let mut states: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
        for member in self.accounts.iter().filter(|member| !member.is_active()) {
            states.entry(member.state.as_deref().unwrap_or_default()).or_default().push(member);
        }
        states
    }
}

/// Twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Member, Owner, Roster};

    #[test]
    fn lines_name_accounts_with_comments_and_names_beside_them() {
        let roster = Roster::parse("# ours\n222222222222 second one\n\n111111111111\n333333333333,third\n").unwrap();
        let found: Vec<_> = roster.accounts.iter().map(|one| (one.id.as_str(), one.name.as_deref())).collect();
        assert_eq!(
            found,
            [("111111111111", None), ("222222222222", Some("second one")), ("333333333333", Some("third"))]
        );
    }

    #[test]
    fn what_the_aws_cli_prints_is_a_roster() {
        let text = r#"{ "Accounts": [{ "Id": "111111111111", "Arn": "arn:x", "Name": "a", "Status": "SUSPENDED" }] }"#;
        let roster = Roster::parse(text).unwrap();
        assert!(!roster.accounts[0].is_active());
        assert_eq!(roster.inactive().keys().copied().collect::<Vec<_>>(), ["SUSPENDED"]);
    }

    #[test]
    fn a_roster_is_read_as_it_was_written() {
        let mut roster = Roster::new(vec![
            Member { id: "222222222222".to_owned(), owner: Some(Owner(None)), ..Member::default() },
            Member {
                id: "111111111111".to_owned(),
                name: Some("a".to_owned()),
                state: Some("ACTIVE".to_owned()),
                unit: Some(vec!["Root".to_owned()]),
                owner: Some(Owner(Some("ann".to_owned()))),
            },
        ]);
        roster.owner_tag = Some("owner".to_owned());
        let text = serde_json::to_string(&roster).unwrap();
        assert_eq!(Roster::parse(&text).unwrap(), roster);
        assert_eq!(roster.find("222222222222").unwrap().owner, Some(Owner(None)));
    }

    #[test]
    fn what_is_no_roster_is_refused_with_its_place() {
        for (text, part) in [
            ("", "no account"),
            ("{", "EOF"),
            ("12", "line 1"),
            ("111111111111\nx", "line 2"),
            ("111111111111\n111111111111", "twice"),
            ("{\"format\":\"posture-organization/9\",\"accounts\":[]}", "posture-organization/9"),
            ("{\"Accounts\":[{\"Id\":\"../../etc\"}]}", "twelve digits"),
            ("{\"format\":\"posture-organization/1\",\"accounts\":[{\"id\":\"1\",\"x\":1}]}", "unknown field"),
        ] {
            let error = Roster::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
