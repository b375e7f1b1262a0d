//! JUnit XML for test dashboards: a suite per rule, a test per resource.
//!
//! A failing finding is a failure, a withheld verdict an error ("the test could not run"), so that no dashboard takes
//! it for a success; what is suppressed or not applicable is skipped.

use std::collections::BTreeMap;
use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Property, Report as Suites, TestCase, TestCaseStatus, TestSuite};

use super::digest;
use super::escape::clipped;
use super::{Context, Renderer, safe_json};
use crate::finding::{Finding, Status};
use crate::report::{Report, RuleRun};

/// JUnit XML.
pub(super) struct Junit;

/// Characters of one text.
const TEXT: usize = 2_000;

impl Renderer for Junit {
    fn render(&self, report: &Report, _: &Context, sink: &mut dyn Write) -> io::Result<()> {
        let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in report.findings() {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        let mut suites = Suites::new("posture");
        for rule in &report.rules_run {
            suites.add_test_suite(suite(report, rule, by_rule.get(rule.id.as_str()).map_or(&[], Vec::as_slice)));
        }
        let document = suites.to_string().map_err(io::Error::other)?;
        sink.write_all(without_total_of_skipped(&document).as_bytes())
    }

    fn repeats(&self) -> bool {
        false
    }
}

/// Takes `skipped` out of the first element: the crate writes it there, and the schema of Jenkins refuses it.
fn without_total_of_skipped(document: &str) -> String {
    let Some(start) = document.find("<testsuites ") else { return document.to_owned() };
    let (declaration, rest) = document.split_at(start);
    let (element, suites) = rest.split_at(rest.find('>').unwrap_or(rest.len()));
    let attributes = element.split(' ').filter(|attribute| !attribute.starts_with("skipped=\""));
    format!("{declaration}{}{suites}", attributes.collect::<Vec<_>>().join(" "))
}

fn suite(report: &Report, rule: &RuleRun, findings: &[&Finding]) -> TestSuite {
    let mut suite = TestSuite::new(clipped(&rule.id, TEXT));
    for (name, value) in [
        ("account", report.account.as_str()),
        ("collected_at", &report.collected_at.to_string()),
        ("title", &rule.title),
        ("severity", rule.severity.name()),
    ] {
        suite.add_property(Property::new(name, clipped(value, TEXT)));
    }
    suite.add_test_cases(findings.iter().map(|finding| case(finding)));
    suite
}

fn case(finding: &Finding) -> TestCase {
    let mut case = TestCase::new(clipped(&finding.resource.id, TEXT), status(finding));
    case.set_classname(clipped(&finding.rule, TEXT));
    case
}

fn status(finding: &Finding) -> TestCaseStatus {
    let mut status = match (finding.status, &finding.suppressed) {
        (Status::Pass, _) => return TestCaseStatus::success(),
        (Status::Fail, None) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (Status::Unknown, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (Status::Fail, Some(_)) | (Status::NotApplicable, _) => TestCaseStatus::skipped(),
    };
    let message = match (finding.status, &finding.suppressed) {
        (Status::Fail, Some(applied)) => format!("suppressed: {}", applied.reason),
        _ => finding.message.clone(),
    };
    status.set_message(clipped(&message, TEXT));
    status.set_type(finding.severity.name());
    status.set_description(details(finding));
    status
}

fn details(finding: &Finding) -> String {
    let evidence = finding.evidence.iter().map(|one| format!("{} = {}", one.fact, safe_json::text(&one.value)));
    let gaps = finding
        .unknown
        .iter()
        .map(|gap| format!("could not read {} ({})", digest::what_is_missing(gap), digest::what_helps(gap)));
    let lines: Vec<String> = evidence.chain(gaps).map(|line| clipped(&line, TEXT)).collect();
    lines.join("\n")
}
