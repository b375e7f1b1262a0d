//! The `posture` binary: parse, call the library, map the outcome to an exit code.

use std::process::ExitCode;

/// A third of judging is memory being handed out and taken back, for which musl's own allocator has one lock.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// glibc's allocator takes longer over the same than any other that was measured, and no less memory than this one as it is set here.
#[cfg(all(feature = "jemalloc", target_os = "linux", target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How jemalloc is set (<https://jemalloc.net/jemalloc.3.html#tuning>): one arena, because what one thread lets go is what another asks for next,
/// and two arenas held a fifth more of a large account; four locks for the small sizes in it; and little that each thread keeps for itself.
#[cfg(all(feature = "jemalloc", target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "jemalloc finds what it is set to by the name of a symbol; nothing else here has such a name"
)]
#[unsafe(export_name = "_rjem_malloc_conf")]
static SETTINGS: &[u8; 46] = b"narenas:1,bin_shards:1-4096:4,tcache_max:8192\0";

fn main() -> ExitCode {
    ExitCode::from(posture::cli::main())
}
