//! What changed between two scans: better, worse, new, gone, became unknown; rule by rule and resource by resource.
//!
//! The one law: an open finding closes on evidence alone. A finding that the newer scan could not judge again (its call
//! was denied, its rule not run, its Region or account left out) is not mended and not gone: it became unknown.

mod render;
mod side;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Severity, Status};

pub use render::{json, markdown, schema, table};
pub use side::{Key, Side, Verdict};

/// The `format` of a difference.
pub const FORMAT: &str = "posture-diff/1";

/// How a verdict changed. Ordered by what a reader must see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Fails now, and did not before.
    Worse,
    /// Fails now, and was not there before.
    New,
    /// Could not be judged now; an open finding stays open.
    BecameUnknown,
    /// Failed or was unknown before, and the evidence shows that the resource is no longer there.
    Gone,
    /// Failed or was unknown before, and the evidence shows that it no longer does.
    Better,
}

impl Class {
    /// Every class, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Worse, Self::New, Self::BecameUnknown, Self::Gone, Self::Better];

    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::New => "new",
            Self::BecameUnknown => "became_unknown",
            Self::Gone => "gone",
            Self::Better => "better",
        }
    }
}

/// The difference of two scans.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "posture-diff", deny_unknown_fields)]
pub struct Diff {
    /// The version of this format, `posture-diff/1`.
    pub format: &'static str,
    /// The accounts of the older scan.
    pub old: Vec<Scanned>,
    /// The accounts of the newer scan.
    pub new: Vec<Scanned>,
    /// Totals over all changes.
    pub summary: Summary,
    /// Rules with a change, by id, with the number of their changes by class.
    pub rules: Vec<RuleChanges>,
    /// Every change: worst class first, then severity, rule and resource.
    pub changes: Vec<Change>,
    /// What makes the two scans hard to compare, in words.
    pub notes: Vec<String>,
}

/// One account of one scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "scanned", deny_unknown_fields)]
pub struct Scanned {
    /// The twelve digits of the account.
    pub account: String,
    /// When its snapshot was collected, in ISO 8601.
    pub collected_at: String,
    /// Version of the program that judged.
    pub posture: String,
}

/// Totals of a difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "summary", deny_unknown_fields)]
pub struct Summary {
    /// Verdicts that fail now and did not before.
    pub worse: usize,
    /// Failing verdicts on what was not there before.
    pub new: usize,
    /// Verdicts that could not be given again, or at all.
    pub became_unknown: usize,
    /// Findings whose resource is shown to be gone.
    pub gone: usize,
    /// Findings that are shown to be mended.
    pub better: usize,
    /// Findings that failed before and fail now.
    pub still_failing: usize,
}

impl Summary {
    /// The number of changes of a class.
    pub fn of(&self, class: Class) -> usize {
        match class {
            Class::Worse => self.worse,
            Class::New => self.new,
            Class::BecameUnknown => self.became_unknown,
            Class::Gone => self.gone,
            Class::Better => self.better,
        }
    }

    fn add(&mut self, class: Class) {
        *match class {
            Class::Worse => &mut self.worse,
            Class::New => &mut self.new,
            Class::BecameUnknown => &mut self.became_unknown,
            Class::Gone => &mut self.gone,
            Class::Better => &mut self.better,
        } += 1;
    }
}

/// A rule's changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "rule", deny_unknown_fields)]
pub struct RuleChanges {
    /// The rule's id.
    pub rule: String,
    /// The rule's severity.
    pub severity: Severity,
    /// The number of changes by class; classes without one are left out.
    pub changes: BTreeMap<Class, usize>,
}

/// One verdict that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "change", deny_unknown_fields)]
pub struct Change {
    /// How it changed.
    pub class: Class,
    /// The rule's severity.
    pub severity: Severity,
    /// The rule's id.
    pub rule: String,
    /// The account.
    pub account: String,
    /// The ARN, or a documented stand-in.
    pub resource: String,
    /// The kind of resource.
    pub kind: String,
    /// The Region, for things that live in one.
    pub region: Option<String>,
    /// The former verdict; null when there was none.
    pub before: Option<Status>,
    /// The verdict now; null when there is none.
    pub after: Option<Status>,
    /// What is known now, in one line. Holds names as AWS returned them: escape it for where it is shown.
    pub message: String,
    /// True when a suppression mutes the finding now.
    pub suppressed: bool,
    /// Identity of the finding over runs and machines.
    pub fingerprint: String,
}

/// Compares two scans, each with one entry per account.
pub fn compare(old: &[Side], new: &[Side]) -> Diff {
    let former = by_account(old);
    let latter = by_account(new);
    let mut summary = Summary::default();
    let mut changes = Vec::new();
    let mut notes = Vec::new();
    let accounts: BTreeSet<&str> = former.keys().chain(latter.keys()).copied().collect();
    for account in accounts {
        let pair = Pair { account, old: former.get(account).copied(), new: latter.get(account).copied() };
        pair.changes(&mut changes, &mut summary);
        pair.notes(&mut notes);
    }
    changes.sort_by(|one, two| order(one).cmp(&order(two)));
    Diff {
        format: FORMAT,
        old: old.iter().map(Side::scanned).collect(),
        new: new.iter().map(Side::scanned).collect(),
        summary,
        rules: by_rule(&changes),
        changes,
        notes,
    }
}

fn by_account(sides: &[Side]) -> BTreeMap<&str, &Side> {
    sides.iter().map(|side| (side.account.as_str(), side)).collect()
}

pub(crate) type Order<'a> = (Class, std::cmp::Reverse<Severity>, &'a str, &'a str, &'a str, Option<&'a str>, &'a str);

pub(crate) fn order(change: &Change) -> Order<'_> {
    (
        change.class,
        std::cmp::Reverse(change.severity),
        &change.rule,
        &change.account,
        &change.resource,
        change.region.as_deref(),
        &change.kind,
    )
}

fn by_rule(changes: &[Change]) -> Vec<RuleChanges> {
    let mut rules: BTreeMap<&str, RuleChanges> = BTreeMap::new();
    for change in changes {
        let entry = rules.entry(&change.rule).or_insert_with(|| RuleChanges {
            rule: change.rule.clone(),
            severity: change.severity,
            changes: BTreeMap::new(),
        });
        *entry.changes.entry(change.class).or_default() += 1;
    }
    rules.into_values().collect()
}

/// One account in both scans, or in one of them.
struct Pair<'a> {
    account: &'a str,
    old: Option<&'a Side>,
    new: Option<&'a Side>,
}

impl Pair<'_> {
    fn changes(&self, changes: &mut Vec<Change>, summary: &mut Summary) {
        let keys: BTreeSet<&Key> = [self.old, self.new].into_iter().flatten().flat_map(|s| s.verdicts.keys()).collect();
        for key in keys {
            let before = self.old.and_then(|side| side.verdicts.get(key));
            let after = self.new.and_then(|side| side.verdicts.get(key));
            let statuses = (before.map(|verdict| verdict.status), after.map(|verdict| verdict.status));
            if statuses == (Some(Status::Fail), Some(Status::Fail)) {
                summary.still_failing += 1;
            }
            let absence = if after.is_none() { self.absence(key) } else { Absence::Shown };
            if let Some(class) = class(statuses.0, statuses.1, &absence, self.is_stand_in(key)) {
                summary.add(class);
                changes.extend(self.change(class, key, before, after, absence));
            }
        }
    }

    fn change(
        &self,
        class: Class,
        key: &Key,
        before: Option<&Verdict>,
        after: Option<&Verdict>,
        absence: Absence,
    ) -> Option<Change> {
        let shown = after.or(before)?;
        let message = match (after, absence) {
            (Some(verdict), _) => verdict.message.clone(),
            (None, Absence::NotShown(reason)) => format!("not judged again: {reason}"),
            (None, Absence::Shown) if self.is_stand_in(key) => "all of them are known now".to_owned(),
            (None, Absence::Shown) => "no longer in the account".to_owned(),
        };
        Some(Change {
            class,
            severity: shown.severity,
            rule: key.rule.clone(),
            account: self.account.to_owned(),
            resource: key.resource.clone(),
            kind: key.kind.clone(),
            region: key.region.clone(),
            before: before.map(|verdict| verdict.status),
            after: after.map(|verdict| verdict.status),
            message,
            suppressed: after.is_some_and(|verdict| verdict.suppressed),
            fingerprint: shown.fingerprint.clone(),
        })
    }

    /// Whether the newer scan shows that a resource is not there.
    fn absence(&self, key: &Key) -> Absence {
        let Some(new) = self.new else {
            return Absence::NotShown(format!("account {} was not scanned", self.account));
        };
        if !new.rules.contains(&key.rule) {
            return Absence::NotShown(format!("rule `{}` was not run", key.rule));
        }
        if let Some(region) = key.place()
            && !new.regions.contains(region)
            && self.old.is_some_and(|old| old.regions.contains(region))
        {
            return Absence::NotShown(format!("Region `{region}` was not scanned"));
        }
        let stand_in = Key { resource: new.stand_in(), region: None, ..key.clone() };
        match new.verdicts.get(&stand_in) {
            Some(verdict) if verdict.status == Status::Unknown => Absence::NotShown(verdict.message.clone()),
            _ => Absence::Shown,
        }
    }

    /// A verdict on the account in place of resources that could not be listed, or of which there are none.
    fn is_stand_in(&self, key: &Key) -> bool {
        let side = self.new.or(self.old);
        key.kind != "account" && side.is_some_and(|side| side.stand_in() == key.resource)
    }

    fn notes(&self, notes: &mut Vec<String>) {
        let account = self.account;
        let (old, new) = match (self.old, self.new) {
            (Some(old), Some(new)) => (old, new),
            (Some(_), None) => return notes.push(format!("account {account} is in the older scan alone")),
            _ => return notes.push(format!("account {account} is in the newer scan alone")),
        };
        if new.collected_at < old.collected_at {
            notes.push(format!(
                "account {account}: the newer scan was collected before the older one; are they the wrong way round?"
            ));
        }
        if new.posture != old.posture {
            notes.push(format!(
                "account {account}: judged by posture {} and by {}: rules may have changed in between",
                old.posture, new.posture
            ));
        }
        let left_out = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            one.difference(other).map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        for (what, names) in [
            ("rules not run again", left_out(&old.rules, &new.rules)),
            ("rules not run before", left_out(&new.rules, &old.rules)),
            ("Regions not scanned again", left_out(&old.regions, &new.regions)),
            ("Regions not scanned before", left_out(&new.regions, &old.regions)),
        ] {
            if !names.is_empty() {
                notes.push(format!("account {account}: {what}: {names}"));
            }
        }
    }
}

/// What a missing verdict means.
enum Absence {
    /// The resource is not there: its kind was listed in full, and it was not among them.
    Shown,
    /// Nobody looked, for this reason.
    NotShown(String),
}

/// How a verdict changed; none when nothing that matters did.
fn class(before: Option<Status>, after: Option<Status>, absence: &Absence, is_stand_in: bool) -> Option<Class> {
    use Status::{Fail, NotApplicable, Pass, Unknown};
    match (before, after) {
        (Some(before), Some(after)) if before == after => None,
        (Some(_), Some(Fail)) => Some(Class::Worse),
        (None, Some(Fail)) => Some(Class::New),
        (_, Some(Unknown)) => Some(Class::BecameUnknown),
        (Some(Fail | Unknown), Some(Pass | NotApplicable)) => Some(Class::Better),
        (Some(Unknown), None) if is_stand_in && matches!(absence, Absence::Shown) => Some(Class::Better),
        (Some(Fail | Unknown), None) if matches!(absence, Absence::Shown) => Some(Class::Gone),
        (Some(Fail), None) => Some(Class::BecameUnknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Absence, Class, class};
    use crate::finding::Status::{self, Fail, NotApplicable, Pass, Unknown};

    const ALL: [Option<Status>; 5] = [None, Some(Fail), Some(Unknown), Some(Pass), Some(NotApplicable)];

    #[test]
    fn an_open_finding_is_never_mended_or_gone_without_evidence() {
        let nobody_looked = || Absence::NotShown("nobody looked".to_owned());
        assert_eq!(class(Some(Fail), None, &nobody_looked(), false), Some(Class::BecameUnknown));
        assert_eq!(class(Some(Fail), Some(Unknown), &Absence::Shown, false), Some(Class::BecameUnknown));
        for before in ALL {
            let class = class(before, None, &nobody_looked(), false);
            assert!(!matches!(class, Some(Class::Better | Class::Gone)), "{before:?}");
        }
    }

    #[test]
    fn whatever_newly_fails_is_worse_or_new() {
        for before in ALL {
            let expected = match before {
                Some(Fail) => None,
                Some(_) => Some(Class::Worse),
                None => Some(Class::New),
            };
            assert_eq!(class(before, Some(Fail), &Absence::Shown, false), expected, "{before:?}");
        }
    }

    #[test]
    fn a_finding_closes_when_a_verdict_or_a_full_list_shows_it() {
        assert_eq!(class(Some(Fail), Some(Pass), &Absence::Shown, false), Some(Class::Better));
        assert_eq!(class(Some(Fail), Some(NotApplicable), &Absence::Shown, false), Some(Class::Better));
        assert_eq!(class(Some(Fail), None, &Absence::Shown, false), Some(Class::Gone));
        assert_eq!(class(Some(Unknown), None, &Absence::Shown, true), Some(Class::Better));
        assert_eq!(class(Some(Pass), None, &Absence::Shown, false), None);
    }
}
