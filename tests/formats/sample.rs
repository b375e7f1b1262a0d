//! Builds reports for tests, as the rule engine would finish them.

use std::collections::BTreeMap;

use posture::diagram::{Diagram, Diagrams, Edge, Kind, Node, State, Way};
use posture::facts::{Gap, NOT_ATTESTED};
use posture::finding::{AppliedSuppression, Confidence, Evidence, Finding, ResourceId, Severity, Status};
use posture::framework::{ControlReport, ControlStatus, FrameworkReport, Judged};
use posture::report::{Counts, FORMAT, Report, ReportGap, RuleRun, Summary};
use posture::snapshot::{ApiError, Operation, Request, Time};
use serde_json::json;

/// Text that every free field of a report gets, so that one test can put hostile text everywhere.
pub(crate) type Text<'a> = &'a dyn Fn(&str) -> String;

pub(crate) const ACCOUNT: &str = "123456789012";

/// A report under construction.
pub(crate) struct Builder<'a> {
    text: Text<'a>,
    rules: Vec<RuleRun>,
    results: Vec<Finding>,
    gaps: Vec<ReportGap>,
    notes: Vec<String>,
    diagrams: Diagrams,
    framework: Option<FrameworkReport>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(text: Text<'a>) -> Self {
        Self {
            text,
            rules: Vec::new(),
            results: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
            diagrams: Diagrams::default(),
            framework: None,
        }
    }

    pub(crate) fn rule(mut self, id: &str, severity: Severity) -> Self {
        let text = self.text;
        self.rules.push(RuleRun {
            id: text(id),
            title: text(&format!("Title of {id} should hold")).into(),
            severity,
            confidence: Confidence::High,
            rationale: text("Why\nit matters.\n").into(),
            remediation: text(&format!("Mend what\n{id} names.\n")).into(),
            remediation_cli: Some(text("aws iam list-users").into()),
            references: vec![
                text("https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"),
                text("javascript:alert(1)"),
            ]
            .into(),
            controls: controls(text).into(),
            status: Status::NotApplicable,
            counts: Counts::default(),
        });
        self
    }

    /// Adds a verdict of the rule added last.
    pub(crate) fn result(mut self, status: Status, resource: &str) -> Self {
        let text = self.text;
        let rule = self.rules.last_mut().unwrap();
        rule.counts.add(status);
        rule.status = rule.counts.worst();
        let resource = ResourceId { id: text(resource), kind: "iam-user", region: Some(text("us-east-1")) };
        let unknown = if status == Status::Unknown { vec![self::denied(text)] } else { Vec::new() };
        self.results.push(Finding {
            rule: rule.id.as_str().into(),
            severity: rule.severity,
            status,
            resource,
            message: text("user has a password and no MFA device"),
            evidence: evidence(text),
            unknown,
            controls: rule.controls.clone(),
            attested: false,
            suppressed: None,
            in_baseline: false,
        });
        self
    }

    /// Changes the result added last.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Finding)) -> Self {
        change(self.results.last_mut().unwrap());
        self
    }

    pub(crate) fn gap(mut self, gap: Gap, rules: &[&str]) -> Self {
        self.gaps.push(ReportGap { gap, rules: rules.iter().map(|rule| (*rule).to_owned()).collect() });
        self
    }

    /// Adds drawings of both kinds and the controls of a framework.
    pub(crate) fn drawings(mut self) -> Self {
        self.diagrams = diagrams(self.text);
        self.framework = Some(framework(self.text));
        self
    }

    pub(crate) fn note(mut self, note: &str) -> Self {
        self.notes.push((self.text)(note));
        self
    }

    pub(crate) fn build(mut self) -> Report {
        self.results.sort_by(|a, b| (a.status, b.severity, &a.rule).cmp(&(b.status, a.severity, &b.rule)));
        let summary = summary(&self.rules, &self.results);
        Report {
            format: FORMAT,
            posture: "0.1.0",
            account: (self.text)(ACCOUNT),
            partition: (self.text)("aws"),
            collected_at: Time::parse("2026-11-22T03:00:00Z").unwrap(),
            as_of: Time::parse("2026-11-22T03:00:00Z").unwrap(),
            regions: vec![(self.text)("us-east-1"), (self.text)("eu-west-1")],
            rules_run: self.rules,
            summary,
            gaps: self.gaps,
            notes: self.notes,
            diagrams: self.diagrams,
            framework: self.framework,
            results: self.results.into_iter().map(Box::new).collect(),
        }
    }
}

fn summary(rules: &[RuleRun], results: &[Finding]) -> Summary {
    let mut summary = Summary {
        results: Counts::default(),
        rules: Counts::default(),
        failing_by_severity: BTreeMap::new(),
        suppressed: 0,
        new: 0,
    };
    for rule in rules {
        summary.rules.add(rule.status);
    }
    for finding in results {
        summary.results.add(finding.status);
        match (finding.status, &finding.suppressed) {
            (Status::Fail, Some(_)) => summary.suppressed += 1,
            (Status::Fail, None) => {
                *summary.failing_by_severity.entry(finding.severity).or_default() += 1;
                summary.new += usize::from(!finding.in_baseline);
            }
            _ => {}
        }
    }
    summary
}

fn controls(text: Text<'_>) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([(text("cis-aws-3.0"), vec![text("1.4"), text("1.5")]), (text("fsbp"), vec![text("IAM.4")])])
}

fn evidence(text: Text<'_>) -> Vec<Evidence> {
    vec![
        Evidence {
            fact: text("user.password_enabled").into(),
            value: json!({ text("name"): [text("alice"), 1, true, null] }),
            observation: Some(text("iam:GetCredentialReport@us-east-1").into()),
            pointer: Some(text("/Content")),
        },
        Evidence { fact: text("attestation").into(), value: json!(text("yes")), observation: None, pointer: None },
    ]
}

fn diagrams(text: Text<'_>) -> Diagrams {
    let node = |what: &str, name: &str, state| Node { what: text(what), name: text(name), state };
    let edge = |what: &str, state| Edge { what: text(what), state };
    let alert = Way {
        state: State::Broken,
        reason: Some(text("topic `billing-alarm` has no subscription")),
        nodes: vec![
            node("alarm", "bill", State::Holds),
            node("topic", "billing-alarm", State::Holds),
            node("subscription", "", State::Broken),
        ],
        edges: vec![edge("", State::Holds), edge("", State::Broken)],
    };
    let climb = Way {
        state: State::Unknown,
        reason: Some(text("depends on aws:SourceIp")),
        nodes: vec![node("user", "dave", State::Holds), node("administrator", "ops", State::Unknown)],
        edges: vec![edge("assume a role (sts:AssumeRole)", State::Unknown)],
    };
    let diagram = |kind, title: &str, way: Way| Diagram {
        kind,
        title: text(title),
        state: way.state,
        ways: vec![way],
        further_ways: 2,
    };
    let drawn = vec![
        diagram(Kind::AlertRoute, "alarm bill", alert),
        diagram(Kind::Escalation, "arn:aws:iam::123456789012:user/dave", climb),
    ];
    Diagrams { drawn, left_out: 3 }
}

fn framework(text: Text<'_>) -> FrameworkReport {
    let control = ControlReport {
        id: text("1.5"),
        title: text("Root has MFA"),
        judged: Judged::Automated,
        status: ControlStatus::NotApplicable,
        rules: vec![text("root-mfa-enabled")],
    };
    let summary = BTreeMap::from([(ControlStatus::NotApplicable, 1)]);
    FrameworkReport {
        id: text("cis-aws-3.0"),
        name: text("CIS AWS Foundations 3.0.0"),
        summary,
        controls: vec![control],
    }
}

/// A call that AWS refused.
pub(crate) fn denied(text: Text<'_>) -> Gap {
    let request = Request::from([(text("AccountId"), json!(text(ACCOUNT)))]);
    let message = text("User is not authorized to perform: budgets:ViewBudget");
    let error = ApiError { code: "AccessDeniedException".to_owned(), message };
    Gap::failed(Operation::BudgetsDescribeBudgets, &text("us-east-1"), &request, &error)
}

/// A call that failed with a code of somebody else's choosing.
pub(crate) fn failed(text: Text<'_>) -> Gap {
    let error = ApiError { code: text("Throttling"), message: text("Rate exceeded") };
    Gap::failed(Operation::IamGetAccountSummary, &text("us-east-1"), &Request::new(), &error)
}

/// A report in which everything occurs, with every text passed through `text`.
pub(crate) fn everything(text: Text<'_>) -> Report {
    let suppression = AppliedSuppression {
        reason: text("accepted until the migration"),
        owner: Some(text("ops@example.com")),
        expires: Some(text("2026-12-31")),
    };
    Builder::new(text)
        .rule("root-no-access-keys", Severity::Critical)
        .result(Status::Fail, "arn:aws:iam::123456789012:root")
        .rule("iam-user-mfa-console", Severity::High)
        .result(Status::Fail, "arn:aws:iam::123456789012:user/team/alice")
        .result(Status::Fail, "arn:aws:iam::123456789012:user/bob")
        .with(|finding| finding.suppressed = Some(Box::new(suppression)))
        .result(Status::Fail, "arn:aws:iam::123456789012:user/carol")
        .with(|finding| finding.in_baseline = true)
        .result(Status::Pass, "arn:aws:iam::123456789012:user/dave")
        .rule("sns-alert-topic-encrypted", Severity::Low)
        .result(Status::Fail, "arn:aws:sns:us-east-1:123456789012:billing-alarm")
        .rule("cloudtrail-log-validation", Severity::Medium)
        .result(Status::NotApplicable, "arn:aws:cloudtrail:us-east-1:123456789012:trail/main")
        .rule("account-contact-security", Severity::Info)
        .result(Status::Fail, "not-an-arn")
        .with(|finding| finding.attested = true)
        .rule("budget-cost-exists", Severity::High)
        .result(Status::Unknown, "arn:aws:iam::123456789012:account")
        .with(|finding| finding.unknown.push(Gap::of_reason(NOT_ATTESTED, text("nobody said"))))
        .rule("root-mfa-enabled", Severity::Critical)
        .result(Status::Pass, "arn:aws:iam::123456789012:root")
        .gap(denied(text), &["budget-cost-exists"])
        .gap(failed(text), &["root-mfa-enabled"])
        .note("the suppression of `old-rule` expired on 2026-01-01")
        .drawings()
        .build()
}

/// [`everything`] in the words that stand above.
pub(crate) fn harmless() -> Report {
    everything(&str::to_owned)
}

/// An account in which every call but one was refused.
pub(crate) fn denied_account() -> Report {
    let text: Text<'_> = &str::to_owned;
    Builder::new(text)
        .rule("budget-cost-exists", Severity::High)
        .result(Status::Unknown, "arn:aws:iam::123456789012:account")
        .gap(denied(text), &["budget-cost-exists"])
        .build()
}

/// An account in which nothing fails.
pub(crate) fn clean_account() -> Report {
    Builder::new(&str::to_owned)
        .rule("root-mfa-enabled", Severity::Critical)
        .result(Status::Pass, "arn:aws:iam::123456789012:root")
        .build()
}

/// An account with as many failing users as wanted.
pub(crate) fn many_failing(count: usize) -> Report {
    let mut builder = Builder::new(&str::to_owned).rule("iam-user-mfa-console", Severity::High);
    for number in 0..count {
        builder = builder.result(Status::Fail, &format!("arn:aws:iam::123456789012:user/user-{number:06}"));
    }
    builder.build()
}
