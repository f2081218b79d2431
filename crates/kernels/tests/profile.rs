//! The stopwatches of `profile`. They are the whole process's, so these promises have a test binary, and in it one
//! test, of their own: beside other tests, whose kernels count too, the numbers would be theirs as well.

use std::time::Duration;

use bmae_kernels::profile::{self, Entry, Operation};

#[test]
fn nested_time_counts_once_and_nothing_counts_while_off() {
    assert_eq!(Operation::ALL.map(|operation| operation as usize), std::array::from_fn(|index| index));

    profile::start();
    {
        let _outer = profile::time(Operation::Block);
        sleep(4);
        for _ in 0..2 {
            let _inner = profile::time(Operation::Residual);
            sleep(10);
        }
    }
    let entries = profile::stop();
    let outer = of(&entries, Operation::Block).expect("it ran");
    let inner = of(&entries, Operation::Residual).expect("it ran");
    assert_eq!((outer.calls, inner.calls), (1, 2));
    assert!(inner.time >= Duration::from_millis(20), "{inner:?}");
    assert!(outer.time >= Duration::from_millis(4), "{outer:?}");

    drop(profile::time(Operation::Block));
    assert_eq!(of(&profile::stop(), Operation::Block).map(|entry| entry.calls), Some(1));
    profile::start();
    assert_eq!(of(&profile::stop(), Operation::Block), None);
}

fn of(entries: &[Entry], operation: Operation) -> Option<Entry> {
    entries.iter().find(|entry| entry.operation == operation).copied()
}

fn sleep(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
