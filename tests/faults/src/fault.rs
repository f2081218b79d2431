//! What is done to an operation, and what may be done to which.

use std::fmt;

/// An operation as the shim logs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `open`, `write`, `fsync`, `rename`, ...
    pub name: String,
    /// The path that it changes.
    pub path: String,
}

impl Operation {
    /// Reads a line of the log.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, path) = line.split_once(' ')?;
        Some(Self { name: name.to_owned(), path: path.trim_end_matches(" (deleted)").to_owned() })
    }

    /// The name that its file has, or will have once it is whole.
    pub fn file_name(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        match name.strip_prefix('.').and_then(|name| name.rsplit_once('.')) {
            Some((whole, _random)) => whole,
            None => name,
        }
    }

    fn is_write(&self) -> bool {
        self.name == "write"
    }
}

/// What is done to one operation of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process is gone before it.
    KillBefore,
    /// The process is gone once it is done.
    KillAfter,
    /// The process is gone when half of what it writes is written.
    KillWithin,
    /// It writes half and says so, which is no error.
    Short,
    /// It fails.
    Fail(Errno),
    /// It fails, and so does all behind it that needs room.
    FailOn(Errno),
}

/// An error of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno {
    /// As C knows it.
    pub name: &'static str,
    /// On Linux.
    pub number: i32,
}

/// The disk is full.
pub const ENOSPC: Errno = Errno { name: "ENOSPC", number: 28 };
/// The device does not work.
pub const EIO: Errno = Errno { name: "EIO", number: 5 };
const OTHERS: [Errno; 3] =
    [Errno { name: "EDQUOT", number: 122 }, Errno { name: "EFBIG", number: 27 }, Errno { name: "EACCES", number: 13 }];

impl Fault {
    /// All that is done to the operation at `index` (from 0). To be killed after an operation is to be killed before the
    /// next. Of many writes to one file, one after the other, the first and the last stand for all but kills.
    pub fn of(operations: &[Operation], index: usize) -> Vec<Fault> {
        let operation = &operations[index];
        let is_next = |other: Option<&Operation>| operation.is_write() && other == Some(operation);
        let before = index.checked_sub(1).and_then(|before| operations.get(before));
        if is_next(before) && is_next(operations.get(index + 1)) {
            return vec![Fault::KillWithin];
        }
        let mut faults = vec![Fault::KillBefore, Fault::Fail(EIO)];
        if index + 1 == operations.len() {
            faults.push(Fault::KillAfter);
        }
        if operation.is_write() {
            faults.extend([Fault::KillWithin, Fault::Short]);
        }
        if ["open", "write", "mkdir", "link", "copy"].contains(&operation.name.as_str()) {
            faults.push(Fault::FailOn(ENOSPC));
            faults.push(Fault::Fail(OTHERS[index % OTHERS.len()]));
        }
        faults
    }

    /// As the shim knows it.
    pub fn word(self) -> &'static str {
        match self {
            Fault::KillBefore => "kill-before",
            Fault::KillAfter => "kill-after",
            Fault::KillWithin => "kill-within",
            Fault::Short => "short",
            Fault::Fail(_) => "fail",
            Fault::FailOn(_) => "fail-on",
        }
    }

    /// The error that it gives.
    pub fn errno(self) -> Option<Errno> {
        match self {
            Fault::Fail(errno) | Fault::FailOn(errno) => Some(errno),
            _ => None,
        }
    }

    /// Whether the process is gone.
    pub fn kills(self) -> bool {
        matches!(self, Fault::KillBefore | Fault::KillAfter | Fault::KillWithin)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno() {
            Some(errno) => write!(formatter, "{} {}", self.word(), errno.name),
            None => formatter.write_str(self.word()),
        }
    }
}
