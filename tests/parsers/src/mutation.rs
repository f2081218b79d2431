//! Seeded damage to bytes: what disks, networks and hands do to files.

use rand::{Rng, RngExt};

/// Numbers that parsers stumble over, as bytes of either order.
const EXTREMES: [u64; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];

/// What stands for a number in a text.
const WORDS: [&str; 12] = [
    "0",
    "-1",
    "1e999",
    "nan",
    "-0.0",
    "18446744073709551615",
    "9223372036854775808",
    "true",
    "\"\"",
    "[]",
    "{}",
    "null",
];

/// `bytes` with one to four mutations; `other` is another input of the same parser, parts of which may get in.
pub fn mutated(bytes: &[u8], other: &[u8], random: &mut impl Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..=4) {
        mutate(&mut bytes, other, random);
    }
    bytes
}

fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut impl Rng) {
    let length = bytes.len();
    // A place, and one behind it that is near more often than not.
    let from = random.random_range(0..=length);
    let reach = if random.random_bool(0.7) { 16 } else { length };
    let to = random.random_range(from..=length.min(from + reach));
    match random.random_range(0..9) {
        0 if length > 0 => bytes[from.min(length - 1)] ^= 1 << random.random_range(0..8),
        1 if length > 0 => bytes[from.min(length - 1)] = random.random(),
        2 => bytes.truncate(from),
        3 => drop(bytes.drain(from..to)),
        4 => {
            let part = bytes[from..to].to_vec();
            bytes.splice(from..from, part);
        }
        5 => bytes[from..to].fill(if random.random() { 0xff } else { 0 }),
        6 => {
            let start = random.random_range(0..=other.len());
            let end = random.random_range(start..=other.len());
            bytes.splice(from..to, other[start..end].iter().copied());
        }
        7 => {
            let number = EXTREMES[random.random_range(0..EXTREMES.len())];
            let number = if random.random() { number.to_le_bytes() } else { number.to_be_bytes() };
            let width = [1, 2, 4, 8][random.random_range(0..4)];
            let part = if random.random() { &number[..width] } else { &number[8 - width..] };
            for (place, byte) in bytes.iter_mut().skip(from).zip(part) {
                *place = *byte;
            }
        }
        _ => {
            let word = WORDS[random.random_range(0..WORDS.len())];
            bytes.splice(from..number_end(bytes, from), word.bytes());
        }
    }
}

/// Where the run of digits at `from` ends.
fn number_end(bytes: &[u8], from: usize) -> usize {
    from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count()
}
