//! The line of the comparison that has a setting.

use super::claim::label;
use super::finding::NotRun;
use crate::comparison::RunGroup;
use crate::run_directory::MethodSetting;

/// The line with exactly this setting that has what is `wanted` of it, in words `what`.
///
/// # Errors
/// What is missing: no line has it, or several have, of which none is preferred.
pub fn line<'a, 'b>(
    groups: &'a [RunGroup<'b>],
    setting: &MethodSetting,
    what: &str,
    wanted: impl Fn(&RunGroup) -> bool,
) -> Result<&'a RunGroup<'b>, NotRun> {
    let lines: Vec<&RunGroup> = groups.iter().filter(|group| is(&group.setting, setting) && wanted(group)).collect();
    match lines.as_slice() {
        [line] => Ok(*line),
        [] => Err(NotRun { what: what.to_owned(), of: label(setting) }),
        lines => {
            let names: Vec<&str> = lines.iter().map(|line| line.label.as_str()).collect();
            let of = format!("{} (there are {})", label(setting), names.join(" and "));
            Err(NotRun { what: format!("a single {what}"), of })
        }
    }
}

/// Whether a line's setting is the wanted one, in the parameters that the method reads. The warm-up of `mae-k` and
/// `mae-new` is their K.
fn is(found: &MethodSetting, wanted: &MethodSetting) -> bool {
    let warm_up = wanted.k.is_some() || found.wse == wanted.wse;
    let parameters = |setting: &MethodSetting| (setting.k, setting.tau, setting.slow_weight);
    found.method == wanted.method && parameters(found) == parameters(wanted) && warm_up
}
