//! One file with an answer: the AWS CLI's output as it is, or an observation that also says what was asked.

use base64::Engine;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::ImportError;
use crate::snapshot::private::remove_private;
use crate::snapshot::text::Source;
use crate::snapshot::{ApiError, Operation, Outcome, Request, Response};

/// What boto3 adds to every answer; it says nothing about the account.
const METADATA: &str = "ResponseMetadata";

const EMPTY: &str = "if the call failed, keep its words in a file with the same name and the ending `.err`; if it succeeded and printed nothing, write `{}`";

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(default)]
    request: Option<Request>,
    // A `null` is kept as what it is, so that it is refused as an answer and not taken for a missing one.
    #[serde(default, borrow, deserialize_with = "present")]
    response: Option<&'a RawValue>,
    error: Option<ApiError>,
    /// What boto3 gives as the response of a call that failed.
    #[serde(rename = "Error")]
    boto3_error: Option<Boto3Error>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boto3Error {
    code: String,
    #[serde(default)]
    message: String,
}

fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads the text of a `.json` file. `went_well` says that the call left an empty `.err` file: then nothing is an answer
/// too, where the operation may have nothing to say. The request is what the file says, if it says anything.
pub(super) fn parse(
    operation: Operation,
    file: &str,
    bytes: &[u8],
    went_well: bool,
) -> Result<(Option<Request>, Outcome), ImportError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        let hint = "Windows PowerShell's `>` writes UTF-16: save it with `| Out-File -Encoding utf8`";
        return Err(ImportError::file(file, "the text is UTF-16, not UTF-8", hint));
    }
    let source = Source::utf8(file, 0, bytes)?;
    source.check_nesting()?;
    if source.text.trim().is_empty() {
        return match nothing(operation).filter(|_| went_well) {
            Some(response) => Ok((None, Outcome::Answered(response))),
            None => Err(ImportError::file(file, "the file is empty", EMPTY)),
        };
    }
    if !source.text.trim_start().starts_with('{') {
        return Err(source.error(1, 1, String::new(), "an answer is a JSON object".to_owned()).into());
    }
    let wrapped: Wrapped<'_> = serde_json::from_str(source.text).map_err(|error| source.syntax(&error))?;
    let request = wrapped.request.clone();
    let wrong = |path: &str, message: &str| ImportError::from(source.error(1, 1, path.to_owned(), message.to_owned()));
    let boto3_error = wrapped.boto3_error.map(|error| ApiError { code: error.code, message: error.message });
    match (wrapped.response, wrapped.error.or(boto3_error)) {
        (Some(_), Some(_)) => Err(wrong("", "either a `response` or an `error`, not both")),
        (None, None) if wrapped.request.is_some() => Err(wrong("", "a `request` without `response` or `error`")),
        (None, Some(error)) if error.code.is_empty() => Err(wrong("error", "the `error` has no `code`")),
        (None, Some(error)) => Ok((request, Outcome::Failed(error))),
        (Some(response), None) => Ok((request, answered(operation, &source, response.get(), "response")?)),
        (None, None) => Ok((request, answered(operation, &source, source.text, "")?)),
    }
}

/// The answer that the AWS CLI prints as nothing at all, because AWS leaves out an empty list.
fn nothing(operation: Operation) -> Option<Response> {
    let may_be_empty = matches!(
        operation,
        Operation::BudgetsDescribeBudgets
            | Operation::BudgetsDescribeNotificationsForBudget
            | Operation::BudgetsDescribeSubscribersForNotification
            // Of a bucket that was never versioned, or whose access is not logged, S3 has nothing to say.
            | Operation::S3GetBucketVersioning
            | Operation::S3GetBucketLogging
    );
    may_be_empty.then(|| operation.parse("{}").ok()).flatten()
}

fn answered(operation: Operation, source: &Source<'_>, part: &str, path: &str) -> Result<Outcome, ImportError> {
    let mut response = operation.parse(part).map_err(|error| source.error_in(part, path, &error))?;
    if says_nothing(&response) && !is_empty(part) {
        let message = format!("no member of an answer of `{}`", operation.label());
        return Err(source.error(1, 1, path.to_owned(), message).into());
    }
    if let Response::IamGetCredentialReport(report) = &mut response
        && let Some(content) = &mut report.content
    {
        let path = if path.is_empty() { "Content".to_owned() } else { format!("{path}.Content") };
        *content = decoded(content).map_err(|message| source.error(1, 1, path, message))?;
    }
    remove_private(&mut response);
    Ok(Outcome::Answered(response))
}

/// A credential report as text: the AWS CLI prints it in base64.
fn decoded(content: &str) -> Result<String, String> {
    if content.trim_start_matches('\u{feff}').starts_with("user,") {
        return Ok(content.to_owned());
    }
    let compact: String = content.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(compact)
        .map_err(|_| "the credential report is neither CSV nor base64".to_owned())?;
    String::from_utf8(bytes).map_err(|_| "the credential report is not UTF-8".to_owned())
}

fn says_nothing(response: &Response) -> bool {
    serde_json::to_value(response).is_ok_and(|value| value.as_object().is_some_and(serde_json::Map::is_empty))
}

/// Whether an answer has no member of its own. Another operation's answer has, and must not pass for an empty one.
fn is_empty(part: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(part)
        .is_ok_and(|members| members.keys().all(|member| member == METADATA))
}
