//! All of the message below the curves, over all else.

use bmae_output::shell::quoted;
use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Padding, Paragraph};

use super::status::{Status, status};
use crate::app::App;
use crate::wrap::wrap;

/// Longer lines are hard to read.
const WIDEST: u16 = 76;

/// What the frame takes of lines.
const BORDER: u16 = 2;

/// What the frame takes of columns.
const SIDES: u16 = 4;

/// Draws it in the middle. A warning that has no room even so ends with the command that prints it.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App) {
    let (text, command) = match status(app) {
        Some(Status::Warning { text, of, .. }) => {
            (text, format!("… the rest: {} {} | less", app.options.command, quoted(&of.directory)))
        }
        Some(Status::Fact(text)) => (text, "…".to_owned()),
        None => return,
    };
    let width = usize::from(area.width.saturating_sub(SIDES).min(WIDEST));
    let most = usize::from(area.height.saturating_sub(BORDER));
    let closing = ["".to_owned(), "Any key closes this.".to_owned()];
    let mut lines = wrap(&text, width);
    if lines.len() > most {
        let command = wrap(&command, width);
        lines.truncate(most.saturating_sub(command.len()));
        lines.extend(command);
    } else if lines.len() + closing.len() <= most {
        lines.extend(closing);
    }
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(BORDER);
    let place = area.centered(Constraint::Length(width as u16 + SIDES), Constraint::Length(wanted));
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(format!(" {} ", app.options.command)).padding(Padding::horizontal(1));
    let lines: Vec<Line> = lines.into_iter().map(Line::from).collect();
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
