//! What runs record of the program and the machine that made them.

use bmae_kernels::instruction_set::InstructionSet;
use bmae_output::count::count;
use bmae_train::Provenance;

use crate::launched::launch;

/// The commit that the program was built from, where that is known.
pub const COMMIT: Option<&str> = option_env!("BMAE_COMMIT");

/// Of this program on this machine.
pub fn provenance() -> Provenance {
    Provenance { commit: COMMIT.map(str::to_owned), machine: Some(machine()), ..Provenance::default() }
}

/// `2 cores, Intel(R) Xeon(R) ..., avx512, linux`.
fn machine() -> String {
    let cores = num_cpus::get_physical().max(1);
    let cores = count(cores, "core");
    let set = InstructionSet::current().to_string();
    let processor = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let ranks = launch().map(|launch| count(launch.count, "rank"));
    let machine = [cores, processor, set, std::env::consts::OS.to_owned()];
    machine.into_iter().chain(ranks).collect::<Vec<_>>().join(", ")
}

/// What the processor calls itself, on systems that say so in a file.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let name = line.split_once(':')?.1.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}
