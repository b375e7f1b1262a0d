//! The tutorial, executed: every command of docs/tutorial.md is run in order, and what stands below it must come out.

use std::path::Path;
use std::process::Command;

use crate::offline::account;

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some(Block { language: language.to_owned(), text: String::new() }),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    blocks
}

/// Runs commands as a reader would, with the program on the path, and gives both streams.
fn run(folder: &Path, commands: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_posture"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.parent().unwrap().display());
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &format!("{{\n{commands}\n}} 2>&1")]).current_dir(folder).env_clear().env("PATH", path);
    let output = shell.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{commands}\n{said}");
    said
}

#[cfg(unix)]
#[test]
fn every_command_of_the_tutorial_does_what_the_tutorial_says() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tutorial.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(account("bootcamp"), folder.path().join("account.json")).unwrap();
    let mut said = None;
    let (mut commands, mut compared) = (0, 0);
    for block in blocks(&page) {
        match block.language.as_str() {
            "sh" => {
                said = Some(run(folder.path(), &block.text));
                commands += 1;
            }
            "yaml" => std::fs::write(folder.path().join("rules/team-user-is-service.yaml"), &block.text).unwrap(),
            "text" => {
                let said = said.take().expect("output without a command");
                assert_eq!(said, block.text, "below the command before it");
                compared += 1;
            }
            other => panic!("a block of `{other}`, which nobody checks"),
        }
    }
    assert!(commands >= 6 && compared >= 5, "{commands} commands, {compared} compared");
}

#[cfg(unix)]
#[test]
fn the_first_five_minutes_of_the_readme_work_as_they_stand() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, section) = page.split_once("## The first five minutes").unwrap();
    let block = blocks(section).into_iter().find(|block| block.language == "sh").unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(account("bootcamp"), folder.path().join("account.json")).unwrap();
    let said = run(folder.path(), &block.text);
    assert!(said.contains("WHAT TO DO NOW") && said.contains("wrote posture.yaml"), "{said}");
    let page = std::fs::read_to_string(folder.path().join("posture.html")).unwrap();
    assert!(page.contains("Ways to administrator"), "nothing is drawn");
    let muted = run(folder.path(), "posture scan --snapshot account.json --rule root-no-access-keys --format json");
    assert!(muted.contains("gone by June, ticket 7"), "{muted}");
}
