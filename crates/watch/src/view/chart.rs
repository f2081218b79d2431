//! What is drawn below the list: tabs, legend, and the curves or a sentence why there are none.

use bmae_report::Stage;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::{Paragraph, Wrap};

use super::axis::Scale;
use super::legend::{legend_line, tab_line};
use super::plot::draw_plot;
use super::theme::Theme;
use crate::app::App;
use crate::numbers::short;
use crate::runs::WatchedRun;
use crate::series::{Curve, Metric, curves};

/// Fewer columns or lines than these hold no curve.
const LEAST: (u16, u16) = (12, 3);

/// Draws the tabs, the legend and the curves into `area`; what has no room is left out.
pub(super) fn draw(frame: &mut Frame, area: Rect, app: &App, theme: Theme) {
    let [tabs, area] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(tab_line(app.metric(), tabs.width, theme), tabs);

    let metric = app.metric();
    let drawn = app.drawn();
    let mut with_curves: Vec<(&WatchedRun, Vec<Curve>)> = drawn
        .iter()
        .filter_map(|watched| Some((*watched, curves(watched.run.as_ref()?, metric))))
        .filter(|(_, curves)| !curves.is_empty())
        .collect();
    // The legend has room for a few: the selected run first.
    let selected = app.selected().map(|run| &run.directory);
    with_curves.sort_by_key(|(run, _)| Some(&run.directory) != selected);
    let values = || with_curves.iter().flat_map(|(_, curves)| curves).flat_map(|curve| &curve.points);
    let x = Scale::over(values().map(|point| point.0), false, false);
    let y = Scale::over(values().map(|point| point.1), app.log, true);
    let (Some(x), Some(y)) = (x, y) else {
        let sentence = nothing(app, metric, &drawn, !with_curves.is_empty());
        frame.render_widget(Paragraph::new(sentence).wrap(Wrap { trim: true }).style(theme.quiet()), area);
        return;
    };
    if app.selected().and_then(WatchedRun::stage) == Some(Stage::Knn) && values().count() == with_curves.len() {
        frame.render_widget(Paragraph::new(single_numbers(metric, &with_curves)).wrap(Wrap { trim: true }), area);
        return;
    }
    let left_out = if app.log { values().filter(|point| point.1 <= 0.0).count() } else { 0 };

    let [legend, plot] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    frame.render_widget(legend_line(metric, &with_curves, app.log, left_out, legend.width, theme), legend);
    if plot.width >= LEAST.0 && plot.height >= LEAST.1 {
        draw_plot(frame, plot, app, &with_curves, (x, y), theme);
    }
}

/// What runs that measure once, not over epochs, came to.
fn single_numbers(metric: Metric, runs: &[(&WatchedRun, Vec<Curve>)]) -> String {
    let number = |(run, curves): &(&WatchedRun, Vec<Curve>)| {
        let value = curves.first()?.points.first()?.1;
        Some(format!("{} {}", run.title(), short(value)))
    };
    let numbers: Vec<String> = runs.iter().filter_map(number).collect();
    format!("{}{}, measured once: {}", metric.title(), metric.note(), numbers.join(", "))
}

/// Why there is no curve, and what to do.
fn nothing(app: &App, metric: Metric, drawn: &[&WatchedRun], has_values: bool) -> String {
    if has_values {
        return format!(
            "{}: no value above zero, none has a place on a logarithmic scale; l changes it",
            metric.title()
        );
    }
    if drawn.is_empty() {
        return "all runs of this stage are hidden: space shows the selected one".to_owned();
    }
    match app.selected() {
        Some(run) if app.hidden(run) && !app.alone => {
            format!("no {} in the runs that are shown: space shows the selected one", metric.tab())
        }
        Some(run) if run.run.is_none() => "the selected run cannot be read".to_owned(),
        Some(run) => format!("{} has logged no {} so far: tab shows something else", run.title(), metric.title()),
        None => String::new(),
    }
}
