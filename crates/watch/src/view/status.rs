//! What is to be said of the selected run, and what went wrong with any.

use bmae_output::plain::{plain, plain_path};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::theme::Theme;
use crate::app::App;
use crate::row::{columns, cut};
use crate::runs::WatchedRun;
use crate::wrap::wrap;

/// A warning may take one line in so many of the terminal, and two in any.
const SHARE: u16 = 4;

/// What stands behind a message that was cut: the key that shows all of it.
const MORE: &str = " w: all";

/// Fewer columns than these are needed for the message itself.
const NARROW: usize = 30;

/// What is said.
pub(super) enum Status<'a> {
    /// What went wrong with a run: all of it if the run is the selected one, else its beginning.
    Warning {
        /// The sentence.
        text: String,
        /// The run.
        of: &'a WatchedRun,
        /// Whether it is the selected one.
        selected: bool,
    },
    /// What the selected run is.
    Fact(String),
}

/// The warning of the selected run, else that of the first run with one, else what the selected run is; nothing without
/// runs.
pub(super) fn status(app: &App) -> Option<Status<'_>> {
    let selected = app.selected()?;
    for run in std::iter::once(selected).chain(&app.runs.watched) {
        if let Some(text) = run.warning() {
            return Some(Status::Warning { text, of: run, selected: run.directory == selected.directory });
        }
    }
    let run = selected.run.as_ref()?;
    let mut parts = vec![plain_path(&selected.directory)];
    parts.extend(run.about.data.clone());
    parts.extend(run.about.from.as_ref().map(|from| format!("from {from}")));
    parts.extend(run.about.started.as_ref().map(|started| format!("started {started}")));
    Some(Status::Fact(plain(&parts.join(", ")).into_owned()))
}

/// How many lines of an area are wanted: one, or more for a warning of the selected run.
pub(super) fn height(app: &App, area: Rect) -> u16 {
    match status(app) {
        Some(Status::Warning { text, selected: true, .. }) => {
            let lines = wrap(&text, usize::from(area.width)).len();
            u16::try_from(lines).unwrap_or(u16::MAX).clamp(1, (area.height / SHARE).max(2))
        }
        Some(_) => 1,
        None => 0,
    }
}

/// Draws it; what is cut off says which key shows it.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let (text, style): (String, Style) = match status(app) {
        Some(Status::Warning { text, .. }) => (text, theme.warning()),
        Some(Status::Fact(text)) => (text, theme.quiet()),
        None => return,
    };
    for (row, line) in area.rows().zip(lines(&text, usize::from(area.width), usize::from(area.height))) {
        frame.render_widget(Line::from(line).style(style), row);
    }
}

/// The text on at most `most` lines, the last of them ending with the key where there is more.
fn lines(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    if lines.len() > most && most > 0 {
        let rest = lines.split_off(most - 1).join(" ");
        lines.push(if width < NARROW { cut(&rest, width) } else { cut(&rest, width - columns(MORE)) + MORE });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_names_the_key_that_shows_it() {
        let text = "the run collapses: try a longer warm-up, a slower target or a smaller rate";
        assert_eq!(lines(text, 80, 1), [text]);
        assert_eq!(lines(text, 40, 1), ["the run collapses: try a longer … w: all"]);
        assert_eq!(
            lines(text, 40, 2),
            ["the run collapses: try a longer warm-up,", "a slower target or a smaller rate"]
        );
        assert_eq!(lines(text, 20, 1), ["the run collapses: …"]);
    }
}
