//! What AddressSanitizer has to be told of memory that this crate shares out itself: `scripts/sanitise_kernels.sh` builds
//! with `--cfg address_sanitizer`. Everywhere else nothing is done.

use std::ptr::NonNull;

/// Lines behind each place that nobody may touch, so that a step beyond its end does not land in the next one.
pub(super) const GUARD: usize = if cfg!(address_sanitizer) { 1 } else { 0 };

#[cfg(address_sanitizer)]
unsafe extern "C" {
    fn __asan_poison_memory_region(address: *const std::ffi::c_void, bytes: usize);
    fn __asan_unpoison_memory_region(address: *const std::ffi::c_void, bytes: usize);
    fn __lsan_ignore_object(address: *const std::ffi::c_void);
}

/// A chunk that begins here stays until the process ends: it is no leak, whoever still knows of it.
pub(super) fn is_kept(numbers: NonNull<f32>) {
    #[cfg(address_sanitizer)]
    // SAFETY: the call notes the address of an allocation and touches nothing.
    unsafe {
        __lsan_ignore_object(numbers.as_ptr().cast());
    }
    let _ = numbers;
}

/// Nobody may touch so many numbers.
pub(super) fn poison(numbers: NonNull<f32>, length: usize) {
    #[cfg(address_sanitizer)]
    // SAFETY: the call reads and writes no number; it marks memory, and knows all of it.
    unsafe {
        __asan_poison_memory_region(numbers.as_ptr().cast(), length * size_of::<f32>());
    }
    let _ = (numbers, length);
}

/// So many numbers are somebody's.
pub(super) fn unpoison(numbers: NonNull<f32>, length: usize) {
    #[cfg(address_sanitizer)]
    // SAFETY: as above.
    unsafe {
        __asan_unpoison_memory_region(numbers.as_ptr().cast(), length * size_of::<f32>());
    }
    let _ = (numbers, length);
}
