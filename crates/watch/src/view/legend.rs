//! The lines over the curves: what can be drawn, and which run is which.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::theme::{Theme, letter};
use crate::numbers::short;
use crate::row::{columns, cut};
use crate::runs::WatchedRun;
use crate::series::{Curve, Metric};

/// All names where they fit, else the current one between arrows.
pub(super) fn tab_line(current: Metric, width: u16, theme: Theme) -> Line<'static> {
    let chosen = |text: String| Span::styled(text, Modifier::REVERSED);
    let whole: usize = Metric::ALL.iter().map(|metric| columns(metric.tab()) + 2).sum();
    if whole <= usize::from(width) {
        let tab = |metric: Metric| {
            let text = format!(" {} ", metric.tab());
            if metric == current { chosen(text) } else { Span::styled(text, theme.quiet()) }
        };
        return Line::from(Metric::ALL.map(tab).to_vec());
    }
    let name = |metric: Metric| Span::styled(format!(" {} ", metric.tab()), theme.quiet());
    Line::from(vec![
        name(current.neighbour(false)),
        chosen(format!("< {} >", current.tab())),
        name(current.neighbour(true)),
    ])
}

/// What is drawn, and of each run its letter, name and latest value; as many runs as fit.
pub(super) fn legend_line(
    metric: Metric,
    runs: &[(&WatchedRun, Vec<Curve>)],
    log: bool,
    left_out: usize,
    width: u16,
    theme: Theme,
) -> Line<'static> {
    let width = usize::from(width);
    let mut title = format!(" {}{}", metric.title(), metric.note());
    if log {
        title.push_str(", log");
    }
    if left_out > 0 {
        title.push_str(&format!(", {left_out} at or below zero left out"));
    }
    let mut used = columns(&title);
    let mut spans = vec![Span::raw(cut(&title, width)).style(Modifier::BOLD)];
    for (i, (watched, curves)) in runs.iter().enumerate() {
        let last = curves.iter().filter_map(|curve| curve.points.last()).map(|point| short(point.1));
        let name = cut(&watched.name(), 16);
        let seeds =
            runs.iter().any(|(other, _)| other.directory != watched.directory && other.name() == watched.name());
        let seed = match &watched.run {
            Some(run) if seeds => format!(" seed {}", run.about.seed),
            _ => String::new(),
        };
        let text = format!(" {name}{seed} {}", last.collect::<Vec<_>>().join(" / "));
        let rest = runs.len() - i;
        let tail = if rest > 1 { format!("  +{rest}") } else { String::new() };
        let takes = 3 + columns(&text);
        if used + takes + if rest > 1 { columns(&tail) } else { 0 } > width {
            if used + columns(&tail) <= width {
                spans.push(Span::styled(format!("  +{rest}"), theme.quiet()));
            }
            break;
        }
        used += takes;
        spans.push(Span::raw("  "));
        spans.push(Span::styled(
            letter(watched.number).to_string(),
            theme.run(watched.number).add_modifier(Modifier::BOLD),
        ));
        spans.push(Span::raw(text));
    }
    Line::from(spans)
}
