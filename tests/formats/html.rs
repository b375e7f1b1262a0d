//! The page in real headless Chromium: opened, clicked, searched, and fed with hostile text.

use std::process::Command;
use std::sync::Once;

use crate::accounts::{ACCOUNTS, report};
use crate::common::rendered;
use crate::{python, sample};

/// Debian's packages of the browser and its driver.
const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Installs the browser where it is missing; needs apt and the right to use it.
fn install_browser() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let exists =
            |program: &str| Command::new(program).arg("--version").output().is_ok_and(|run| run.status.success());
        // Debian calls the browser `chromium`; GitHub's runners come with Google's build.
        if exists("chromedriver") && ["chromium", "google-chrome"].into_iter().any(exists) {
            return;
        }
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            let script = "if [ $(id -u) = 0 ]; then exec apt-get \"$@\"; else exec sudo -n apt-get \"$@\"; fi";
            command.args(["-c", script, "apt-get"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            python::succeed(&mut command);
        };
        apt(&["update", "-qq"]);
        apt(&["install", "-y", "-qq", "--no-install-recommends", PACKAGES[0], PACKAGES[1]]);
    });
}

/// Opens a page in the browser and runs the scenario of that name.
fn browse(scenario: &str, page: &str) {
    browse_with(scenario, page, &[]);
}

/// [`browse`] with words that the scenario takes.
fn browse_with(scenario: &str, page: &str, words: &[&str]) {
    install_browser();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let url = format!("file://{}", file.display());
    let arguments: Vec<&str> = [scenario, &url].into_iter().chain(words.iter().copied()).collect();
    python::run(&[], include_str!("browser.py"), &arguments, "");
}

#[test]
fn a_reader_opens_evidence_filters_and_searches() {
    browse("reader", &rendered("html", &sample::harmless()));
}

#[test]
fn hostile_text_neither_runs_nor_becomes_an_element() {
    let attack = "</script><script>window.pwned = 1</script><img src=https://evil.example/x onerror=\"window.pwned = 2\">\
                  <svg onload='window.pwned = 3'>\" onfocus=\"window.pwned = 4\" autofocus=\"\u{202e}";
    browse("hostile", &rendered("html", &sample::everything(&|own| format!("{own}{attack}"))));
}

#[test]
fn thousands_of_results_are_shown_in_parts() {
    browse("many", &rendered("html", &sample::many_failing(5_000)));
}

#[test]
fn whole_accounts_are_shown_to_the_last_result() {
    for name in ACCOUNTS {
        let report = report(name);
        browse_with("account", &rendered("html", &report), &[&report.results.len().to_string()]);
    }
}

#[test]
fn the_page_asks_for_nothing_from_outside() {
    let page = rendered("html", &sample::harmless());
    for tag in ["<link", "<img", "<iframe", "src=", "url(", "@import", "fetch(", "innerHTML"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert!(page.contains("default-src 'none'"));
}
