//! Reads JSON from a file into a tree of values and forgets it: the floor that `benches/measure.py` compares reading a
//! snapshot with. `cargo run --release --example value -- FILE`

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else { return ExitCode::from(2) };
    let value = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    if std::hint::black_box(value).is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
