//! Many snapshots through one process: every line is answered, in order, once.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::offline::{Run, account, posture_in};

/// The example account in one line, under another number.
fn line(number: u64) -> String {
    let text = std::fs::read_to_string(account("bootcamp")).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    value.to_string().replace(value["account"].as_str().unwrap(), &format!("{number:012}"))
}

fn records(run: &Run) -> Vec<Value> {
    run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What a run says of each line: the account of a report, or the line of an error.
fn answers(run: &Run) -> Vec<String> {
    let answer = |record: &Value| match record["format"].as_str().unwrap() {
        "posture-account/1" => Some(record["account"].as_str().unwrap().to_owned()),
        "posture-error/1" => Some(format!("error in line {}", record["line"])),
        _ => None,
    };
    records(run).iter().filter_map(answer).collect()
}

const STREAM: [&str; 6] = ["scan", "--snapshot", "-", "--stream", "--format", "ndjson"];

fn stream(input: &str, more: &[&str]) -> Run {
    posture_in(Path::new(env!("CARGO_MANIFEST_DIR")), STREAM.into_iter().chain(more.iter().copied()), input.as_bytes())
}

/// Three accounts, with three lines among them that hold none.
fn mixed() -> String {
    let cut = line(2);
    format!(
        "{}\n{}\nnull\n\n{}\n{{\"account\":\"000000000004\"}}\n{}",
        line(1),
        &cut[..cut.len() / 2],
        line(3),
        line(5)
    )
}

#[test]
fn a_stream_answers_every_line_in_its_order_and_ends_with_zero() {
    let run = stream(&mixed(), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let wanted =
        ["000000000001", "error in line 2", "error in line 3", "000000000003", "error in line 6", "000000000005"];
    assert_eq!(answers(&run), wanted);
    let error = records(&run).into_iter().find(|record| record["line"] == 2).unwrap();
    assert!(error["message"].as_str().unwrap().contains("EOF"), "{error}");
    assert_eq!(error["snapshot"], "-");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_first_line_that_is_cut_off_hides_no_other() {
    let run = stream(&format!("{}\n{}\n", &line(1)[..500], line(2)), &[]);
    assert_eq!(answers(&run), ["error in line 1", "000000000002"]);
}

#[test]
fn a_stream_without_lines_has_no_records() {
    let run = stream("", &[]);
    assert_eq!((run.code, run.text().as_str()), (0, ""));
}

#[test]
fn without_stream_the_gate_decides_and_bad_lines_are_errors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = posture_in(
        folder,
        ["scan", "--snapshot", "-", "--format", "ndjson"],
        format!("{}\n{}", line(1), line(2)).as_bytes(),
    );
    assert_eq!(run.code, 1);
    let run = posture_in(
        folder,
        ["scan", "--snapshot", "-", "--format", "ndjson"],
        format!("{}\nnull\n", line(1)).as_bytes(),
    );
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("line 2"), "{}", run.stderr);
}

#[test]
fn judging_side_by_side_says_what_judging_one_by_one_says() {
    let lines: Vec<String> = (1..=20).map(line).collect();
    let together = stream(&lines.join("\n"), &[]);
    let first = stream(&lines[0], &[]).text();
    let alone: String = (1..=20).map(|number| first.replace("000000000001", &format!("{number:012}"))).collect();
    // Fingerprints hold the account's number; nothing else differs.
    let without_fingerprints = |text: &str| {
        let blank = regex::Regex::new("\"fingerprint\":\"[^\"]*\"").unwrap();
        blank.replace_all(text, "").into_owned()
    };
    assert!(without_fingerprints(&together.text()) == without_fingerprints(&alone));
}

#[test]
fn several_snapshots_are_one_json_report_a_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = posture_in(
        folder,
        ["scan", "--snapshot", "-", "--format", "json"],
        format!("{}\n{}", line(1), line(2)).as_bytes(),
    );
    let accounts: Vec<Value> = records(&run).into_iter().map(|report| report["account"].clone()).collect();
    assert_eq!(accounts, ["000000000001", "000000000002"]);
}

#[test]
fn the_parts_of_a_fleet_are_the_whole_once() {
    let whole = answers(&stream(&mixed(), &[]));
    let mut parts: Vec<String> =
        ["1/3", "2/3", "3/3"].iter().flat_map(|part| answers(&stream(&mixed(), &["--shard", part]))).collect();
    parts.sort();
    let mut sorted = whole;
    sorted.sort();
    assert_eq!(parts, sorted);
    let second = answers(&stream(&mixed(), &["--shard", "2/3"]));
    assert!(second.contains(&"000000000001".to_owned()), "{second:?}");
}

/// A small account in one line.
fn small(number: u64) -> String {
    let text = std::fs::read_to_string(account("empty")).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["observations"].as_array_mut().unwrap().retain(|one| one["service"] == "iam" || one["service"] == "account");
    value.to_string().replace("123456789012", &format!("{number:012}"))
}

/// Rules enough to have something to say of a small account.
const FEW_RULES: [&str; 6] =
    ["--rule", "root-mfa-enabled", "--rule", "root-no-access-keys", "--rule", "account-contact-security"];

#[test]
fn every_line_that_is_not_blank_is_answered_in_its_place() {
    let good = small(0);
    let (mut lines, mut wanted) = (Vec::<Vec<u8>>::new(), Vec::new());
    for number in 1..=300_usize {
        // Every kind of line stands before and behind every other.
        let (text, is_answered) = match (number * number + number / 7) % 9 {
            0 => (Vec::new(), false),
            1 => (b"  \t ".to_vec(), false),
            2 => (b"null".to_vec(), true),
            3 => (good.as_bytes()[..number * 7].to_vec(), true),
            4 => (vec![0xff, 0xfe, b'{'], true),
            5 => ("[".repeat(1_000).into_bytes(), true),
            6 => (good.replace("posture-snapshot/1", "posture-snapshot/9").into_bytes(), true),
            _ => {
                wanted.push(format!("{number:012}"));
                (good.replace("000000000000", &format!("{number:012}")).into_bytes(), false)
            }
        };
        if is_answered {
            wanted.push(format!("error in line {number}"));
        }
        lines.push(text);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = posture_in(folder, STREAM.into_iter().chain(FEW_RULES), &lines.join(&b'\n'));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(answers(&run), wanted);
}

/// The most memory that a stream of snapshots takes, in KiB, with everything that a stream can write.
#[cfg(target_os = "linux")]
fn peak_of_a_stream(count: u64) -> u64 {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_posture"))
        .args(STREAM.into_iter().chain(FEW_RULES))
        .args(["--output", "parquet=lake", "--output", "ocsf=events.ndjson"])
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).unwrap());
    let status = format!("/proc/{}/status", child.id());
    let peak = || {
        let text = std::fs::read_to_string(&status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let good = small(0);
    for number in 1..=count {
        writeln!(stdin, "{}", good.replace("000000000000", &format!("{number:012}"))).unwrap();
    }
    // The last are still being judged: the mark is that of the stream and not of its end.
    let mark = peak();
    drop(stdin);
    reader.join().unwrap();
    assert!(child.wait().unwrap().success());
    mark
}

#[cfg(target_os = "linux")]
#[test]
fn ten_times_as_many_snapshots_take_no_more_memory() {
    let (few, many) = (peak_of_a_stream(200), peak_of_a_stream(2_000));
    println!("{few} KiB for 200 snapshots, {many} KiB for 2,000");
    assert!(many < few + 4 * 1024, "{few} KiB for 200 snapshots, {many} KiB for 2,000");
}

#[test]
fn compressed_streams_are_read_as_plain_ones_are() {
    let folder = tempfile::tempdir().unwrap();
    let text = mixed();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let files =
        [("a.ndjson.gz", gzip.finish().unwrap()), ("a.ndjson.zst", zstd::encode_all(text.as_bytes(), 1).unwrap())];
    let plain = answers(&stream(&text, &[]));
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let run = posture_in(folder.path(), ["scan", "--snapshot", name, "--stream", "--format", "ndjson"], b"");
        assert_eq!((run.code, answers(&run)), (0, plain.clone()), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_source_that_breaks_off_is_a_record_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(format!("{}\n{}\n", line(1), line(2)).as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    std::fs::write(folder.path().join("cut.gz"), &bytes[..bytes.len() - 20]).unwrap();
    std::fs::write(folder.path().join("next.json"), line(3)).unwrap();
    let args = ["scan", "--snapshot", "cut.gz", "none.json", "next.json", "--stream", "--format", "ndjson"];
    let run = posture_in(folder.path(), args, b"");
    assert_eq!(run.code, 2);
    let errors: Vec<Value> = records(&run).into_iter().filter(|record| record["format"] == "posture-error/1").collect();
    let named: Vec<&str> = errors.iter().map(|error| error["snapshot"].as_str().unwrap()).collect();
    assert_eq!(named, ["cut.gz", "none.json"]);
    assert!(answers(&run).contains(&"000000000003".to_owned()), "what follows is read all the same");
}

#[test]
fn error_records_reach_files_too_and_other_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!("null\n{}\n", line(1));
    let args = ["scan", "--snapshot", "-", "--stream", "--format", "ocsf", "--output", "json=reports.ndjson"];
    let run = posture_in(folder.path(), args, input.as_bytes());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.text().starts_with("{\"format\":\"posture-error/1\""), "{}", &run.text()[..80]);
    let reports = std::fs::read_to_string(folder.path().join("reports.ndjson")).unwrap();
    assert_eq!(reports.lines().count(), 2);
    let refused = posture_in(folder.path(), ["scan", "--snapshot", "-", "--stream", "--format", "sarif"], b"");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("json, ndjson or ocsf"), "{}", refused.stderr);
}

#[test]
fn every_record_obeys_its_published_schema() {
    let schema = posture_in(Path::new("."), ["schema", "records"], b"").json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let found = records(&stream(&mixed(), &[]));
    assert!(found.iter().any(|record| record["format"] == "posture-finding/1"));
    for record in found {
        assert!(validator.is_valid(&record), "{record}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "format": "posture-error/1" })));
}
