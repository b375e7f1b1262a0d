//! `posture iam eval`: policies unit-tested without an account.
//!
//! A line that cannot be read never stops the others from being answered, and always makes the exit code 2.

use crate::Error;
use crate::error::{EXIT_CLEAN, EXIT_ERROR};
use crate::iam::case::{Case, Library, library};
use crate::iam::{PolicyError, json};
use crate::output::safe_json;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Decides requests over policies given with them, one JSON object a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  posture iam eval cases.ndjson
  generate-cases | posture iam eval -")]
pub struct Arguments {
    /// File of cases, one JSON object a line; `-` is standard input.
    #[arg(value_name = "FILE")]
    pub cases: PathBuf,
    /// JSON object of policy documents, for cases that name their policies by id.
    #[arg(long, value_name = "FILE")]
    pub policies: Option<PathBuf>,
}

/// One answer, as it is printed.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    decision: &'a str,
    because: String,
}

impl Arguments {
    /// Answers every case. `input` stands for standard input.
    pub fn run(&self, input: &mut dyn Read, out: &mut dyn Write, problems: &mut dyn Write) -> Result<u8, Error> {
        let library = match &self.policies {
            None => Library::new(),
            Some(path) => read_library(path)?,
        };
        let mut reader: Box<dyn BufRead + '_> = if self.cases == Path::new("-") {
            Box::new(BufReader::new(input))
        } else {
            Box::new(BufReader::new(File::open(&self.cases).map_err(|source| io("read", &self.cases, source))?))
        };
        let mut code = EXIT_CLEAN;
        let mut line = Vec::new();
        for number in 1_usize.. {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(|source| io("read", &self.cases, source))? == 0 {
                break;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let written = match answer(&line, &library) {
                Ok(answer) => writeln!(out, "{answer}"),
                Err(reason) => {
                    code = EXIT_ERROR;
                    writeln!(problems, "{}:{number}: {}", self.cases.display(), plain(&reason))
                }
            };
            written.map_err(|source| io("write", Path::new("standard output"), source))?;
        }
        Ok(code)
    }
}

fn answer(line: &[u8], library: &Library) -> Result<String, String> {
    let text = std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?;
    let value = parse(text.trim_end())?;
    let case = Case::from_value(&value, library).map_err(|error| error.to_string())?;
    let answer = case.answer();
    let line = Line { id: case.id(), decision: answer.decision.as_str(), because: answer.because.to_string() };
    let mut text = Vec::new();
    safe_json::compact(&line, &mut text).map_err(|error| error.to_string())?;
    String::from_utf8(text).map_err(|error| error.to_string())
}

/// A line's JSON; its errors name the column, since the line is known.
fn parse(text: &str) -> Result<Value, String> {
    json::parse(text).map_err(|error| match error {
        PolicyError::NotJson { column, reason, .. } => format!("not valid JSON at column {column}: {reason}"),
        other => other.to_string(),
    })
}

fn read_library(path: &Path) -> Result<Library, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| io("read", path, source))?;
    let read = json::parse(&text).map_err(|error| error.to_string());
    let read = read.and_then(|value| library(&value).map_err(|error| error.to_string()));
    read.map_err(|reason| {
        let hint = "the file has to be one JSON object whose members are policy documents";
        Error::other(format!("`{}`: {}", path.display(), plain(&reason)), hint)
    })
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { action, path: path.to_owned(), source }
}

/// Reasons quote what the file says; control characters in it must not reach the terminal.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            let _ = write!(safe, "{}", character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(lines: &str, policies: Option<&str>) -> (Result<u8, Error>, String, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = policies.map(|text| {
            let path = folder.path().join("policies.json");
            std::fs::write(&path, text).unwrap();
            path
        });
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        let arguments = Arguments { cases: PathBuf::from("-"), policies: file };
        let code = arguments.run(&mut lines.as_bytes(), &mut out, &mut problems);
        (code, String::from_utf8(out).unwrap(), String::from_utf8(problems).unwrap())
    }

    const READ: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]}"#;

    fn case(id: &str, context: &str, policy: &str) -> String {
        format!(
            r#"{{"id":"{id}","request":{{"principal":"arn:aws:iam::123456789012:user/a","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","context":{context}}},"policies":{{"identity":[{policy}]}}}}"#
        )
    }

    #[test]
    fn each_line_is_answered_with_its_reason() {
        let lines = [
            case("yes", r#"{"aws:SecureTransport":true}"#, READ),
            case("no", "{}", READ),
            case("open", r#"{"aws:SecureTransport":null}"#, "\"read\""),
        ]
        .join("\n");
        let (code, out, problems) = eval(&lines, Some(&format!(r#"{{"read":{READ}}}"#)));
        assert_eq!((code.unwrap(), problems.as_str()), (0, ""));
        let expected = [
            r#"{"id":"yes","decision":"Allowed","because":"granted: statement `Read` (/Statement/0) of identity policy `policies.identity[0]`"}"#,
            r#"{"id":"no","decision":"ImplicitlyDenied","because":"no identity or resource policy allows it; nearest is statement `Read` (/Statement/0) of identity policy `policies.identity[0]`, but its condition Bool on `aws:SecureTransport` does not hold"}"#,
            r#"{"id":"open","decision":"Unknown","because":"depends on `aws:SecureTransport`: statement `Read` (/Statement/0) of identity policy `read`"}"#,
        ];
        assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn bad_lines_are_named_and_the_others_answered() {
        let policy = r#"{"Statement":[{"Effect":"Maybe"}]}"#;
        let lines =
            ["{", &case("a", "{}", READ), "", r#"{"id":"x"}"#, &case("b", "{}", policy), &case("c", "{}", "\"none\"")]
                .join("\n");
        let (code, out, problems) = eval(&lines, None);
        assert_eq!(code.unwrap(), 2);
        assert_eq!(out.lines().count(), 1);
        let expected = [
            "-:1: not valid JSON at column 1: EOF while parsing an object",
            "-:4: `request` is missing",
            "-:5: the policy in `policies.identity[0]` cannot be read: `/Statement/0/Effect` is `Maybe`, which is not `Allow` or `Deny`",
            "-:6: `policies.identity[0]` names the policy `none`, which is not among the policies given",
        ];
        assert_eq!(problems.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_broken_file_of_policies_ends_the_run() {
        let (code, _, _) = eval("", Some("[]"));
        let error = code.unwrap_err();
        assert!(error.to_string().ends_with("policies.json`: `the file of policies` should be an object"), "{error}");
        assert!(!error.hint().is_empty());
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb"), "a\\u{1b}[31mb");
    }
}
