//! Analyzers of IAM Access Analyzer and what they found.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facts;
use crate::facts::asked::Asked;
use crate::facts::infrastructure::regional::{Page, Regional};
use crate::facts::{Fact, Gap, List, MEMBER_MISSING, Observed, Source, link};
use crate::snapshot::shapes::accessanalyzer::{Analyzer, ListAnalyzers, ListFindingsV2};
use crate::snapshot::{Request, Snapshot};

facts! {
    /// An analyzer of IAM Access Analyzer.
    AccessAnalyzer as "access-analyzer" {
        /// The analyzer's name.
        name: String => [AccessanalyzerListAnalyzers];
        /// What it looks for and where, as in `ACCOUNT` or `ORGANIZATION_UNUSED_ACCESS`.
        kind: String => [AccessanalyzerListAnalyzers];
        /// True when it is active.
        is_active: bool => [AccessanalyzerListAnalyzers];
        /// True when it looks for access from outside the account or organization.
        finds_external_access: bool => [AccessanalyzerListAnalyzers];
        /// True when it looks for access that nobody uses.
        finds_unused_access: bool => [AccessanalyzerListAnalyzers];
        /// Findings that nobody archived or resolved.
        active_findings: List<AnalyzerFinding> => [AccessanalyzerListFindingsV2];
    }

    /// A finding of IAM Access Analyzer.
    AnalyzerFinding as "access-analyzer-finding" {
        /// The resource that it is about, by its ARN; for some by its id.
        name: String => [AccessanalyzerListFindingsV2];
        /// The finding's id.
        id: String => [AccessanalyzerListFindingsV2];
    }
}

/// Analyzers of external access; the others look for unused and internal access.
const EXTERNAL: [&str; 2] = ["ACCOUNT", "ORGANIZATION"];
const UNUSED: [&str; 2] = ["ACCOUNT_UNUSED_ACCESS", "ORGANIZATION_UNUSED_ACCESS"];

/// The answers of IAM Access Analyzer.
pub(super) struct Answers<'a> {
    analyzers: Regional<'a, ListAnalyzers, Analyzer>,
    findings: Asked<'a, ListFindingsV2>,
}

impl<'a> Answers<'a> {
    pub(super) fn read(snapshot: &'a Snapshot) -> Self {
        Self {
            analyzers: Regional::read(snapshot, |answer: &ListAnalyzers| {
                Page::of(answer.analyzers.as_ref(), answer.next_token.as_ref())
            }),
            findings: Asked::read(snapshot, "analyzerArn"),
        }
    }

    /// The analyzers of a Region.
    pub(super) fn in_region(&self, region: &str) -> Fact<List<AccessAnalyzer>> {
        let items = self.analyzers.in_region(region).map(|element| {
            let kind = element.required("/analyzers/*/type", element.item.kind.clone());
            let is_one_of = |kinds: [&str; 2]| kind.clone().map(|kind| kinds.contains(&kind.as_str()));
            AccessAnalyzer {
                name: element.required("/analyzers/*/name", element.item.name.clone()),
                is_active: element
                    .required("/analyzers/*/status", element.item.status.as_ref())
                    .map(|status| status == "ACTIVE"),
                finds_external_access: is_one_of(EXTERNAL),
                finds_unused_access: is_one_of(UNUSED),
                active_findings: match element.item.arn.as_deref() {
                    Some(arn) => self.active_findings(region, arn),
                    None => Fact::unknown(element.gap(MEMBER_MISSING, "an analyzer has no `arn`")),
                },
                kind,
            }
        });
        let items: Vec<_> = items.collect();
        let list = List { items, gaps: self.analyzers.gaps_in(region) };
        Fact::present(list, self.analyzers.origin_in(region, "/analyzers"))
    }

    fn active_findings(&self, region: &str, analyzer: &str) -> Fact<List<AnalyzerFinding>> {
        let mut found: BTreeMap<&str, AnalyzerFinding> = BTreeMap::new();
        let mut gaps: Vec<Gap> = Vec::new();
        let mut nameless: Vec<Gap> = Vec::new();
        let mut is_whole = false;
        for answer in self.findings.all(analyzer).iter().filter(|answer| answer.observation.region == region) {
            let source = Source::from_answer(*answer);
            let lists_active = lists_active(&answer.observation.request);
            let shape = match &source.state {
                Observed::Present(shape) => *shape,
                Observed::Absent => continue,
                Observed::Unknown(gap) => {
                    gaps.extend(Some(gap.clone()).filter(|_| lists_active));
                    continue;
                }
            };
            let cut_off = source.cut_off(None, shape.next_token.as_ref());
            is_whole |= lists_active && shape.findings.is_some() && cut_off.is_none();
            gaps.extend(cut_off.filter(|_| lists_active));
            for (index, finding) in shape.findings.iter().flatten().enumerate() {
                if finding.status.as_deref().is_some_and(|status| status != "ACTIVE") {
                    continue;
                }
                let Some(id) = finding.id.as_deref() else {
                    nameless.push(source.gap(MEMBER_MISSING, "a finding has no `id`"));
                    continue;
                };
                let missing = |member: &str| source.gap(MEMBER_MISSING, &format!("a finding has no `{member}`"));
                let name =
                    finding.resource.clone().map_or_else(|| Observed::Unknown(missing("resource")), Observed::Present);
                let facts = AnalyzerFinding {
                    name: Fact::new(name, source.origin("/findings/*/resource").element(index)),
                    id: Fact::present(id.to_owned(), source.origin("/findings/*/id").element(index)),
                };
                found.insert(id, facts);
            }
        }
        if is_whole {
            gaps.clear();
        } else if gaps.is_empty() {
            gaps.extend(self.findings.missing(region, analyzer).state.gap().cloned());
        }
        gaps.extend(nameless);
        Fact::derived(Observed::Present(List { items: found.into_values().collect(), gaps }))
    }
}

/// True when a request shows at least every active finding.
fn lists_active(request: &Request) -> bool {
    let only_status = |filter: &Value| {
        filter.as_object().is_some_and(|terms| {
            terms.iter().all(|(member, criterion)| {
                let wanted = criterion.get("eq").and_then(Value::as_array);
                member == "status" && wanted.is_some_and(|wanted| wanted.iter().any(|status| status == "ACTIVE"))
            })
        })
    };
    request.get("filter").is_none_or(only_status)
}

/// Whether an analyzer of unused access is active.
pub(super) fn analyzes_unused_access(analyzers: &Fact<List<AccessAnalyzer>>) -> Fact<bool> {
    match &analyzers.state {
        Observed::Present(list) => {
            let active = list
                .items
                .iter()
                .map(|analyzer| link::all([analyzer.finds_unused_access.clone(), analyzer.is_active.clone()], &[]));
            link::any(active, &list.gaps)
        }
        Observed::Absent => Fact::present(false, analyzers.origin),
        Observed::Unknown(gap) => Fact::unknown(gap.clone()),
    }
}
