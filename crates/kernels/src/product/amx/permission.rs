//! Whether this process may use AMX.

use std::sync::OnceLock;

/// Proof that this machine has AMX for bfloat16 and that the system lets this process use it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AmxPermission(Granted);

impl AmxPermission {
    /// Asks machine and system, once in a process. `None` where the processor, the system or this program's target has
    /// no AMX: it is there on Linux, from 5.16 on, with an x86-64 processor that has `amx_tile` and `amx_bf16`.
    pub fn of_process() -> Option<Self> {
        static PERMISSION: OnceLock<Option<AmxPermission>> = OnceLock::new();
        *PERMISSION.get_or_init(|| granted().map(Self))
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[derive(Debug, Clone, Copy)]
struct Granted;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn granted() -> Option<Granted> {
    (has_instructions() && saves_tiles() && system_permits()).then_some(Granted)
}

/// Whether the processor has the tiles and their product of bfloat16.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn has_instructions() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;
    if __cpuid(0).eax < 7 {
        return false;
    }
    __cpuid_count(7, 0).edx & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE
}

/// Whether the system has switched the tiles on, so that it keeps them from one thread to the next: what XCR0 says of
/// their configuration and their data.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn saves_tiles() -> bool {
    use std::arch::x86_64::__cpuid;
    const OSXSAVE: u32 = 1 << 27;
    const TILES: u32 = 1 << 17 | 1 << 18;
    if __cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let (low, _high): (u32, u32);
    // SAFETY: a processor with OSXSAVE has the instruction, and register 0 is always there; it only reads.
    unsafe {
        std::arch::asm!(
            "xgetbv", in("ecx") 0, out("eax") low, out("edx") _high, options(nomem, nostack, preserves_flags)
        );
    }
    low & TILES == TILES
}

/// Asks the system for the tiles' data, for all threads: without, their first use ends the process.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn system_permits() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call reads and writes no memory of this process. Systems that do not know it refuse it.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[derive(Debug, Clone, Copy)]
enum Granted {}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn granted() -> Option<Granted> {
    None
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
impl AmxPermission {
    /// What would need permission is never done.
    pub fn is_never_given<T>(self, _: T) {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    fn the_process_may_use_amx_where_the_system_lists_it() {
        let flags = std::fs::read_to_string("/proc/cpuinfo").expect("Linux lists its processors");
        let has = |flag| flags.split_whitespace().any(|word| word == flag);
        assert_eq!(AmxPermission::of_process().is_some(), has("amx_tile") && has("amx_bf16"));
    }
}
