//! The `hashdrift` program: prints what went wrong and chooses the exit code; the rest is in `cli`.

mod cli;

use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    keep_freed_memory();
    cli::main()
}

/// Keeps the memory of one history for the next.
///
/// glibc returns to the system what is free at the end of a heap, once it is more than 128 kB. Nearly every history leaves more
/// than that, and the next one would get it back page by page. After a block has been freed that had come from the system by itself,
/// glibc takes blocks up to that size from its heaps, and keeps up to twice as much free at the end of each (mallopt(3),
/// `M_MMAP_THRESHOLD`): at most 32 MiB a thread, of what has been used before. The block is never written to, so it
/// costs nothing; other allocators do not mind.
fn keep_freed_memory() {
    /// About half of the most that glibc heeds.
    const BYTES: usize = 16 << 20;
    drop(black_box(Vec::<u8>::with_capacity(BYTES)));
}
