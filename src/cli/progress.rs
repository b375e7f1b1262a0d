//! Where a live scan stands, on one line of a terminal: calls made of those known, and which services and Regions are asked.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::collect::Progress;
use crate::snapshot::{ApiError, Operation};

/// The line.
pub(super) struct Bar {
    line: ProgressBar,
    open: Mutex<Open>,
}

impl Bar {
    /// Shows the line.
    pub(super) fn new() -> Self {
        let line = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} calls  {wide_msg}") {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(100));
        Self { line, open: Mutex::default() }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.line.finish_and_clear();
    }

    fn change(&self, change: impl FnOnce(&mut Open)) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut open);
        self.line.set_message(open.words());
    }
}

impl Progress for Bar {
    fn started(&self, operation: Operation, region: &str) {
        self.line.inc_length(1);
        self.change(|open| open.add(operation.spec().service, region));
    }

    fn finished(&self, operation: Operation, region: &str, _: Option<&ApiError>) {
        self.line.inc(1);
        self.change(|open| open.take(operation.spec().service, region));
    }
}

/// Calls that are open, by service and Region.
#[derive(Default)]
struct Open(BTreeMap<&'static str, BTreeMap<String, usize>>);

impl Open {
    fn add(&mut self, service: &'static str, region: &str) {
        *self.0.entry(service).or_default().entry(region.to_owned()).or_default() += 1;
    }

    fn take(&mut self, service: &'static str, region: &str) {
        let Some(regions) = self.0.get_mut(service) else { return };
        if let Some(calls) = regions.get_mut(region) {
            *calls = calls.saturating_sub(1);
        }
        regions.retain(|_, calls| *calls > 0);
        if regions.is_empty() {
            self.0.remove(service);
        }
    }

    /// As in `iam us-east-1, ec2 in 12 Regions`: those that wait for the fewest Regions first, because they are nearly done.
    fn words(&self) -> String {
        let mut services: Vec<(&&str, &BTreeMap<String, usize>)> = self.0.iter().collect();
        services.sort_by_key(|(_, regions)| regions.len());
        let words = services.into_iter().map(|(service, regions)| match regions.keys().next() {
            Some(region) if regions.len() == 1 => format!("{service} {region}"),
            _ => format!("{service} in {} Regions", regions.len()),
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Open;

    #[test]
    fn the_line_says_which_services_are_asked_in_which_regions() {
        let mut open = Open::default();
        assert_eq!(open.words(), "");
        for region in ["eu-west-1", "us-east-1", "us-east-1"] {
            open.add("ec2", region);
        }
        open.add("iam", "us-east-1");
        assert_eq!(open.words(), "iam us-east-1, ec2 in 2 Regions");
        open.take("ec2", "us-east-1");
        assert_eq!(open.words(), "iam us-east-1, ec2 in 2 Regions");
        open.take("ec2", "us-east-1");
        assert_eq!(open.words(), "ec2 eu-west-1, iam us-east-1");
        open.take("iam", "us-east-1");
        open.take("ec2", "eu-west-1");
        open.take("ec2", "eu-west-1");
        assert_eq!(open.words(), "");
    }
}
