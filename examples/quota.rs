//! Writes a generated account to standard output, for measuring the program as people run it:
//! `cargo run --release --example quota -- teams 100 > quota.json`.
//!
//! The first argument is `teams` or `scattered`, the second the share of IAM's quotas in per cent.

#![expect(clippy::print_stdout, clippy::print_stderr, clippy::indexing_slicing, reason = "a tool for measuring")]

#[path = "../benches/quota/mod.rs"]
mod quota;

use std::process::ExitCode;

use quota::{Kind, Size, snapshot};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let kind = match arguments.first().map(String::as_str) {
        Some("teams") => Some(Kind::Teams),
        Some("scattered") => Some(Kind::Scattered),
        _ => None,
    };
    let percent = arguments.get(1).and_then(|text| text.parse().ok());
    let (Some(kind), Some(percent)) = (kind, percent) else {
        eprintln!("usage: quota teams|scattered PERCENT");
        return ExitCode::from(2);
    };
    println!("{}", snapshot(Size::percent(kind, percent)));
    ExitCode::SUCCESS
}
