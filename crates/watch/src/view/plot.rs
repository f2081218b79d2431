//! The curves themselves, with their axes and the changes of the targets.

use bmae_report::downsample;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::widgets::canvas::{Canvas, Context, Line as Stroke, Points};

use super::axis::Scale;
use super::theme::{Theme, letter};
use crate::app::App;
use crate::row::{columns, cut};
use crate::runs::WatchedRun;
use crate::series::{Curve, marks};

/// Lines between two labels of the vertical axis.
const LINES_A_TICK: u16 = 2;

/// Columns between two labels of the horizontal axis.
const COLUMNS_A_TICK: u16 = 12;

/// From this many columns on the vertical axis keeps room for the words beside it.
const ROOMY: u16 = 60;

/// More vertical lines than this would hide the curves; the letters over them stay.
const MOST_RULES: usize = 12;

/// Draws the curves of `runs`, which lie within the scales, with axes, and the changes of the selected run's targets
/// over them.
pub(super) fn draw_plot(
    frame: &mut Frame,
    area: Rect,
    app: &App,
    runs: &[(&WatchedRun, Vec<Curve>)],
    (x, y): (Scale, Scale),
    theme: Theme,
) {
    let changes = app.selected().filter(|selected| runs.iter().any(|(run, _)| run.directory == selected.directory));
    let changes: Vec<(f64, char)> = changes.and_then(|run| run.run.as_ref()).map(marks).unwrap_or_default();
    let changes: Vec<(f64, char)> = changes.into_iter().filter(|(at, _)| (x.low..=x.high).contains(at)).collect();

    let [over, middle, under] = Layout::vertical([
        Constraint::Length(u16::from(!changes.is_empty())),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    let ticks = y.ticks(usize::from((middle.height / LINES_A_TICK).max(2)));
    let least = if area.width >= ROOMY { 5 } else { 0 };
    let gutter =
        ticks.iter().map(|&tick| columns(&label(tick))).max().unwrap_or(0).min(usize::from(area.width) / 2).max(least)
            as u16;
    let [_, canvas] = Layout::horizontal([Constraint::Length(gutter + 2), Constraint::Min(1)]).areas(middle);

    vertical_axis(frame.buffer_mut(), middle, canvas, &ticks, y, theme);
    horizontal_axis(frame.buffer_mut(), under, canvas, x, theme);
    for &(at, sign) in &changes {
        put(frame.buffer_mut(), column_of(at, x, canvas), over.y, &sign.to_string(), Modifier::BOLD.into());
    }
    if !over.is_empty() {
        let words = if usize::from(canvas.x - area.x) >= 7 { "target" } else { "" };
        put(frame.buffer_mut(), area.x, over.y, words, theme.quiet());
    }

    let rules: Vec<f64> = if changes.len() <= MOST_RULES {
        changes.iter().map(|change| change.0).collect()
    } else {
        changes.iter().filter(|change| change.1 == 's').map(|change| change.0).collect()
    };
    let dots = rule_points(&rules, y, canvas.height);
    let selected = app.selected().map(|run| &run.directory);
    let traces: Vec<Trace> = runs
        .iter()
        .flat_map(|(run, curves)| curves.iter().map(move |curve| (run, curve)))
        .map(|(run, curve)| Trace {
            points: downsample(&placed(curve, y), 2 * usize::from(canvas.width)),
            dashed: curve.dashed,
            colour: theme.curve(run.number),
            selected: Some(&run.directory) == selected,
        })
        .collect();
    let width = canvas.width;
    let paint = |context: &mut Context| {
        context.draw(&Points { coords: &dots, color: theme.rule() });
        // The selected run last, over all others: a cell has one colour.
        for wanted in [false, true] {
            for trace in traces.iter().filter(|trace| trace.selected == wanted) {
                context.layer();
                let points = &trace.points;
                if trace.dashed {
                    context.draw(&Points { coords: &dashes(points, x, width), color: trace.colour });
                } else if points.len() == 1 {
                    context.draw(&Points { coords: points, color: trace.colour });
                }
                for pair in points.windows(2).filter(|_| !trace.dashed) {
                    context.draw(&Stroke::new(pair[0].0, pair[0].1, pair[1].0, pair[1].1, trace.colour));
                }
            }
        }
    };
    let widget =
        Canvas::default().marker(Marker::Braille).x_bounds([x.low, x.high]).y_bounds([y.low, y.high]).paint(paint);
    frame.render_widget(widget, canvas);

    for (run, curves) in runs {
        for curve in curves {
            if runs.len() > 1 || curve.points.len() == 1 {
                end_letter(frame.buffer_mut(), canvas, curve, (x, y), run, theme);
            }
        }
    }
}

/// One curve as it is drawn.
struct Trace {
    /// Within the scales.
    points: Vec<(f64, f64)>,
    dashed: bool,
    colour: Color,
    selected: bool,
}

/// The points of a curve that have a place on the vertical axis, at that place.
fn placed(curve: &Curve, y: Scale) -> Vec<(f64, f64)> {
    curve.points.iter().filter_map(|&(at, value)| Some((at, y.place(value)?))).collect()
}

/// The letter of a run at the last point of its curve, so that curves are told apart without colour.
fn end_letter(
    buffer: &mut Buffer,
    canvas: Rect,
    curve: &Curve,
    (x, y): (Scale, Scale),
    run: &WatchedRun,
    theme: Theme,
) {
    let Some((at, value)) = curve.points.iter().rev().find_map(|&(at, value)| Some((at, y.place(value)?))) else {
        return;
    };
    let (column, line) = (column_of(at, x, canvas), line_of(value, y, canvas));
    // Where curves end together their letters stand side by side.
    let taken =
        |column: u16| buffer.cell((column, line)).is_some_and(|cell| cell.symbol().starts_with(char::is_alphabetic));
    let free = (0..4).map(|i| column.saturating_sub(i)).find(|&column| column >= canvas.x && !taken(column));
    let style = theme.run(run.number).add_modifier(Modifier::BOLD | Modifier::REVERSED);
    put(buffer, free.unwrap_or(column), line, &letter(run.number).to_string(), style);
}

/// One point in three of a vertical line at each place.
fn rule_points(places: &[f64], y: Scale, height: u16) -> Vec<(f64, f64)> {
    let dots = 4 * usize::from(height.max(1));
    let at = |i: usize| y.low + (y.high - y.low) * i as f64 / dots as f64;
    places.iter().flat_map(|&x| (0..=dots).step_by(3).map(move |i| (x, at(i)))).collect()
}

/// Points along the curve through `points`, two dots of four columns of dots.
fn dashes(points: &[(f64, f64)], x: Scale, width: u16) -> Vec<(f64, f64)> {
    let dots = 2 * usize::from(width.max(1));
    let mut dashed = Vec::new();
    let mut next = 0;
    for dot in 0..=dots {
        let at = x.low + (x.high - x.low) * dot as f64 / dots as f64;
        while next < points.len() && points[next].0 < at {
            next += 1;
        }
        if dot % 4 >= 2 || next == 0 || next == points.len() {
            continue;
        }
        let ((x0, y0), (x1, y1)) = (points[next - 1], points[next]);
        dashed.push((at, y0 + (y1 - y0) * (at - x0) / (x1 - x0)));
    }
    dashed
}

fn vertical_axis(buffer: &mut Buffer, area: Rect, canvas: Rect, ticks: &[f64], y: Scale, theme: Theme) {
    let axis = canvas.x.saturating_sub(1);
    for line in area.y..area.bottom() {
        put(buffer, axis, line, "│", theme.quiet());
    }
    for &tick in ticks {
        let Some(line) = y.place(tick).map(|value| line_of(value, y, canvas)) else { continue };
        let room = usize::from(axis - area.x);
        let text = cut(&label(tick), room);
        put(buffer, axis - columns(&text).min(room) as u16, line, &text, theme.quiet());
        put(buffer, axis, line, "┤", theme.quiet());
    }
}

fn horizontal_axis(buffer: &mut Buffer, area: Rect, canvas: Rect, x: Scale, theme: Theme) {
    put(buffer, area.x, area.y, if canvas.x - area.x >= 6 { "epoch" } else { "" }, theme.quiet());
    let mut free = canvas.x;
    for tick in x.ticks(usize::from((canvas.width / COLUMNS_A_TICK).max(1))) {
        let text = label(tick);
        let width = columns(&text) as u16;
        let column = column_of(tick, x, canvas).min((canvas.right()).saturating_sub(width));
        if column >= free && column + width <= area.right() {
            put(buffer, column, area.y, &text, theme.quiet());
            free = column + width + 1;
        }
    }
}

/// A round number as it is: `0.3`, `20`, `1e-6`.
fn label(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

fn column_of(at: f64, x: Scale, canvas: Rect) -> u16 {
    let share = ((at - x.low) / (x.high - x.low)).clamp(0.0, 1.0);
    canvas.x + (share * f64::from(canvas.width.saturating_sub(1))).round() as u16
}

fn line_of(value: f64, y: Scale, canvas: Rect) -> u16 {
    let share = ((y.high - value) / (y.high - y.low)).clamp(0.0, 1.0);
    canvas.y + (share * f64::from(canvas.height.saturating_sub(1))).round() as u16
}

/// Writes into the buffer; what lies outside is left out.
fn put(buffer: &mut Buffer, column: u16, line: u16, text: &str, style: Style) {
    if buffer.area.contains((column, line).into()) {
        buffer.set_string(column, line, text, style);
    }
}
