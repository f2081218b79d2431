//! What is to be said of the selected run, and what went wrong with any.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::theme::Theme;
use crate::app::App;
use crate::row::columns;
use crate::runs::{Watched, plain};

/// Lines that a warning may take, on a terminal of less than twenty lines and on a higher one.
const MOST: [u16; 2] = [2, 5];

/// What is said, and whether it is a warning: that of the selected run first, else that of the first run with one, else what the
/// selected run is.
fn sentence(app: &App) -> Option<(String, bool)> {
    let selected = app.selected()?;
    if let Some(warning) = selected.warning() {
        return Some((warning, true));
    }
    if let Some(warning) = app.runs.watched.iter().find_map(Watched::warning) {
        return Some((warning, true));
    }
    let run = selected.run.as_ref()?;
    let mut parts = vec![selected.directory.display().to_string()];
    parts.extend(run.about.data.clone());
    parts.extend(run.about.from.as_ref().map(|from| format!("from {from}")));
    parts.extend(run.about.started.as_ref().map(|started| format!("started {started}")));
    Some((plain(&parts.join(", ")), false))
}

/// How many lines of an area are wanted: one, or more for a warning.
pub(super) fn height(app: &App, area: Rect) -> u16 {
    match sentence(app) {
        Some((text, true)) => {
            // Words at the line ends take a little more than their letters.
            let lines = (columns(&text) * 10).div_ceil(usize::from(area.width.max(1)) * 9);
            (lines as u16).clamp(1, MOST[usize::from(area.height >= 20)])
        }
        Some((_, false)) => 1,
        None => 0,
    }
}

/// Draws it.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let Some((text, warning)) = sentence(app) else { return };
    if warning {
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).style(theme.warning()), area);
    } else {
        frame.render_widget(Line::from(crate::row::cut(&text, usize::from(area.width))).style(theme.quiet()), area);
    }
}
