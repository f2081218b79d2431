//! The processes that `mpirun` or `srun` started together, and of which this is one: joined once, left once.
//!
//! The first rank talks for all. What only another one can know, why it failed, it says itself, with its number.

use bmae_train::ranks::Ranks;

use crate::arguments::Command;
use crate::ending::Ending;

#[cfg(not(feature = "mpi"))]
pub use alone::{abort, all, join, leave};
#[cfg(feature = "mpi")]
pub use joined::{abort, all, join, leave};

/// Of a build that knows MPI.
#[cfg(feature = "mpi")]
mod joined {
    use std::cell::OnceCell;
    use std::rc::Rc;
    use std::time::Duration;

    use bmae_kernels::instruction_set::InstructionSet;
    use bmae_output::count::count;
    use bmae_train::ranks::launch::Launcher;
    use bmae_train::ranks::mpi::Connection;

    use super::{Command, Ending, Ranks};
    use crate::launched::launch;
    use crate::output::say;

    /// How long a rank that fails leaves it to the first to say so: most failures are everybody's.
    const PATIENCE: Duration = Duration::from_secs(2);

    thread_local! {
        static CONNECTION: OnceCell<Rc<Connection>> = const { OnceCell::new() };
    }

    /// Joins the others where several processes were started, for `command`. Gives what a user should know of it.
    ///
    /// # Errors
    /// When `command` is none that they can share, or MPI knows nothing of the others.
    pub fn join(command: &Command) -> Result<Option<String>, Ending> {
        let Some(launch) = launch() else { return Ok(None) };
        if !super::is_shared(command) {
            let started = format!("{} started {}", launch.launcher, count(launch.count, "process"));
            let message = format!(
                "{started}, but this command is not one that they can share: start it alone; pretrain, finetune, linprobe, knn \
                 and resume can be shared"
            );
            return Err(Ending::Usage(message.into()));
        }
        let connection = Connection::open().ok_or_else(|| Ending::Failure("MPI was opened twice".into()))?;
        let found = connection.ranks().count();
        if found != launch.count {
            let how = match launch.launcher {
                Launcher::Srun => {
                    "start them with `srun --mpi=pmix` or `--mpi=pmi2`, whichever `srun --mpi=list` names"
                }
                Launcher::Mpirun => "start them with the mpirun of the MPI that this program was built with",
            };
            return Err(Ending::Failure(
                format!("{} started {}, but MPI sees {found}: {how}", launch.launcher, count(launch.count, "process"))
                    .into(),
            ));
        }
        let told = agree_on_instructions(&connection.ranks());
        CONNECTION.with(|cell| drop(cell.set(connection)));
        Ok(told)
    }

    /// Lets all ranks compute with the instructions that each of their machines has: where they round otherwise, the weights of the
    /// ranks drift apart.
    fn agree_on_instructions(ranks: &Ranks) -> Option<String> {
        let number = |set| InstructionSet::ALL.iter().position(|other| *other == set).unwrap_or(0) as u8;
        let of_all = ranks.behind_each_other(vec![number(
            InstructionSet::from_environment().unwrap_or_else(|_| InstructionSet::best()),
        )]);
        let (narrowest, widest) = (of_all.iter().min()?, of_all.iter().max()?);
        let settled = InstructionSet::ALL[usize::from(*narrowest)].settle();
        (narrowest != widest)
            .then(|| format!("the machines of the ranks differ: all compute with {settled}, which each has"))
    }

    /// All ranks; this process alone where none were joined.
    pub fn all() -> Ranks {
        CONNECTION.with(|cell| cell.get().map_or_else(Ranks::default, Connection::ranks))
    }

    /// Leaves the others, once all are through.
    pub fn leave() {
        CONNECTION.with(|cell| cell.get().into_iter().for_each(|connection| connection.close()));
    }

    /// Ends all ranks where this one has failed with `line`, which is said. Returns where there are no others.
    pub fn abort(line: &str, code: i32) {
        CONNECTION.with(|cell| {
            let Some(connection) = cell.get() else { return };
            let ranks = connection.ranks();
            match ranks.is_first() {
                true => say(line),
                false => {
                    std::thread::sleep(PATIENCE);
                    say(&format!("rank {} of {}: {line}", ranks.rank(), ranks.count()));
                }
            }
            connection.abort(code)
        });
    }
}

/// Of a build that does not.
#[cfg(not(feature = "mpi"))]
mod alone {
    use super::{Command, Ending, Ranks};

    /// There is nobody to join.
    pub fn join(_: &Command) -> Result<Option<String>, Ending> {
        Ok(None)
    }

    /// This process.
    pub fn all() -> Ranks {
        Ranks::default()
    }

    /// There is nobody to leave.
    pub fn leave() {}

    /// There is nobody to end.
    pub fn abort(_: &str, _: i32) {}
}

/// Whether several processes can share the work of `command`.
#[cfg(feature = "mpi")]
fn is_shared(command: &Command) -> bool {
    matches!(
        command,
        Command::Pretrain(_) | Command::Finetune(_) | Command::Linprobe(_) | Command::Knn(_) | Command::Resume(_)
    )
}
