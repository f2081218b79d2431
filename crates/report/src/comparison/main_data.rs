//! The data set that what compares lines is about, where they are on several.

use std::collections::BTreeMap;

use super::group::RunGroup;
use super::published_accuracy::has_published_data;

/// The place of the data set that figures and conclusions are about: the published one, where lines are on it, else that
/// of most lines; `None` where no line has any.
pub(crate) fn main_data(groups: &[RunGroup]) -> Option<usize> {
    let own = || groups.iter().filter(|group| !group.added);
    let published = own().filter(|group| has_published_data(group)).find_map(RunGroup::data_place);
    let mut lines: BTreeMap<usize, usize> = BTreeMap::new();
    own().filter_map(RunGroup::data_place).for_each(|place| *lines.entry(place).or_default() += 1);
    // The first of equals.
    published.or_else(|| lines.into_iter().rev().max_by_key(|(_, count)| *count).map(|(place, _)| place))
}

/// Whether a line's evaluations are on the data set at this place; one without any stands beside every data set.
pub(crate) fn on_main_data(group: &RunGroup, main: Option<usize>) -> bool {
    group.data.is_none() || group.data_place() == main
}
