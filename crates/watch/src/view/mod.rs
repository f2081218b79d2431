//! What is on the screen: the list of runs, the curves, what went wrong, and the keys.

mod axis;
mod chart;
mod help;
mod legend;
mod message;
mod plot;
mod status;
mod table;
mod theme;

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use crate::app::{App, Overlay};
use crate::row::columns;
use theme::Theme;

/// Lines that the curves want before the list gets more than a few.
const CHART: u16 = 14;

/// Fewer lines than these are not worth curves.
const LEAST_CHART: u16 = 6;

/// Draws everything as it stands at `now`. Any size will do: what has no room is left out.
pub(crate) fn draw(frame: &mut Frame, app: &App, now: Instant) {
    let theme = Theme { colour: app.options.colour };
    let area = frame.area();
    let status = status::height(app, area);
    let list = list_height(area.height.saturating_sub(2 + status), app.runs.watched.len());
    let [title, table, chart, status, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(list),
        Constraint::Min(0),
        Constraint::Length(status),
        Constraint::Length(1),
    ])
    .areas(area);

    draw_title(frame, title, app, table.height, theme);
    if app.runs.watched.is_empty() {
        frame.render_widget(Paragraph::new(app.runs.waiting()).wrap(Wrap { trim: true }), chart);
    } else {
        table::draw(frame, table, app, theme, now);
        if chart.height >= LEAST_CHART {
            let [_, chart] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(chart);
            chart::draw(frame, chart, app, theme);
        }
        status::draw(frame, status, app, theme);
    }
    draw_keys(frame, keys, theme);
    match app.overlay {
        Some(Overlay::Help) => help::draw(frame, area, app.options.command),
        Some(Overlay::Message) => message::draw(frame, area, app),
        None => {}
    }
}

/// Lines of the list: headings and all runs where the curves keep their part, else a third of what there is; all of it
/// where there is no room for curves.
fn list_height(height: u16, runs: usize) -> u16 {
    let wanted = u16::try_from(runs).unwrap_or(u16::MAX).saturating_add(1);
    if runs == 0 {
        0
    } else if height < LEAST_CHART + 3 {
        wanted.min(height)
    } else {
        wanted.min(height.saturating_sub(CHART).max(height / 3).max(4)).min(height - LEAST_CHART)
    }
}

/// The program, which runs are in sight in a list of so many lines unless all are, and how many are in which state.
fn draw_title(frame: &mut Frame, area: Rect, app: &App, list: u16, theme: Theme) {
    let runs = &app.runs.watched;
    let mut states = ["running", "finished", "stopped", "failed", "unreadable"].map(|word| (word, 0));
    for watched in runs {
        let word = match &watched.run {
            Some(run) if watched.read_error.is_none() => run.state().word(),
            _ => "unreadable",
        };
        for (_, count) in states.iter_mut().filter(|(other, _)| *other == word) {
            *count += 1;
        }
    }
    let states: Vec<String> =
        states.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    let mut spans = vec![Span::styled(app.options.command, Modifier::BOLD)];
    spans.extend(table::in_sight(app, list).map(|part| Span::raw(format!("  {part}"))));
    spans.push(Span::styled(format!("  {}", states.join(", ")), theme.quiet()));
    let line = Line::from(spans);
    frame.render_widget(line, area);
}

/// The keys that there is room for, the most needed first.
fn draw_keys(frame: &mut Frame, area: Rect, theme: Theme) {
    const KEYS: [&str; 8] =
        ["q quit", "? help", "j/k select", "tab metric", "l log", "space hide", "o alone", "w message"];
    let mut line = String::new();
    for key in KEYS {
        if columns(&line) + columns(key) + 3 > usize::from(area.width) {
            break;
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(key);
    }
    frame.render_widget(Line::from(line).style(theme.quiet()), area);
}

#[cfg(test)]
mod tests;
