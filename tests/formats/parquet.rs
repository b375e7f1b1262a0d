//! Parquet against the reader of its own crate, and against `DuckDB`, which reads lakes as others' engines do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use posture::finding::{Severity, Status};
use posture::output::parquet::{LakeFile, files};
use posture::report::Report;
use posture::snapshot::Time;
use serde_json::{Value, json};

use crate::common::rendered;
use crate::{python, sample};

/// The version that reads the files as others do.
const DUCKDB: &str = "duckdb==2.0.1";

/// Prints the rows of a lake as JSON, one a line, or the types of its columns.
const READ: &str = r#"
import sys, duckdb
table = f"read_parquet('{sys.argv[2]}/**/*.parquet', hive_partitioning=true, hive_types_autocast=false)"
duckdb.sql("set timezone = 'UTC'")
if sys.argv[1] == "types":
    rows = duckdb.sql(f"select column_name || ' ' || column_type from (describe select * from {table})").fetchall()
else:
    rows = duckdb.sql(f"select to_json(t) from {table} t").fetchall()
for row in rows:
    print(row[0])
"#;

fn events(report: &Report) -> Vec<Value> {
    rendered("ocsf", report).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn reader(file: &LakeFile) -> SerializedFileReader<std::fs::File> {
    let mut kept = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut kept, &file.bytes).unwrap();
    SerializedFileReader::new(kept).unwrap()
}

fn rows(file: &LakeFile) -> Vec<Value> {
    reader(file).get_row_iter(None).unwrap().map(|row| json_of_row(&row.unwrap())).collect()
}

fn json_of_row(row: &Row) -> Value {
    row.get_column_iter()
        .map(|(name, field)| (name.clone(), json_of(field)))
        .filter(|(_, value)| !value.is_null())
        .collect()
}

fn json_of(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Int(number) => json!(number),
        Field::Long(number) => json!(number),
        Field::Str(text) => json!(text),
        Field::TimestampMillis(moment) => {
            json!(Time(jiff::Timestamp::from_millisecond(*moment).unwrap()).to_string())
        }
        Field::Group(row) => json_of_row(row),
        Field::ListInternal(list) => list.elements().iter().map(json_of).collect(),
        other => panic!("{other} is of no type that we write"),
    }
}

/// An event as a lake keeps it: without what is null, and with the values of facts as text.
fn as_kept(mut event: Value) -> Value {
    for evidence in event.get_mut("evidences").and_then(Value::as_array_mut).into_iter().flatten() {
        evidence["data"] = Value::String(evidence["data"].to_string());
    }
    event
}

/// Values in an order that does not depend on where they came from.
fn sorted(mut values: Vec<Value>) -> Vec<String> {
    values.sort_by_key(Value::to_string);
    values.iter().map(Value::to_string).collect()
}

#[test]
fn rows_are_the_events_of_ocsf_member_by_member() {
    let hostile = sample::everything(&|own| format!("{own}\u{0}\u{202e}\"\\\u{1f980}\r\n"));
    for report in [sample::harmless(), sample::denied_account(), sample::clean_account(), hostile] {
        let kept: Vec<Value> = files(&report).unwrap().iter().flat_map(rows).collect();
        let wanted: Vec<Value> = events(&report).into_iter().map(as_kept).collect();
        assert_eq!(sorted(kept), sorted(wanted));
    }
}

#[test]
fn a_region_is_a_file_and_a_snapshot_has_the_same_files_again() {
    let mut report = sample::harmless();
    for (finding, region) in report.results.iter_mut().zip([None, Some("eu-west-1"), Some("../up"), Some("")]) {
        finding.resource.region = region.map(str::to_owned);
    }
    let found = files(&report).unwrap();
    let regions: Vec<&str> = found.iter().map(|file| file.folder.split('/').next().unwrap()).collect();
    let wanted = ["region=__HIVE_DEFAULT_PARTITION__", "region=%2E%2E%2Fup", "region=eu-west-1", "region=us-east-1"];
    assert_eq!(regions, wanted);
    for file in &found {
        assert!(file.folder.ends_with("/accountId=123456789012/eventDay=20261122"), "{}", file.folder);
        assert_eq!(file.stem, "posture-20261122T030000Z");
    }
    assert_eq!(files(&report).unwrap(), found);
}

#[test]
fn files_keep_to_what_security_lake_asks_for_and_name_no_clock() {
    let file = &files(&sample::many_failing(40_000)).unwrap()[0];
    let reader = reader(file);
    let metadata = reader.metadata();
    assert_eq!(metadata.file_metadata().created_by(), Some(concat!("posture version ", env!("CARGO_PKG_VERSION"))));
    assert_eq!(metadata.file_metadata().version(), 1);
    assert!(metadata.file_metadata().key_value_metadata().is_none());
    let sizes: Vec<i64> = metadata.row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    assert_eq!(sizes, [16_384, 16_384, 7_232]);
    for column in metadata.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        assert!(matches!(column.compression(), parquet::basic::Compression::ZSTD(_)));
    }
}

/// Runs a scan in a folder.
fn scan(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_posture"))
        .arg("scan")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || drop(std::io::Write::write_all(&mut stdin, input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn line(number: u64, day: u32) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/accounts/bootcamp.json");
    let text = std::fs::read_to_string(path).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let account = value["account"].as_str().unwrap().to_owned();
    value["collected_at"] = json!(format!("2026-11-{day:02}T03:00:00Z"));
    value.to_string().replace(&account, &format!("{number:012}"))
}

fn json_lines(text: &[u8]) -> Vec<Value> {
    String::from_utf8(text.to_vec()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The files below a folder, with what they hold.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_fleet_becomes_a_lake_that_duckdb_reads_typed_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = format!("{}\nnull\n{}\n{}\n", line(1, 22), line(1, 23), line(2, 22));
    let stream = ["--snapshot", "-", "--stream", "--format", "ocsf", "--output", "parquet=lake"];
    let run = scan(folder.path(), &stream, &fleet);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let (errors, events): (Vec<Value>, Vec<Value>) =
        json_lines(&run.stdout).into_iter().partition(|record| record["format"] == "posture-error/1");
    assert_eq!(errors.len(), 1, "the bad line has its record on standard output");
    assert_eq!(errors[0]["line"], 2);

    let lake = folder.path().join("lake");
    let read = |what: &str| python::run(&[DUCKDB], READ, &[what, lake.to_str().unwrap()], "");
    let rows: Vec<Value> = read("rows").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), events.len());
    let kept: Vec<Value> = rows.iter().cloned().map(from_duckdb).collect();
    let wanted: Vec<Value> = events.into_iter().map(as_kept).map(with_partition).collect();
    assert_eq!(sorted(kept), sorted(wanted));

    let types = read("types");
    for wanted in [
        "class_uid INTEGER",
        "type_uid BIGINT",
        "time BIGINT",
        "time_dt TIMESTAMP WITH TIME ZONE",
        "severity VARCHAR",
        "remediation STRUCT(\"desc\" VARCHAR, \"references\" VARCHAR[])",
        "evidences STRUCT(\"name\" VARCHAR, \"data\" VARCHAR)[]",
        "eventDay VARCHAR",
    ] {
        assert!(types.lines().any(|line| line == wanted), "{wanted} is missing in\n{types}");
    }

    let before = tree(&lake);
    assert!(before.keys().all(|path| path.extension().is_some_and(|ending| ending == "parquet")), "{before:?}");
    scan(folder.path(), &stream, &fleet);
    assert!(tree(&lake) == before, "the same run gives the same bytes and doubles nothing");
}

/// A row as an event: without what is null, and with the time as JSON has it.
fn from_duckdb(mut row: Value) -> Value {
    fn prune(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(prune);
            }
            Value::Array(items) => items.iter_mut().for_each(prune),
            _ => {}
        }
    }
    prune(&mut row);
    let moment = row["time_dt"].as_str().unwrap().replace(' ', "T").replace("+00", "Z");
    row["time_dt"] = json!(moment);
    row
}

/// An event with the values that folders give its row.
fn with_partition(mut event: Value) -> Value {
    let day = event["time_dt"].as_str().unwrap()[..10].replace('-', "");
    event["region"] = event["cloud"]["region"].clone();
    event["accountId"] = event["cloud"]["account"]["uid"].clone();
    event["eventDay"] = json!(day);
    event
}

#[test]
fn a_run_that_cannot_end_leaves_no_file_in_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let two = format!("{}\n{}\n", line(1, 22), line(2, 22));
    let run = scan(folder.path(), &["--snapshot", "-", "--format", "sarif", "--output", "parquet=lake"], &two);
    assert_eq!(run.status.code(), Some(2));
    assert!(tree(&folder.path().join("lake")).is_empty());
    std::fs::write(folder.path().join("file"), "").unwrap();
    let run = scan(folder.path(), &["--snapshot", "-", "--output", "parquet=file"], &two);
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("write `file`"));
}

#[test]
fn two_snapshots_of_one_account_and_time_are_both_kept() {
    let folder = tempfile::tempdir().unwrap();
    let line = line(1, 22);
    let stream = ["--snapshot", "-", "--stream", "--format", "ocsf", "--output", "parquet=lake"];
    let run = scan(folder.path(), &stream, &format!("{line}\n{line}\n"));
    let events = json_lines(&run.stdout).len();
    let kept: usize = tree(&folder.path().join("lake"))
        .into_values()
        .map(|bytes| rows(&LakeFile { folder: String::new(), stem: String::new(), bytes }).len())
        .sum();
    assert_eq!(kept, events);
}

#[test]
fn the_columns_are_printed_as_tables_define_them() {
    let printed = Command::new(env!("CARGO_BIN_EXE_posture")).args(["schema", "columns"]).output().unwrap();
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(text.starts_with("`activity_id` int,\n"), "{text}");
    assert!(text.contains("`time_dt` timestamp,\n"), "{text}");
    assert!(text.contains("`evidences` array<struct<name:string,data:string>>\n"), "{text}");
}

#[test]
fn passes_and_withheld_verdicts_are_rows_too() {
    let report = sample::Builder::new(&str::to_owned)
        .rule("root-mfa-enabled", Severity::Critical)
        .result(Status::Pass, "arn:aws:iam::123456789012:root")
        .result(Status::Unknown, "arn:aws:iam::123456789012:account")
        .build();
    let kept: Vec<Value> = files(&report).unwrap().iter().flat_map(rows).collect();
    let mut said: Vec<&str> = kept.iter().map(|row| row["compliance"]["status"].as_str().unwrap()).collect();
    said.sort_unstable();
    assert_eq!(said, ["Pass", "Unknown"]);
}
