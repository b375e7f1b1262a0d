//! Faults on the wire: the program records for each exactly the error that the denial matrix assumes.

use std::collections::{BTreeMap, BTreeSet};

use posture::snapshot::{Operation, Outcome, Snapshot, SnapshotReader};
use serde_json::Value;

use crate::accounts::account;
use crate::faults::Fault;
use crate::program::{posture, run};
use crate::stub::account::answer;
use crate::stub::{Broken, Call, Reply, Stub, refusal};

fn saved() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/accounts/bootcamp-hardened.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the stub does to a call that shall go wrong.
fn reply(fault: Fault, call: &Call) -> Reply {
    let broken = match fault {
        Fault::AccessDenied | Fault::Throttled | Fault::ExpiredToken | Fault::RegionDisabled => {
            return refusal(fault.code(&call.service));
        }
        Fault::ServerError => Broken::ServerError,
        Fault::Timeout => Broken::Hang,
        Fault::Truncated => Broken::Truncated,
        Fault::Garbage => Broken::Garbage,
        Fault::WrongType => Broken::WrongType,
        Fault::Empty => Broken::Empty,
        // A service that a partition lacks has no host; a refused connection is the same to the program.
        Fault::Reset | Fault::NotInPartition => Broken::Reset,
    };
    Reply::Broken(broken)
}

/// Collects from an account in which these operations go wrong.
fn collect(fault: Fault, operations: &BTreeSet<Operation>, timeout: u64) -> Snapshot {
    let served = saved();
    let failing: BTreeSet<&str> = operations.iter().map(|operation| operation.label()).collect();
    let stub = Stub::serve(move |call| {
        let name = if call.operation == "GenerateCredentialReport" { "GetCredentialReport" } else { &call.operation };
        if failing.contains(format!("{}:{name}", call.service).as_str()) {
            reply(fault, call)
        } else {
            answer(&served, 1000, call)
        }
    });
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), &stub.url());
    command.args(["snapshot", "--allow-paid-calls", "-o"]).arg(&file).args(["--region", "us-east-1,eu-west-1"]);
    if fault == Fault::Timeout {
        command.arg("--timeout").arg(timeout.to_string());
    }
    let run = run(&mut command);
    assert_eq!(run.code, 0, "{fault:?}: {}", run.stderr);
    SnapshotReader::open(&file).unwrap().next().unwrap().unwrap()
}

/// Makes a fault happen to every operation that a live scan asks, those that others lead to in a later run, and
/// returns how many operations it happened to.
fn every_operation_records(fault: Fault) -> usize {
    let mut open: BTreeSet<Operation> = account("bootcamp-hardened")
        .observations()
        .iter()
        .map(|observation| observation.operation)
        .filter(|operation| *operation != Operation::StsGetCallerIdentity)
        .collect();
    let all = open.len();
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    let mut timeout = 8;
    while !open.is_empty() {
        let snapshot = collect(fault, &open, timeout);
        let asked: BTreeSet<Operation> =
            snapshot.observations().iter().map(|observation| observation.operation).collect();
        for observation in snapshot.observations().iter().filter(|observation| open.contains(&observation.operation)) {
            let expected = fault.code(observation.operation.spec().service);
            match &observation.outcome {
                Outcome::Failed(error) if error.code == expected && !error.message.is_empty() => {}
                other => drop(wrong.insert(observation.label(), format!("{fault:?} is not {expected} but {other:?}"))),
            }
        }
        let before = open.len();
        open.retain(|operation| !asked.contains(operation));
        if open.len() == before {
            // On a busy machine the time was up before the calls that lead to these were answered.
            timeout *= 2;
            assert!(fault == Fault::Timeout && timeout < 120, "{fault:?}: nobody asks {open:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    all
}

#[test]
fn what_goes_wrong_on_the_wire_is_recorded_as_the_matrix_assumes() {
    let tried: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            Fault::ALL.into_iter().map(|fault| scope.spawn(move || every_operation_records(fault))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(tried.iter().all(|operations| *operations >= 30), "{tried:?}");
}

#[test]
fn hosts_that_do_not_exist_are_recorded_as_the_matrix_assumes() {
    let served = saved();
    let stub = Stub::serve(move |call| answer(&served, 1000, call));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("snapshot.json");
    let mut command = posture(home.path(), "https://no-such-host.invalid");
    command.env("AWS_ENDPOINT_URL_STS", stub.url()).args(["snapshot", "--region", "us-east-1", "-o"]).arg(&file);
    let run = run(&mut command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let snapshot = SnapshotReader::open(&file).unwrap().next().unwrap().unwrap();
    for observation in snapshot.observations().iter().filter(|one| one.operation.spec().service != "sts") {
        let Outcome::Failed(error) = &observation.outcome else { panic!("{} was answered", observation.label()) };
        let service = observation.operation.spec().service;
        // A resolver that is asked for a hundred names at once may need longer than a connection is waited for.
        let expected = [Fault::NotInPartition.code(service), Fault::Timeout.code(service)];
        assert!(expected.contains(&error.code.as_str()), "{}: {error:?}", observation.label());
    }
}
