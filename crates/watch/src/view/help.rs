//! The keys and the signs, over all else.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

/// What is explained.
const LINES: [&str; 15] = [
    "j k ↑ ↓   select a run",
    "space     hide or show its curve",
    "o         it alone, or all shown",
    "tab ← →   what is drawn",
    "l         logarithmic scale",
    "r         look for news now",
    "w         all of the last message",
    "q Esc ^C  leave",
    "",
    "s  switch: pixels to features",
    "c  copy of the student as target",
    "!  failed, collapsed, unreadable",
    "s and c are the selected run's.",
    "Runs of its stage alone are drawn.",
    "Any key closes this.",
];

/// Draws it in the middle.
pub(super) fn draw(frame: &mut Frame, area: Rect, title: &str) {
    let lines = LINES.map(Line::from).to_vec();
    let wanted = lines.iter().map(Line::width).max().unwrap_or(0) as u16;
    let place = area.centered(Constraint::Length(wanted + 4), Constraint::Length(LINES.len() as u16 + 2));
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(format!(" {title} ")).padding(ratatui::widgets::Padding::horizontal(1));
    let text = Paragraph::new(lines).wrap(Wrap { trim: false }).block(block);
    frame.render_widget(text, place);
}
