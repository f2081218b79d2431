//! A fresh folder, commands in it, and what to print when one does not do as it should.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that goes when the test ends, with a home of its own in it.
pub struct Folder {
    root: TempDir,
}

impl Folder {
    /// An empty folder with a small recipe, `tiny.toml`.
    pub fn new() -> Self {
        let folder = Folder { root: TempDir::new().expect("a folder can be made") };
        folder.write("tiny.toml", TINY.as_bytes());
        folder
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file in it, with the folders above it.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }

    /// The text of a file in it.
    pub fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}\n{}", path.display(), self.listing()))
    }

    /// All tensors of a run's last weights, as they lie in the file behind its header, whose order is free.
    pub fn weights(&self, run: &str) -> Vec<u8> {
        let bytes = fs::read(self.path(run).join("checkpoints/last.safetensors")).expect("there are weights");
        let (length, rest) = bytes.split_first_chunk().expect("the length of the header");
        rest[u64::from_le_bytes(*length) as usize..].to_vec()
    }

    /// Every file and folder in it, one a line.
    pub fn listing(&self) -> String {
        let mut lines = Vec::new();
        list(self.root.path(), self.root.path(), &mut lines);
        lines.sort();
        lines.join("\n")
    }

    /// `bmae` with these arguments, ready to be run in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bmae"));
        command
            .args(arguments)
            .current_dir(self.root.path())
            .env("HOME", self.path("home"))
            .env("XDG_CACHE_HOME", self.path("home/cache"))
            .env_remove("RUST_BACKTRACE");
        command
    }

    /// Runs `bmae` with arguments that are separated by single spaces.
    pub fn bmae(&self, arguments: &str) -> Ended {
        self.run(&arguments.split(' ').collect::<Vec<_>>())
    }

    /// Runs `bmae` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the binary can be started");
        self.ended(arguments, output)
    }

    /// What a command that was run otherwise came to.
    pub fn ended(&self, arguments: &[&str], output: Output) -> Ended {
        Ended {
            command: format!("bmae {}", arguments.join(" ")),
            listing: self.listing(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn list(root: &Path, folder: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).expect("it lies below").display().to_string();
        if path.is_dir() {
            lines.push(format!("{name}/"));
            list(root, &path, lines);
        } else {
            lines.push(name);
        }
    }
}

/// A command that has ended.
pub struct Ended {
    command: String,
    listing: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// All that there is to know, for a failing test.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for (title, text) in [
            ("command", self.command.as_str()),
            ("folder", &self.listing),
            ("status", &format!("{:?}", self.code)),
            ("stdout", &self.stdout),
            ("stderr", &self.stderr),
        ] {
            let _ = write!(story, "\n--- {title}\n{text}");
        }
        story
    }

    /// It ended well.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.story());
        self
    }

    /// It ended with this exit code and one sentence on stderr that contains all `parts`, having printed no result.
    #[track_caller]
    pub fn refuses(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.story());
        assert_eq!(self.stdout, "", "{}", self.story());
        let remark = |line: &&str| !line.starts_with("warning: ") && !line.starts_with("note: ");
        let lines: Vec<&str> = self.stderr.lines().filter(remark).collect();
        assert_eq!(lines.len(), 1, "not one sentence{}", self.story());
        assert!(lines[0].starts_with("error: "), "{}", self.story());
        for part in parts {
            assert!(lines[0].contains(part), "the sentence lacks {part:?}{}", self.story());
        }
        // Collected by whoever wants to see the sentences: cargo test -- --nocapture.
        println!("[{code}] {}", lines[0]);
        self
    }

    /// It was asked for wrongly, which clap says in its own form: exit code 2, and all `parts` on stderr.
    #[track_caller]
    pub fn refuses_usage(self, parts: &[&str]) -> Self {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{}", self.story());
        for part in parts {
            assert!(self.stderr.contains(part), "stderr lacks {part:?}{}", self.story());
        }
        self
    }

    /// Whether there is a file or folder called `name`.
    pub fn listing_has(&self, name: &str) -> bool {
        self.listing.lines().any(|line| line.trim_end_matches('/') == name)
    }

    /// Nothing is left at `name`.
    #[track_caller]
    pub fn leaves_no(self, name: &str) -> Self {
        let left = self
            .listing
            .lines()
            .any(|line| line.trim_end_matches('/') == name || line.starts_with(&format!("{name}/")));
        assert!(!left, "something was left at {name}{}", self.story());
        self
    }

    /// The result, which `--json` prints as one line.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.story());
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}{}", self.story()))
    }
}

/// Everything that takes time is as small as it can be.
const TINY: &str = "
[data]
shapes_train = 64
shapes_test = 20
image_size = 16
[model]
patch_size = 4
encoder = { dim = 16, depth = 1, heads = 2 }
decoder = { dim = 8, depth = 1, heads = 2 }
[method]
k = 1
wse = 1
[pretrain]
epochs = 2
batch_size = 32
warmup_epochs = 1
[finetune]
epochs = 1
batch_size = 32
[linprobe]
epochs = 2
batch_size = 32
augmentation = \"none\"
[[runs]]
name = \"scratch\"
[[runs]]
name = \"mae\"
[[runs]]
name = \"mae-new\"
";
