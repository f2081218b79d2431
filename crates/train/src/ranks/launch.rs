//! Who started this process, and as how many: what engines tell in the environment, before anything is connected.

use std::fmt;

/// One of several processes that were started together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    /// What started them.
    pub launcher: Launcher,
    /// The number of this process, from 0.
    pub rank: usize,
    /// How many processes there are.
    pub count: usize,
    /// How many of them are on this machine, where that is told; else all.
    pub on_this_machine: usize,
}

/// What starts several processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launcher {
    /// `mpirun` or `mpiexec`.
    Mpirun,
    /// SLURM's `srun`, without an MPI of its own.
    Srun,
}

impl fmt::Display for Launcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mpirun => "mpirun",
            Self::Srun => "srun",
        })
    }
}

/// The variables of a launcher: number of processes, number of this one, and processes on this machine.
const VARIABLES: [(Launcher, [&str; 3]); 3] = [
    (Launcher::Mpirun, ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"]),
    (Launcher::Mpirun, ["PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS"]),
    (Launcher::Srun, ["SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_TASKS_PER_NODE"]),
];

impl Launch {
    /// What the environment says; `None` where this process was started alone.
    pub fn from_environment() -> Option<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        // SLURM writes `2(x3),1` for nodes of 2, 2, 2 and 1: the number of the first stands for all.
        let number = |name: &str| {
            let text = variable(name)?;
            let digits = text.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
            digits.parse::<usize>().ok()
        };
        VARIABLES.iter().find_map(|&(launcher, [count, rank, here])| {
            let (count, rank) = (number(count)?, number(rank)?);
            let on_this_machine = number(here).unwrap_or(count).clamp(1, count.max(1));
            (count > 1).then_some(Self { launcher, rank, count, on_this_machine })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<Launch> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Launch::from_variables(find)
    }

    #[test]
    fn a_process_that_nobody_started_with_others_is_alone() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("OMPI_COMM_WORLD_SIZE", "1"), ("OMPI_COMM_WORLD_RANK", "0")]), None);
        assert_eq!(of(&[("SLURM_STEP_NUM_TASKS", "1"), ("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8")]), None);
        assert_eq!(of(&[("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")]), None, "the script of a job is no task of it");
    }

    #[test]
    fn every_launcher_tells_numbers_in_its_own_words() {
        let of_open_mpi =
            [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3"), ("OMPI_COMM_WORLD_LOCAL_SIZE", "2")];
        let expected = Launch { launcher: Launcher::Mpirun, rank: 3, count: 4, on_this_machine: 2 };
        assert_eq!(of(&of_open_mpi), Some(expected));
        let of_srun = [("SLURM_STEP_NUM_TASKS", "7"), ("SLURM_PROCID", "0"), ("SLURM_STEP_TASKS_PER_NODE", "2(x3),1")];
        let expected = Launch { launcher: Launcher::Srun, rank: 0, count: 7, on_this_machine: 2 };
        assert_eq!(of(&of_srun), Some(expected));
        let of_hydra = [("PMI_SIZE", "2"), ("PMI_RANK", "1")];
        assert_eq!(of(&of_hydra).map(|launch| launch.on_this_machine), Some(2));
    }
}
