//! The list of runs.

use std::ops::Range;
use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::theme::{Theme, letter};
use crate::app::App;
use crate::row::{Column, done, fill, fit, gap, terse};
use crate::runs::WatchedRun;

/// Columns before the first: the sign of the selected run, the letter of its curve, and the sign of a warning.
const MARGIN: usize = 3;

/// Columns of a bar where there is room.
const BAR: usize = 12;

/// The columns that found room.
struct Kept {
    columns: Vec<(Column, usize)>,
    /// Spaces between two.
    gap: usize,
}

/// Draws headings and as many runs as there is room for, the selected one among them.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme, now: Instant) {
    let width = usize::from(area.width).saturating_sub(MARGIN);
    let text = |watched: &WatchedRun| Column::ALL.map(|column| column.text(watched, now, terse(width))).to_vec();
    let lines: Vec<Vec<String>> = app.runs.watched.iter().map(text).collect();
    let kept = Kept { columns: fit(&lines, width, BAR), gap: gap(width) };

    let mut shown = vec![headings(&kept, theme)];
    let places = shown_places(app, area.height);
    for (place, (watched, cells)) in
        app.runs.watched.iter().zip(&lines).enumerate().skip(places.start).take(places.len())
    {
        shown.push(row(app, watched, cells, &kept, place == app.place(), theme));
    }
    for (row, line) in area.rows().zip(shown) {
        frame.render_widget(line, row);
    }
}

/// Which runs are in sight where the list has so many lines, one of them for the headings; `None` if all are. Arrows
/// say on which side there are more.
pub(super) fn in_sight(app: &App, height: u16) -> Option<String> {
    let count = app.runs.watched.len();
    let places = shown_places(app, height);
    if places.is_empty() || places.len() == count {
        return None;
    }
    let above = if places.start > 0 { " ▲" } else { "" };
    let below = if places.end < count { " ▼" } else { "" };
    let range = if places.len() == 1 { places.end.to_string() } else { format!("{}-{}", places.start + 1, places.end) };
    Some(format!("{range} of {count}{above}{below}"))
}

/// The places of the runs that are shown in so many lines.
fn shown_places(app: &App, height: u16) -> Range<usize> {
    let count = app.runs.watched.len();
    let room = usize::from(height).saturating_sub(1);
    let first = first_shown(app.place(), count, room);
    first..(first + room).min(count)
}

/// The first run of a list of `count` that is shown in `room` lines so that the one at `place` is.
fn first_shown(place: usize, count: usize, room: usize) -> usize {
    (place + 1).saturating_sub(room.div_ceil(2)).min(count.saturating_sub(room)).min(place)
}

fn headings(kept: &Kept, theme: Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ".repeat(MARGIN))];
    for (i, &(column, width)) in kept.columns.iter().enumerate() {
        spans.push(Span::raw(" ".repeat(if i == 0 { 0 } else { kept.gap })));
        spans.push(Span::styled(fill(column.heading(), width, column.right()), theme.quiet()));
    }
    Line::from(spans)
}

fn row(app: &App, watched: &WatchedRun, cells: &[String], kept: &Kept, selected: bool, theme: Theme) -> Line<'static> {
    let sign = if app.hidden(watched) { '·' } else { letter(watched.number) };
    let mut spans = vec![
        Span::raw(if selected { ">" } else { " " }),
        Span::styled(sign.to_string(), theme.run(watched.number).add_modifier(Modifier::BOLD)),
        Span::styled(if watched.warning().is_some() { "!" } else { " " }, theme.warning()),
    ];
    for (i, &(column, width)) in kept.columns.iter().enumerate() {
        spans.push(Span::raw(" ".repeat(if i == 0 { 0 } else { kept.gap })));
        let text = Column::ALL.iter().zip(cells).find(|(other, _)| **other == column).map_or("", |(_, text)| text);
        match column {
            Column::Bar => spans.extend(bar(done(watched), width, theme.run(watched.number), theme)),
            Column::State => spans.push(Span::styled(fill(text, width, false), theme.state(watched))),
            _ => spans.push(Span::raw(fill(text, width, column.right()))),
        }
    }
    let line = Line::from(spans);
    if selected { line.style(Style::new().add_modifier(Modifier::BOLD)) } else { line }
}

/// A bar of `width` columns, in eighths of a column; nothing where there is no plan.
fn bar(done: Option<f64>, width: usize, style: Style, theme: Theme) -> [Span<'static>; 2] {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let Some(done) = done else { return [Span::raw(" ".repeat(width)), Span::raw("")] };
    let eighths = (done * 8.0 * width as f64).floor() as usize;
    let full = (eighths / 8).min(width);
    let part = if full < width { PARTS[eighths % 8] } else { "" };
    let rest = width - full - usize::from(!part.is_empty());
    [Span::styled("█".repeat(full) + part, style), Span::styled("·".repeat(rest), theme.quiet())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_run_is_always_in_sight() {
        for count in 1..30 {
            for place in 0..count {
                for room in 1..12 {
                    let first = first_shown(place, count, room);
                    assert!((first..first + room).contains(&place), "{place} of {count} in {room} from {first}");
                    assert!(first == 0 || first + room <= count, "no empty lines at the end");
                }
            }
        }
    }

    #[test]
    fn a_bar_is_as_wide_as_it_should_be() {
        for done in [0.0, 0.01, 0.3, 0.999, 1.0] {
            let spans = bar(Some(done), 12, Style::new(), Theme { colour: true });
            assert_eq!(spans.iter().map(Span::width).sum::<usize>(), 12);
        }
    }
}
