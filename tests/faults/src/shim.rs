//! The program under test, run in a folder, with the shim of `shim.c` between it and the system.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::fault::{Fault, Operation};

/// What all runs of the program share: the program, the built shim, a folder for theirs.
pub struct Bench {
    bmae: PathBuf,
    root: TempDir,
}

/// A fault at an operation, counted from 1.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// The number of the operation.
    pub operation: usize,
    /// What is done to it.
    pub fault: Fault,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// `None`: by a signal.
    pub code: Option<i32>,
    /// Which one.
    pub signal: Option<i32>,
    /// Its results.
    pub stdout: String,
    /// Everything else that it said.
    pub stderr: String,
}

impl Bench {
    /// Builds the shim.
    ///
    /// # Panics
    /// Without a C compiler, and where no folder can be made.
    pub fn new(bmae: PathBuf) -> Self {
        // In memory where there is such a place: a disk is slow, and what is tested is not the disk.
        let in_memory = Path::new("/dev/shm");
        let root = if in_memory.is_dir() { tempfile::tempdir_in(in_memory) } else { tempfile::tempdir() };
        let root = root.expect("a folder can be made");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-O1", "-Wall", "-shared", "-fPIC", "-o"])
            .arg(root.path().join("shim.so"))
            .arg(source)
            .arg("-ldl");
        let built = compiler.status().expect("there is a C compiler called cc");
        assert!(built.success(), "the shim cannot be built");
        let bench = Self { bmae, root };
        fs::create_dir(bench.inputs()).expect("a folder can be made");
        bench
    }

    /// Where what the commands read lies, and what nothing is done to.
    pub fn inputs(&self) -> PathBuf {
        self.root.path().join("inputs")
    }

    /// A folder that is new and empty.
    pub fn folder(&self) -> TempDir {
        tempfile::tempdir_in(self.root.path()).expect("a folder can be made")
    }

    /// `bmae` with these arguments in `folder`, undisturbed.
    pub fn run(&self, folder: &Path, arguments: &[String]) -> Ended {
        ended(self.command(folder, arguments).output().expect("the program can be started"))
    }

    /// The same with every operation on what is below `folder` written down, and perhaps a fault at one of them.
    pub fn run_with(&self, folder: &Path, arguments: &[String], at: Option<At>) -> (Ended, Vec<Operation>) {
        let log = log_of(folder);
        let output = self.shimmed(folder, arguments, at).output().expect("the program can be started");
        (ended(output), operations(&log))
    }

    /// The command of [`run_with`](Self::run_with), not started yet; [`log_of`] says where its operations are written.
    pub fn shimmed(&self, folder: &Path, arguments: &[String], at: Option<At>) -> Command {
        let mut command = self.command(folder, arguments);
        command
            .env("LD_PRELOAD", self.root.path().join("shim.so"))
            .env("BMAE_FAULT_FOLDER", fs::canonicalize(folder).expect("it is there"))
            .env("BMAE_FAULT_LOG", log_of(folder));
        if let Some(At { operation, fault }) = at {
            command.env("BMAE_FAULT_AT", operation.to_string()).env("BMAE_FAULT_KIND", fault.word());
            command.env("BMAE_FAULT_ERRNO", fault.errno().map_or(0, |errno| errno.number).to_string());
        }
        command
    }

    fn command(&self, folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(&self.bmae);
        command.args(arguments).current_dir(folder).env("HOME", self.root.path()).env_remove("RUST_BACKTRACE");
        command.env("XDG_CACHE_HOME", self.root.path().join("cache")).stdin(Stdio::null());
        command
    }
}

/// Where the operations of the last command in `folder` are written: beside it, so that this is none of them.
pub fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

/// What a log tells; none if the command did not get as far as to begin one.
pub fn operations(log: &Path) -> Vec<Operation> {
    let text = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(Operation::parse).collect()
}

fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended {
        code: output.status.code(),
        signal: output.status.signal(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
