//! From the accounts' reports, one after the other in any order, to the fleet's: only a few numbers of each are kept.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{
    AccountLine, FORMAT, FailedLine, FleetChanges, FleetReport, Group, InactiveLine, OwnerLine, RuleLine, Tally,
    Totals, UnitLine,
};
use super::{Failure, Roster};
use crate::diff::{self, Change, Class, Diff, Side, Summary};
use crate::finding::{Severity, Status};
use crate::report::Report;
use crate::snapshot::Time;

/// Changes that are listed; the rest is counted.
const LISTED_CHANGES: usize = 10_000;

/// What is kept of an account's report.
#[derive(Debug)]
pub struct AccountTally {
    account: String,
    collected_at: Time,
    status: Status,
    results: Tally,
    rules: Vec<(RuleKey, Status, usize)>,
    incomplete: Option<Failure>,
    changes: Option<Diff>,
    is_new: bool,
}

/// What an account is compared with.
#[derive(Debug)]
pub enum Compared {
    /// Nothing: no former run was named.
    WithNothing,
    /// The former run tells nothing of the account.
    New,
    /// The account as it was in the former run.
    With(Box<Side>),
}

type RuleKey = (std::cmp::Reverse<Severity>, String);

impl AccountTally {
    /// Takes what a fleet's report needs of an account's, and of what it was in the former run, if one is compared with.
    pub fn new(report: &Report, incomplete: Option<Failure>, former: &Compared) -> Self {
        let changes = match former {
            Compared::With(side) => Some(diff::compare(std::slice::from_ref(&**side), &[Side::from(report)])),
            Compared::WithNothing | Compared::New => None,
        };
        let of = |class: Class| changes.as_ref().map_or(0, |diff| diff.summary.of(class));
        let results = Tally {
            failing_by_severity: report.summary.failing_by_severity.clone(),
            suppressed: report.summary.suppressed,
            unknown: report.summary.results.unknown,
            passing: report.summary.results.pass,
            new: of(Class::Worse) + of(Class::New),
            closed: of(Class::Better) + of(Class::Gone),
        };
        let status = if results.failing() > 0 {
            Status::Fail
        } else if results.unknown > 0 || incomplete.is_some() {
            Status::Unknown
        } else {
            Status::Pass
        };
        Self {
            account: report.account.clone(),
            collected_at: report.collected_at,
            status,
            results,
            rules: rules(report),
            incomplete,
            changes,
            // Everything in an account that was not there before is new: that the account is, is said once.
            is_new: matches!(former, Compared::New),
        }
    }
}

fn rules(report: &Report) -> Vec<(RuleKey, Status, usize)> {
    let mut failing: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in report.findings() {
        if finding.status == Status::Fail && finding.suppressed.is_none() {
            *failing.entry(&finding.rule).or_default() += 1;
        }
    }
    let line = |rule: &crate::report::RuleRun| {
        let count = failing.get(rule.id.as_str()).copied().unwrap_or_default();
        ((std::cmp::Reverse(rule.severity), rule.id.clone()), rule.status, count)
    };
    report.rules_run.iter().map(line).collect()
}

/// Gathers a fleet's report.
#[derive(Debug)]
pub struct Gathering {
    roster: Option<Roster>,
    titles: BTreeMap<String, String>,
    accounts: BTreeMap<String, (Time, Status, Tally)>,
    rules: BTreeMap<RuleKey, (BTreeMap<Status, usize>, usize)>,
    failed: BTreeMap<String, Failure>,
    incomplete: usize,
    since: Option<Since>,
}

#[derive(Debug)]
struct Since {
    name: String,
    summary: Summary,
    rules: BTreeMap<String, diff::RuleChanges>,
    changes: Vec<Change>,
    left_out: usize,
    new: BTreeSet<String>,
    lost: BTreeSet<String>,
    former: BTreeSet<String>,
}

impl Gathering {
    /// Begins a report. `titles` names the rules; `since` names the former run and its accounts.
    pub fn new(
        roster: Option<Roster>,
        titles: BTreeMap<String, String>,
        since: Option<(String, BTreeSet<String>)>,
    ) -> Self {
        let since = since.map(|(name, former)| Since {
            name,
            summary: Summary::default(),
            rules: BTreeMap::new(),
            changes: Vec::new(),
            left_out: 0,
            new: BTreeSet::new(),
            lost: BTreeSet::new(),
            former,
        });
        Self {
            roster,
            titles,
            accounts: BTreeMap::new(),
            rules: BTreeMap::new(),
            failed: BTreeMap::new(),
            incomplete: 0,
            since,
        }
    }

    /// Adds an account; the error names one that was added before.
    pub fn add(&mut self, tally: AccountTally) -> Result<(), String> {
        if self.accounts.contains_key(&tally.account) {
            return Err(tally.account);
        }
        for (key, status, failing) in tally.rules {
            let (statuses, results) = self.rules.entry(key).or_default();
            *statuses.entry(status).or_default() += 1;
            *results += failing;
        }
        if let Some(failure) = tally.incomplete {
            self.incomplete += 1;
            self.failed.insert(tally.account.clone(), failure);
        } else {
            self.failed.remove(&tally.account);
        }
        if let Some(since) = &mut self.since {
            if tally.is_new {
                since.new.insert(tally.account.clone());
            }
            if let Some(diff) = tally.changes {
                since.add(diff);
            }
        }
        self.accounts.insert(tally.account, (tally.collected_at, tally.status, tally.results));
        Ok(())
    }

    /// Adds an account that could not be judged. `former` is what the former run knew of it.
    pub fn fail(&mut self, failure: Failure, former: Option<&Side>) {
        if self.accounts.contains_key(&failure.account) {
            return;
        }
        if let (Some(since), Some(side)) = (&mut self.since, former) {
            // What was open stays open; that the account is lost says it once instead of for each finding.
            let diff = diff::compare(std::slice::from_ref(side), &[]);
            since.summary.became_unknown += diff.summary.became_unknown;
            since.lost.insert(failure.account.clone());
        }
        self.failed.insert(failure.account.clone(), failure);
    }

    /// Active accounts of the roster of which nothing was added.
    pub fn missing(&self) -> Vec<String> {
        let members = self.roster.iter().flat_map(|roster| &roster.accounts);
        let is_missing = |id: &String| !self.accounts.contains_key(id) && !self.failed.contains_key(id);
        members.filter(|member| member.is_active()).map(|member| member.id.clone()).filter(is_missing).collect()
    }

    /// The finished report.
    pub fn finish(self) -> FleetReport {
        let lines = self.lines();
        let not_reached = lines.iter().filter(|line| !line.judged).count();
        let inactive = self.inactive();
        let times = || self.accounts.values().map(|(time, ..)| *time);
        FleetReport {
            format: FORMAT,
            posture: env!("CARGO_PKG_VERSION"),
            collected_from: times().min().map(|time| time.to_string()),
            collected_to: times().max().map(|time| time.to_string()),
            totals: Totals {
                accounts: lines.len(),
                judged: lines.len() - not_reached,
                incomplete: self.incomplete,
                not_reached,
                inactive: inactive.len(),
                failing: lines.iter().filter(|line| line.judged && line.status == Status::Fail).count(),
            },
            units: units(&lines),
            owners: owners(&lines),
            rules: self.rule_lines(not_reached),
            failed: self.failed_lines(),
            inactive,
            notes: self.notes(),
            changes: self.since.map(|since| since.finish(&lines)),
            accounts: lines,
        }
    }

    fn name(&self, account: &str) -> Option<String> {
        self.roster.as_ref()?.find(account)?.name.clone()
    }

    fn lines(&self) -> Vec<AccountLine> {
        let ids: BTreeSet<&String> = self.accounts.keys().chain(self.failed.keys()).collect();
        let line = |id: &String| {
            let member = self.roster.as_ref().and_then(|roster| roster.find(id));
            let judged = self.accounts.get(id);
            AccountLine {
                account: id.clone(),
                name: member.and_then(|member| member.name.clone()),
                unit: member.and_then(|member| member.unit.clone()),
                owner: member.and_then(|member| member.owner.clone()?.0),
                status: judged.map_or(Status::Unknown, |(_, status, _)| *status),
                judged: judged.is_some(),
                collected_at: judged.map(|(time, ..)| time.to_string()),
                results: judged.map_or_else(Tally::default, |(.., results)| results.clone()),
            }
        };
        ids.into_iter().map(line).collect()
    }

    /// A rule says nothing about an account that was not reached, and that is not a pass.
    fn rule_lines(&self, not_reached: usize) -> Vec<RuleLine> {
        let line = |((severity, rule), (statuses, failing)): (&RuleKey, &(BTreeMap<Status, usize>, usize))| {
            let mut accounts = statuses.clone();
            if not_reached > 0 {
                *accounts.entry(Status::Unknown).or_default() += not_reached;
            }
            RuleLine {
                rule: rule.clone(),
                title: self.titles.get(rule).cloned().unwrap_or_else(|| rule.clone()),
                severity: severity.0,
                accounts,
                failing: *failing,
            }
        };
        self.rules.iter().map(line).collect()
    }

    fn failed_lines(&self) -> Vec<FailedLine> {
        let line = |failure: &Failure| FailedLine {
            account: failure.account.clone(),
            name: self.name(&failure.account),
            step: failure.step,
            code: failure.code.clone(),
            message: failure.message.clone(),
        };
        self.failed.values().map(line).collect()
    }

    fn inactive(&self) -> Vec<InactiveLine> {
        let Some(roster) = &self.roster else { return Vec::new() };
        let line = |(state, members): (&str, Vec<&super::Member>)| {
            let line = |member: &&super::Member| InactiveLine {
                account: member.id.clone(),
                name: member.name.clone(),
                state: state.to_owned(),
            };
            members.iter().map(line).collect::<Vec<_>>()
        };
        let mut lines: Vec<InactiveLine> = roster.inactive().into_iter().flat_map(line).collect();
        lines.sort_by(|one, two| one.account.cmp(&two.account));
        lines
    }

    fn notes(&self) -> Vec<String> {
        let Some(roster) = &self.roster else { return Vec::new() };
        let mut notes = Vec::new();
        let mut gaps: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for gap in &roster.gaps {
            *gaps.entry((&gap.operation, &gap.code)).or_default() += 1;
        }
        for ((operation, code), count) in gaps {
            let times = if count == 1 { String::new() } else { format!(" {count} times") };
            notes.push(format!("{operation} was not answered{times}: {code}; what it tells of accounts is not known"));
        }
        let strangers: Vec<&str> =
            self.accounts.keys().map(String::as_str).filter(|id| roster.find(id).is_none()).collect();
        if !strangers.is_empty() {
            notes.push(format!("judged, and not in the list of accounts: {}", strangers.join(", ")));
        }
        notes
    }
}

fn units(lines: &[AccountLine]) -> Vec<UnitLine> {
    if lines.iter().all(|line| line.unit.is_none()) {
        return Vec::new();
    }
    let groups = grouped(lines, |line| line.unit.clone());
    groups.into_iter().map(|(unit, group)| UnitLine { unit, group }).collect()
}

fn owners(lines: &[AccountLine]) -> Vec<OwnerLine> {
    if lines.iter().all(|line| line.owner.is_none()) {
        return Vec::new();
    }
    let groups = grouped(lines, |line| line.owner.clone());
    groups.into_iter().map(|(owner, group)| OwnerLine { owner, group }).collect()
}

fn grouped<K: Ord>(lines: &[AccountLine], key: impl Fn(&AccountLine) -> Option<K>) -> Vec<(Option<K>, Group)> {
    let mut groups: BTreeMap<(bool, Option<K>), Group> = BTreeMap::new();
    for line in lines {
        let key = key(line);
        // Those of which nobody told stand last.
        groups.entry((key.is_none(), key)).or_default().add(line);
    }
    groups.into_iter().map(|((_, key), group)| (key, group)).collect()
}

impl Since {
    fn add(&mut self, diff: Diff) {
        let (all, one) = (&mut self.summary, &diff.summary);
        all.worse += one.worse;
        all.new += one.new;
        all.became_unknown += one.became_unknown;
        all.gone += one.gone;
        all.better += one.better;
        all.still_failing += one.still_failing;
        for rule in diff.rules {
            let entry = self.rules.entry(rule.rule.clone());
            let entry = entry.or_insert_with(|| diff::RuleChanges { changes: BTreeMap::new(), ..rule.clone() });
            for (class, count) in rule.changes {
                *entry.changes.entry(class).or_default() += count;
            }
        }
        self.changes.extend(diff.changes);
        if self.changes.len() > 2 * LISTED_CHANGES {
            self.cut();
        }
    }

    /// Keeps the worst changes, in the order of a difference.
    fn cut(&mut self) {
        self.changes.sort_by(|one, two| diff::order(one).cmp(&diff::order(two)));
        self.left_out += self.changes.len().saturating_sub(LISTED_CHANGES);
        self.changes.truncate(LISTED_CHANGES);
    }

    fn finish(mut self, lines: &[AccountLine]) -> FleetChanges {
        self.cut();
        let now: BTreeSet<&str> = lines.iter().map(|line| line.account.as_str()).collect();
        FleetChanges {
            since: self.name,
            summary: self.summary,
            rules: self.rules.into_values().collect(),
            changes: self.changes,
            left_out: self.left_out,
            accounts_new: self.new.into_iter().collect(),
            accounts_gone: self.former.into_iter().filter(|id| !now.contains(id.as_str())).collect(),
            accounts_lost: self.lost.into_iter().collect(),
        }
    }
}
