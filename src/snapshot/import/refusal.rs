//! What the AWS CLI writes to standard error instead of an answer.
//!
//! The first line may be `request: {…}`, as the script writes it, because the CLI's words do not say what was asked.

use crate::snapshot::{ApiError, Operation, Request};

/// The code of a call that failed before or after AWS: the CLI's own words are the message.
pub const COMMAND_FAILED: &str = "CommandFailed";

/// The longest message that is kept, in characters.
const MAX_MESSAGE: usize = 2000;
const REQUEST: &str = "request: ";
const OCCURRED: &str = "An error occurred (";
const CALLING: &str = " when calling the ";

/// What a `.err` file says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) request: Request,
    /// `None` for a file without words: nothing went wrong.
    pub(super) error: Option<ApiError>,
}

/// Reads the text of a `.err` file.
pub(super) fn parse(operation: Operation, text: &str) -> Result<Refusal, String> {
    let (request, words) = match text.strip_prefix(REQUEST) {
        Some(rest) => {
            let (line, words) = rest.split_once('\n').unwrap_or((rest, ""));
            let request =
                serde_json::from_str(line).map_err(|error| format!("the request is not an object: {error}"))?;
            (request, words)
        }
        None => (Request::new(), text),
    };
    let words = words.trim();
    if words.is_empty() {
        return Ok(Refusal { request, error: None });
    }
    let error = match aws_error(words) {
        Some(found) => found.of(operation)?,
        None => ApiError { code: own_code(words).to_owned(), message: shortened(words) },
    };
    Ok(Refusal { request, error: Some(error) })
}

struct AwsError<'a> {
    code: &'a str,
    called: &'a str,
    message: &'a str,
}

/// `An error occurred (CODE) when calling the OPERATION operation (reached max retries: 4): MESSAGE`.
fn aws_error(words: &str) -> Option<AwsError<'_>> {
    let (_, rest) = words.split_once(OCCURRED)?;
    let (code, rest) = rest.split_once(')')?;
    let rest = rest.strip_prefix(CALLING)?;
    let (called, rest) = rest.split_once(" operation")?;
    let rest = rest.strip_prefix(" (").and_then(|retries| retries.split_once(')')).map_or(rest, |(_, rest)| rest);
    let message = rest.strip_prefix(':')?;
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
    (!code.is_empty() && code.bytes().all(is_code)).then_some(AwsError { code, called, message: message.trim() })
}

impl AwsError<'_> {
    /// The error, unless it is another operation's: what that one says must not be taken for this one's answer.
    fn of(&self, operation: Operation) -> Result<ApiError, String> {
        let wanted = operation.spec().name;
        let generates = operation == Operation::IamGetCredentialReport && self.called == "GenerateCredentialReport";
        if self.called != wanted && !generates {
            return Err(format!("the error is one of `{}`, not of `{wanted}`", self.called.escape_debug()));
        }
        Ok(ApiError { code: self.code.to_owned(), message: shortened(self.message) })
    }
}

/// A code for failures in which AWS had no part.
fn own_code(words: &str) -> &'static str {
    let lower = words.to_ascii_lowercase();
    if lower.contains("timeout on endpoint") || lower.contains("timed out") {
        "Timeout"
    } else if lower.contains("could not connect to the endpoint") || lower.contains("connection was closed") {
        "ConnectionError"
    } else {
        COMMAND_FAILED
    }
}

fn shortened(words: &str) -> String {
    words.chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::snapshot::Operation::{IamGetAccountSummary, IamGetCredentialReport, SnsGetTopicAttributes};

    fn error(words: &str) -> (String, String) {
        let error = parse(IamGetAccountSummary, words).unwrap().error.unwrap();
        (error.code, error.message)
    }

    #[test]
    fn a_refusal_of_either_cli_version_gives_code_and_message() {
        for words in [
            "\nAn error occurred (AccessDenied) when calling the GetAccountSummary operation: User: u is not authorized\n",
            "aws: [ERROR]: An error occurred (AccessDenied) when calling the GetAccountSummary operation: User: u is not authorized\r\n",
            "An error occurred (AccessDenied) when calling the GetAccountSummary operation (reached max retries: 4): User: u is not authorized",
        ] {
            assert_eq!(error(words), ("AccessDenied".to_owned(), "User: u is not authorized".to_owned()));
        }
    }

    #[test]
    fn failures_without_aws_get_a_code_that_is_nobodys_answer() {
        assert_eq!(error("Could not connect to the endpoint URL: \"https://iam.amazonaws.com/\"").0, "ConnectionError");
        assert_eq!(error("Connect timeout on endpoint URL: \"https://iam.amazonaws.com/\"").0, "Timeout");
        assert_eq!(error("aws: error: argument operation: Invalid choice, valid choices are:").0, "CommandFailed");
        assert_eq!(error("An error occurred () when calling the GetAccountSummary operation: x").0, "CommandFailed");
    }

    #[test]
    fn the_error_of_another_operation_is_refused() {
        let words = "An error occurred (NoSuchEntity) when calling the GetAccountPasswordPolicy operation: none";
        assert!(parse(IamGetAccountSummary, words).unwrap_err().contains("GetAccountPasswordPolicy"));
        let words = "An error occurred (AccessDenied) when calling the GenerateCredentialReport operation: no";
        assert_eq!(parse(IamGetCredentialReport, words).unwrap().error.unwrap().code, "AccessDenied");
    }

    #[test]
    fn a_request_may_stand_before_the_words() {
        let words = "request: {\"TopicArn\":\"arn:t\"}\n\nAn error occurred (NotFound) when calling the GetTopicAttributes operation: gone\n";
        let refusal = parse(SnsGetTopicAttributes, words).unwrap();
        assert_eq!(refusal.request["TopicArn"], "arn:t");
        assert_eq!(refusal.error.unwrap().code, "NotFound");
        assert!(parse(SnsGetTopicAttributes, "request: []\nx").is_err());
        assert_eq!(parse(SnsGetTopicAttributes, " \n").unwrap().error, None);
    }
}
