//! What `posture fix --format terraform` prints, read by a parser of the language and held against the AWS provider's schema.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::python;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/schemas/terraform-aws.json");

fn configuration(account: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts");
    let mut command = Command::new(env!("CARGO_BIN_EXE_posture"));
    command.env_clear().args(["fix", "--format", "terraform", "--set", "email=ops@example.com", "--snapshot"]);
    let output = command.arg(folder.join(format!("{account}.json"))).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_resource_has_the_arguments_that_the_provider_takes_and_refers_to_what_is_made() {
    let configurations = serde_json::to_string(&["bootcamp", "menagerie"].map(configuration)).unwrap();
    let program = include_str!("terraform.py");
    let seen = python::run(&["python-hcl2==7.3.1"], program, &[SCHEMA], &configurations);
    let seen: BTreeSet<String> = serde_json::from_str(&seen).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(SCHEMA).unwrap()).unwrap();
    let known: BTreeSet<String> = schema.as_object().unwrap().keys().cloned().collect();
    assert_eq!(seen, known, "the plans make every type of the schema, which holds those of all rules");
}

#[test]
fn what_is_made_in_a_log_group_waits_for_it() {
    let text = configuration("bootcamp");
    assert!(text.contains("  log_group_name = aws_cloudwatch_log_group.trail_us_east_1.name\n"), "{text}");
    assert!(!text.contains("  log_group_name = \""), "{text}");
    let waits = "  depends_on                    = [aws_cloudwatch_log_group.trail_us_east_1, \
                 aws_iam_role_policy.trail_logs_us_east_1, aws_s3_bucket_policy.trail_us_east_1]\n";
    assert!(text.contains(waits), "{text}");
}
