//! The `posture` binary: parse, call the library, map the outcome to an exit code.

use std::process::ExitCode;

/// A third of judging is memory being handed out and taken back, for which musl's own allocator has one lock.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(posture::cli::main())
}
