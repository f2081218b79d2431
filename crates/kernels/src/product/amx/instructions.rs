//! The tile registers of the processor. The intrinsics are not stable, so the instructions are assembly.
//!
//! What one instruction leaves in the registers the next one finds: the compiler, which knows no AMX in this program,
//! uses them for nothing, keeps the order of these blocks, and the system gives each thread its own.

use std::arch::asm;
use std::marker::PhantomData;

use super::permission::AmxPermission;
use super::tiles::{TileConfiguration, Tiles};

/// The registers of the calling thread; given back when dropped, so that the system need not save them.
pub(super) struct TileRegisters {
    /// They stay on their thread.
    thread: PhantomData<*const ()>,
}

impl TileRegisters {
    pub fn new(_: AmxPermission) -> Self {
        Self { thread: PhantomData }
    }
}

impl Drop for TileRegisters {
    fn drop(&mut self) {
        // SAFETY: the permission that made this shows that the instruction is there; it makes the tiles empty, and
        // nobody else on this thread uses them.
        unsafe { asm!("tilerelease", options(nomem, nostack, preserves_flags)) }
    }
}

impl Tiles for TileRegisters {
    #[inline(always)]
    unsafe fn configure(&mut self, configuration: &TileConfiguration) {
        // SAFETY: it reads the 64 bytes of the configuration, and permission was given.
        unsafe {
            asm!(
                "ldtilecfg [{from}]",
                from = in(reg) std::ptr::from_ref(configuration),
                options(readonly, nostack, preserves_flags)
            );
        }
    }

    #[inline(always)]
    unsafe fn zero<const TILE: u8>(&mut self) {
        // SAFETY: it changes one tile, which the caller has configured.
        unsafe { asm!("tilezero tmm{tile}", tile = const TILE, options(nomem, nostack, preserves_flags)) }
    }

    #[inline(always)]
    unsafe fn load<const TILE: u8>(&mut self, from: *const u16, stride: usize) {
        // SAFETY: it reads the rows of the tile, which the caller promises to be readable.
        unsafe {
            asm!(
                "tileloadd tmm{tile}, [{from} + {stride}*1]",
                tile = const TILE,
                from = in(reg) from,
                stride = in(reg) stride,
                options(readonly, nostack, preserves_flags)
            );
        }
    }

    #[inline(always)]
    unsafe fn add_products<const SUMS: u8, const LEFT: u8, const RIGHT: u8>(&mut self) {
        // SAFETY: it changes one tile; the caller has configured all three.
        unsafe {
            asm!(
                "tdpbf16ps tmm{sums}, tmm{left}, tmm{right}",
                sums = const SUMS,
                left = const LEFT,
                right = const RIGHT,
                options(nomem, nostack, preserves_flags)
            );
        }
    }

    #[inline(always)]
    unsafe fn store<const TILE: u8>(&mut self, to: *mut f32, stride: usize) {
        // SAFETY: it writes the rows of the tile, which the caller promises to be writable.
        unsafe {
            asm!(
                "tilestored [{to} + {stride}*1], tmm{tile}",
                tile = const TILE,
                to = in(reg) to,
                stride = in(reg) stride,
                options(nostack, preserves_flags)
            );
        }
    }
}
