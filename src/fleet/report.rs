//! What a fleet comes to: one report by account, organizational unit, rule and owner, and what changed, instead of one
//! report an account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Step;
use crate::diff::{Change, RuleChanges};
use crate::finding::{Severity, Status};

/// The `format` of a fleet report.
pub const FORMAT: &str = "posture-fleet/1";

/// Many accounts judged by one set of rules.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "posture-fleet", deny_unknown_fields)]
pub struct FleetReport {
    /// The version of this format, `posture-fleet/1`.
    pub format: &'static str,
    /// Version of the program that judged.
    pub posture: &'static str,
    /// When the oldest of the snapshots was collected, in ISO 8601; null without one.
    pub collected_from: Option<String>,
    /// When the newest of the snapshots was collected, in ISO 8601; null without one.
    pub collected_to: Option<String>,
    /// How many accounts there are, and how far they were judged.
    pub totals: Totals,
    /// The accounts, by id: those that were judged and those that were not.
    pub accounts: Vec<AccountLine>,
    /// The organizational units by path; empty when nobody told them.
    pub units: Vec<UnitLine>,
    /// The owners by name; empty when nobody told them.
    pub owners: Vec<OwnerLine>,
    /// The rules that ran, by severity and id.
    pub rules: Vec<RuleLine>,
    /// Accounts without a snapshot or with one that is not whole, and why.
    pub failed: Vec<FailedLine>,
    /// Accounts that nobody can enter, as suspended ones.
    pub inactive: Vec<InactiveLine>,
    /// What changed since the former run; null when none was given.
    pub changes: Option<FleetChanges>,
    /// What to know about the report, in words.
    pub notes: Vec<String>,
}

/// How many accounts there are, and how far they were judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_totals", deny_unknown_fields)]
pub struct Totals {
    /// Accounts that were to be judged.
    pub accounts: usize,
    /// Those of them that were judged, whole or not.
    pub judged: usize,
    /// Judged accounts of which some calls were cut off or throttled to the end.
    pub incomplete: usize,
    /// Accounts without a snapshot: nothing is known of them.
    pub not_reached: usize,
    /// Accounts that nobody can enter.
    pub inactive: usize,
    /// Judged accounts in which something fails.
    pub failing: usize,
}

/// What a group of accounts comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "tally", deny_unknown_fields)]
pub struct Tally {
    /// Failing results by severity, suppressed ones left out.
    pub failing_by_severity: BTreeMap<Severity, usize>,
    /// Failing results that a suppression mutes.
    pub suppressed: usize,
    /// Results that could not be judged.
    pub unknown: usize,
    /// Results that pass.
    pub passing: usize,
    /// Findings that are worse or new since the former run; 0 without one.
    pub new: usize,
    /// Findings that are shown to be mended or gone since the former run; 0 without one.
    pub closed: usize,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_account", deny_unknown_fields)]
pub struct AccountLine {
    /// The twelve digits.
    pub account: String,
    /// Its name; null when nobody told.
    pub name: Option<String>,
    /// The organizational units that it lies in, from the root down; null when nobody told.
    pub unit: Option<Vec<String>>,
    /// Its owner; null when it has none or nobody told.
    pub owner: Option<String>,
    /// `fail` when something fails, else `unknown` when something could not be judged or nothing is known, else `pass`.
    pub status: Status,
    /// Whether it was judged at all.
    pub judged: bool,
    /// When its snapshot was collected, in ISO 8601; null without one.
    pub collected_at: Option<String>,
    /// What it comes to.
    pub results: Tally,
}

/// One organizational unit, without those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_unit", deny_unknown_fields)]
pub struct UnitLine {
    /// The path from the root down; null for accounts of which nobody told it.
    pub unit: Option<Vec<String>>,
    /// What its accounts come to.
    pub group: Group,
}

/// One owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_owner", deny_unknown_fields)]
pub struct OwnerLine {
    /// The tag's value; null for accounts without the tag, and those of which nobody told it.
    pub owner: Option<String>,
    /// What the owner's accounts come to.
    pub group: Group,
}

/// Some accounts taken together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_group", deny_unknown_fields)]
pub struct Group {
    /// How many accounts there are.
    pub accounts: usize,
    /// Those of them in which something fails.
    pub failing: usize,
    /// Those of them without a snapshot.
    pub not_reached: usize,
    /// What they come to.
    pub results: Tally,
}

/// One rule over all accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_rule", deny_unknown_fields)]
pub struct RuleLine {
    /// The rule's id.
    pub rule: String,
    /// What is expected, in one sentence.
    pub title: String,
    /// How bad a failure is.
    pub severity: Severity,
    /// Accounts by the rule's worst verdict in them. Accounts that were not reached count as `unknown`.
    pub accounts: BTreeMap<Status, usize>,
    /// Failing results over all accounts, suppressed ones left out.
    pub failing: usize,
}

/// An account that has no snapshot, or one that is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_failure", deny_unknown_fields)]
pub struct FailedLine {
    /// The twelve digits.
    pub account: String,
    /// Its name; null when nobody told.
    pub name: Option<String>,
    /// Where it failed.
    pub step: Step,
    /// The error's code.
    pub code: String,
    /// What was said.
    pub message: String,
}

/// An account that nobody can enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_inactive", deny_unknown_fields)]
pub struct InactiveLine {
    /// The twelve digits.
    pub account: String,
    /// Its name; null when nobody told.
    pub name: Option<String>,
    /// Why, as in `SUSPENDED`.
    pub state: String,
}

/// What changed since a former run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "fleet_changes", deny_unknown_fields)]
pub struct FleetChanges {
    /// The former run, as it was named.
    pub since: String,
    /// Totals over all changes.
    pub summary: crate::diff::Summary,
    /// Rules with a change, by id, with the number of their changes by class.
    pub rules: Vec<RuleChanges>,
    /// The changes: worst class first, then severity, rule and resource.
    pub changes: Vec<Change>,
    /// Changes that are counted above and not listed, as there are too many.
    pub left_out: usize,
    /// Accounts of which the former run tells nothing.
    pub accounts_new: Vec<String>,
    /// Accounts that the former run tells of and this one does not.
    pub accounts_gone: Vec<String>,
    /// Accounts that were judged then and could not be reached now: what was open there stays open.
    pub accounts_lost: Vec<String>,
}

impl Tally {
    /// Failing results, suppressed ones left out.
    pub fn failing(&self) -> usize {
        self.failing_by_severity.values().sum()
    }

    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        for (severity, count) in &other.failing_by_severity {
            *self.failing_by_severity.entry(*severity).or_default() += count;
        }
        self.suppressed += other.suppressed;
        self.unknown += other.unknown;
        self.passing += other.passing;
        self.new += other.new;
        self.closed += other.closed;
    }
}

impl Group {
    /// Counts an account in.
    pub fn add(&mut self, line: &AccountLine) {
        self.accounts += 1;
        self.failing += usize::from(line.judged && line.status == Status::Fail);
        self.not_reached += usize::from(!line.judged);
        self.results.add(&line.results);
    }
}
