//! The `posture` binary: parse, call the library, map the outcome to an exit code.

use std::process::ExitCode;

/// A third of judging is memory being handed out and taken back, which musl's own allocator is slow at.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(posture::cli::main())
}
