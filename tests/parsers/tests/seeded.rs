//! The corpus of the fuzz targets, and seeded mutations of it, on any compiler.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bmae_parsers::mutation::mutated;
use bmae_parsers::{PARSERS, Parser, peak_of};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The variable that names the seconds for each parser, for whoever wants more than a look.
const SECONDS: &str = "BMAE_PARSER_SECONDS";

/// Memory that any parser may take, and what it may take for each byte of its input: one of an image only describes its
/// pixels, alone or in an archive.
const MEMORY: usize = 8 << 20;
const MEMORY_FOR_A_BYTE: usize = 64;
const UNBOUNDED: [&str; 3] = ["image", "shard", "zip"];

/// Mutations of each parser's corpus, as long as there is time for them.
const MUTATIONS: u64 = 2000;

fn corpus(parser: &Parser) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(parser.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("it can be read"))).collect()
}

/// Gives `bytes` to `parser`, and returns the memory that it took. An input that makes it panic, or that it takes more
/// memory for than it may, is kept and named.
#[track_caller]
fn takes(parser: &Parser, bytes: &[u8], what: &str) -> usize {
    let failed = match catch_unwind(AssertUnwindSafe(|| peak_of(parser, bytes))) {
        Ok(peak) if UNBOUNDED.contains(&parser.name) || peak <= MEMORY + MEMORY_FOR_A_BYTE * bytes.len() => {
            return peak;
        }
        Ok(peak) => format!("it took {peak} bytes of memory for {}", bytes.len()),
        Err(panic) => format!("it panicked: {}", text(&*panic)),
    };
    let kept = std::env::temp_dir().join(format!("bmae-parser-{}", parser.name));
    fs::write(&kept, bytes).expect("there is room");
    panic!("{}, {what}: {failed}; the input is {}", parser.name, kept.display());
}

fn text(panic: &dyn Any) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}

#[test]
fn no_parser_panics_at_its_corpus_or_at_nothing() {
    for parser in PARSERS {
        takes(parser, &[], "an empty input");
        for (path, bytes) in corpus(parser) {
            takes(parser, &bytes, &path.display().to_string());
        }
    }
}

#[test]
fn no_parser_refuses_all_of_its_corpus() {
    for parser in PARSERS {
        let taken = corpus(parser).into_iter().filter(|(_, bytes)| (parser.read)(bytes)).count();
        assert!(taken > 0, "{} refuses each file of its corpus: the target tries nothing", parser.name);
    }
}

#[test]
fn no_parser_panics_at_the_first_bytes_of_a_file_of_its_corpus() {
    const CUTS: usize = 60;
    for parser in PARSERS {
        for (path, bytes) in corpus(parser) {
            for cut in (0..bytes.len()).step_by(bytes.len() / CUTS + 1) {
                takes(parser, &bytes[..cut], &format!("{} cut to {cut} bytes", path.display()));
            }
        }
    }
}

#[test]
fn no_parser_panics_at_seeded_mutations_of_its_corpus() {
    let given = std::env::var(SECONDS).ok().and_then(|text| text.parse().ok());
    let time = Duration::from_secs_f64(given.unwrap_or(1.5));
    println!("parser           mutations  most memory");
    for parser in PARSERS {
        let corpus = corpus(parser);
        let (began, mut seed, mut most) = (Instant::now(), 0, 0);
        while began.elapsed() < time && (given.is_some() || seed < MUTATIONS) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let [one, other] = [(); 2].map(|()| random.random_range(0..corpus.len()));
            let bytes = mutated(&corpus[one].1, &corpus[other].1, &mut random);
            most = most.max(takes(parser, &bytes, &format!("mutation {seed}")));
            seed += 1;
        }
        println!("{:<15}  {seed:>9}  {:>7.1} MiB", parser.name, most as f64 / f64::from(1 << 20));
    }
}
