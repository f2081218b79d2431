//! What is to be said of the selected run, and what went wrong with any.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::theme::Theme;
use crate::app::App;
use crate::row::{columns, cut};
use crate::runs::{Watched, plain};

/// Lines that a warning may take, on a terminal of less than twenty lines and on a higher one.
const MOST: [u16; 2] = [2, 5];

/// What is said.
enum Said {
    /// What went wrong with the selected run: all of it.
    Warning(String),
    /// What went wrong with another run: its beginning.
    Elsewhere(String),
    /// What the selected run is.
    Fact(String),
}

/// The warning of the selected run, else that of the first run with one, else what the selected run is; nothing without runs.
fn said(app: &App) -> Option<Said> {
    let selected = app.selected()?;
    if let Some(warning) = selected.warning() {
        return Some(Said::Warning(warning));
    }
    if let Some(warning) = app.runs.watched.iter().find_map(Watched::warning) {
        return Some(Said::Elsewhere(warning));
    }
    let run = selected.run.as_ref()?;
    let mut parts = vec![selected.directory.display().to_string()];
    parts.extend(run.about.data.clone());
    parts.extend(run.about.from.as_ref().map(|from| format!("from {from}")));
    parts.extend(run.about.started.as_ref().map(|started| format!("started {started}")));
    Some(Said::Fact(plain(&parts.join(", "))))
}

/// How many lines of an area are wanted: one, or more for a warning.
pub(super) fn height(app: &App, area: Rect) -> u16 {
    match said(app) {
        Some(Said::Warning(text)) => {
            // Words at the line ends take a little more than their letters.
            let lines = (columns(&text) * 10).div_ceil(usize::from(area.width.max(1)) * 9);
            (lines as u16).clamp(1, MOST[usize::from(area.height >= 20)])
        }
        Some(_) => 1,
        None => 0,
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let line = |text: String| Line::from(cut(&text, usize::from(area.width)));
    match said(app) {
        Some(Said::Warning(text)) => {
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).style(theme.warning()), area);
        }
        Some(Said::Elsewhere(text)) => frame.render_widget(line(text).style(theme.warning()), area),
        Some(Said::Fact(text)) => frame.render_widget(line(text).style(theme.quiet()), area),
        None => {}
    }
}
