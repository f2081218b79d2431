//! How the loss of a pre-training runs: how rough it is, and whether it still moves at the end.

use std::collections::BTreeMap;

use super::claim::label;
use super::finding::{Measured, NotRun};
use super::lines::line;
use crate::comparison::RunGroup;
use crate::run_directory::{MethodSetting, Run, Stage, TargetChange};
use crate::statistics::{Basis, Estimate, half_width, mean, relative_trend};

/// The mean roughness of the loss of `first` less that of `second`, over the epochs after the switch that both have.
/// Several common seeds are paired. With one, its epochs are paired in stretches of as many as `first` goes without a
/// new copy: epochs just after a copy are all rougher, stretches are alike.
///
/// # Errors
/// What was not run, or not measured.
pub fn roughness(groups: &[RunGroup], first: &MethodSetting, second: &MethodSetting) -> Result<Measured, Vec<NotRun>> {
    const WHAT: &str = "pre-training with stability lines";
    let has_some = |group: &RunGroup| finished(group).any(|run| !rough_epochs(run).is_empty());
    let found = [first, second].map(|setting| line(groups, setting, WHAT, has_some));
    let [Ok(first_line), Ok(second_line)] = found else {
        return Err(found.into_iter().filter_map(Result::err).collect());
    };
    // One list a seed, of both roughnesses in each epoch.
    let seeds = finished(first_line).filter_map(|run| {
        let partner = finished(second_line).find(|partner| partner.about.seed == run.about.seed)?;
        let partner = rough_epochs(partner);
        let both = |(epoch, rough)| Some([rough, *partner.get(&epoch)?]);
        Some(rough_epochs(run).into_iter().filter_map(both).collect::<Vec<[f64; 2]>>())
    });
    let seeds: Vec<Vec<[f64; 2]>> = seeds.filter(|epochs| !epochs.is_empty()).collect();
    let of_seed = |epochs: &Vec<[f64; 2]>| [0, 1].map(|side| mean_of(epochs, |epoch| epoch[side]));
    let means: Vec<[f64; 2]> = seeds.iter().map(of_seed).collect();
    let sides = [0, 1].map(|side| mean_of(&means, |seed| seed[side]));
    let less = |pair: &[f64; 2]| pair[0] - pair[1];
    let (half, basis) = match seeds.as_slice() {
        [] => {
            let of = format!("{} that {} shares", label(first), label(second));
            return Err(vec![NotRun { what: format!("a seed of {WHAT}"), of }]);
        }
        [epochs] => {
            let period = first.k.and_then(|k| usize::try_from(k).ok()).unwrap_or(1).max(1);
            let stretches: Vec<f64> = epochs.chunks(period).map(|stretch| mean_of(stretch, less)).collect();
            (half_width(&stretches), Basis::Stretches(stretches.len()))
        }
        seeds => (half_width(&means.iter().map(less).collect::<Vec<f64>>()), Basis::Seeds(seeds.len())),
    };
    Ok(Measured { sides: Some(sides), estimate: Estimate::around(less(&sides), half, basis), chosen: None })
}

/// The change of the loss of `setting` over the last quarter of its epochs, along a least-squares line, in percent of
/// its mean there: the mean over seeds where there are several, else with the standard error of the line.
///
/// # Errors
/// What was not run.
pub fn late_change(groups: &[RunGroup], setting: &MethodSetting) -> Result<Measured, Vec<NotRun>> {
    let changes = |group: &RunGroup| -> Vec<(usize, (f64, f64))> {
        finished(group)
            .filter_map(|run| {
                let losses: Vec<f64> = run.metrics.epochs.iter().filter_map(|line| line.loss).collect();
                let quarter = &losses[losses.len() - losses.len() / 4..];
                Some((quarter.len(), relative_trend(quarter)?))
            })
            .collect()
    };
    let found = line(groups, setting, "pre-training of 12 epochs or more", |group| !changes(group).is_empty());
    let estimate = match changes(found.map_err(|name| vec![name])?).as_slice() {
        [(epochs, (change, half))] => Estimate::around(*change, Some(*half), Basis::Epochs(*epochs)),
        seeds => {
            let changes: Vec<f64> = seeds.iter().map(|(_, (change, _))| *change).collect();
            Estimate::around(mean(&changes).unwrap_or_default(), half_width(&changes), Basis::Seeds(changes.len()))
        }
    };
    Ok(Measured { sides: None, estimate, chosen: None })
}

/// The pre-trainings of a line that came to their end.
fn finished<'a>(group: &RunGroup<'a>) -> impl Iterator<Item = &'a Run> {
    group.stage(Stage::Pretrain).filter(|run| run.finished())
}

/// The roughness of the loss in each epoch after that in which features took the place of pixels.
fn rough_epochs(run: &Run) -> BTreeMap<u64, f64> {
    let changes = run.metrics.epochs.iter().flat_map(|line| line.changes());
    let switch = changes.filter(|(_, change)| *change == TargetChange::Switch).map(|(epoch, _)| epoch).next();
    let is_after = |epoch: u64| switch.is_some_and(|switch| epoch as f64 > switch);
    let lines = run.metrics.stability.iter().filter(|line| is_after(line.epoch));
    lines.filter_map(|line| Some((line.epoch, line.loss_roughness?))).collect()
}

fn mean_of<T>(values: &[T], value: impl Fn(&T) -> f64) -> f64 {
    mean(&values.iter().map(value).collect::<Vec<f64>>()).unwrap_or_default()
}
