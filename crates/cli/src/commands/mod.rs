//! One thin file for each command: what was typed goes to a library, what comes back is printed.

mod asked;
mod bench;
mod checkpoint_export;
mod checkpoint_import;
mod checkpoint_info;
mod completions;
mod data_check;
mod data_download;
mod data_info;
mod data_preview;
mod features;
mod finetune;
mod forward;
mod init;
mod keys;
mod knn;
mod linprobe;
mod man;
mod neighbours;
mod plan;
mod predict;
mod pretrain;
mod reconstruct;
mod recorded;
mod replay;
mod report;
mod reproduce;
mod resume;
mod runs;
mod stage;
mod sweep;
mod watch;

use bmae_kernels::instruction_set::InstructionSet;

use crate::arguments::{Arguments, Checkpoint, Command, Data};
use crate::ending::Ending;
use crate::output::Output;
use crate::ranks;

/// Runs the command.
///
/// # Errors
/// However it ends other than well.
pub fn run(arguments: &Arguments) -> Result<(), Ending> {
    // Everything that computes asks for the set later, and then takes the best whatever the variable says.
    InstructionSet::from_environment().map_err(|error| Ending::Usage(error.into()))?;
    let told = ranks::join(&arguments.command)?;
    let everywhere = &arguments.everywhere;
    let output = Output::new(everywhere);
    told.into_iter().for_each(|text| output.note(&text));
    match &arguments.command {
        Command::Init(own) => init::run(own, everywhere, &output),
        Command::Keys(own) => keys::run(own, &output),
        Command::Reproduce(own) => reproduce::run(own, everywhere, &output),
        Command::Pretrain(own) => pretrain::run(own, everywhere, &output),
        Command::Finetune(own) => finetune::run(own, everywhere, &output),
        Command::Linprobe(own) => linprobe::run(own, everywhere, &output),
        Command::Knn(own) => knn::run(own, everywhere, &output),
        Command::Resume(own) => resume::run(own, everywhere, &output),
        Command::Report(own) => report::run(own, &output),
        Command::Sweep(own) => sweep::run(own, everywhere, &output),
        Command::Watch(own) => watch::run(own, &output),
        Command::Runs(own) => runs::run(own, &output),
        Command::Reconstruct(own) => reconstruct::run(own, everywhere, &output),
        Command::Forward(own) => forward::run(own, everywhere, &output),
        Command::Replay(own) => replay::run(own, everywhere, &output),
        Command::Features(own) => features::run(own, everywhere, &output),
        Command::Predict(own) => predict::run(own, everywhere, &output),
        Command::Neighbours(own) => neighbours::run(own, everywhere, &output),
        Command::Bench(own) => bench::run(own, everywhere, &output),
        Command::Data(Data::Download(own)) => data_download::run(own, everywhere, &output),
        Command::Data(Data::Check(own)) => data_check::run(own, everywhere, &output),
        Command::Data(Data::Info(own)) => data_info::run(own, everywhere, &output),
        Command::Data(Data::Preview(own)) => data_preview::run(own, everywhere, &output),
        Command::Checkpoint(Checkpoint::Info { file, from }) => {
            // clap sees to it that one of the two is there.
            let path = file.as_ref().or(from.as_ref());
            path.map_or(Ok(()), |path| checkpoint_info::run(path, &output))
        }
        Command::Checkpoint(Checkpoint::Export(own)) => checkpoint_export::run(own, everywhere, &output),
        Command::Checkpoint(Checkpoint::Import(own)) => checkpoint_import::run(own, everywhere, &output),
        Command::Completions { shell } => completions::run(*shell),
        Command::Man { out, force } => man::run(out, (*force).into(), &output),
    }
}
