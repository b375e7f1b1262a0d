//! What a live scan costs as accounts grow: calls follow pages of users and the number of Regions, and nothing else.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::program::{posture, run};
use crate::stub::account::answers;
use crate::stub::{Call, Stub, regions};

/// Users of one page.
const PAGE: usize = 1000;

/// The calls of a scan of the hardened account with these Regions and as many users more.
fn calls(regions: &[&str], users: usize) -> Vec<Call> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/bootcamp-hardened.json");
    let hardened: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let account = regions::account(&hardened, regions, users, usize::MAX);
    let stub = Stub::replay(Duration::ZERO, answers(account, PAGE));
    let home = tempfile::tempdir().unwrap();
    let mut command = posture(home.path(), &stub.url());
    command.args(["snapshot", "-o", "-"]).args(regions.iter().flat_map(|region| ["--region", region]));
    let run = run(&mut command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let snapshot: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(snapshot["regions"].as_array().unwrap().len(), regions.len());
    stub.calls()
}

#[test]
fn calls_grow_by_a_page_for_each_thousand_users_and_by_a_constant_for_each_region() {
    let some = ["us-east-1", "eu-west-1"];
    let few = calls(&some, 0).len();
    assert_eq!(calls(&some, 2 * PAGE).len(), few + 2, "two pages of users more");
    let more: Vec<&str> = some.into_iter().chain(["eu-west-2", "us-west-1"]).collect();
    let most: Vec<&str> = more.iter().copied().chain(["ca-central-1", "sa-east-1", "eu-north-1"]).collect();
    let (more, most) = (calls(&more, 0), calls(&most, 0));
    assert_eq!((more.len() - few) % 2, 0);
    let each = (more.len() - few) / 2;
    assert!((30..60).contains(&each), "{each} calls a Region");
    assert_eq!(most.len() - more.len(), 3 * each, "each Region costs as much as the one before");
}
