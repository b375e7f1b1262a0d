//! JUnit XML against the schema that Jenkins reads it with.

use crate::common::rendered;
use crate::{python, sample};

/// Prints the schema's complaints about the document on standard input.
const VALIDATE: &str = "
import sys, xmlschema
schema = xmlschema.XMLSchema(sys.argv[1])
errors = [str(error.reason) + ' at ' + str(error.path) for error in schema.iter_errors(sys.stdin.read())]
print('\\n'.join(errors))
";

pub(crate) fn complaints(xml: &str) -> String {
    let schema = format!("{}/fixtures/schemas/junit-10.jenkins.xsd", env!("CARGO_MANIFEST_DIR"));
    python::run(&["xmlschema==4.3.2"], VALIDATE, &[&schema], xml)
}

#[test]
fn the_document_obeys_the_schema_of_jenkins() {
    for report in [sample::harmless(), sample::denied_account(), sample::clean_account()] {
        assert_eq!(complaints(&rendered("junit", &report)).trim(), "");
    }
}

#[test]
fn hostile_text_stays_well_formed() {
    let report = sample::everything(&|own| format!("]]><x a='b\"&\0\u{1b}[31m\u{202e}{own}\u{fffe}"));
    assert_eq!(complaints(&rendered("junit", &report)).trim(), "");
}

#[test]
fn the_schema_would_notice_a_wrong_element() {
    let xml = rendered("junit", &sample::harmless()).replace("failure", "catastrophe");
    assert_ne!(complaints(&xml).trim(), "");
}

#[test]
fn a_withheld_verdict_is_an_error_and_never_a_success() {
    let xml = rendered("junit", &sample::denied_account());
    assert!(xml.contains("errors=\"1\""), "{xml}");
    assert!(xml.contains("<error "), "{xml}");
}
