//! Classes and mistakes: the scores of every evaluation, and of those that are shown the confusion matrix, each class,
//! calibration, the map of the features and the most confident mistakes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bmae_output::plain::plain;
use maud::{Markup, html};

use super::contents::{Contents, Section, swatch};
use crate::classification::{ClassifiedLine, TestOutcome};
use crate::evaluations::ShownEvaluation;
use crate::figures::test_figures::TestFigure;
use crate::statistics::wilson_interval;
use crate::text::count;

/// The least share of its own width that a figure is drawn in: what does not fit is scrolled to.
const LEAST_SHARE: f64 = 0.75;

/// The section; `None` where no evaluation left predictions.
pub fn evaluations(contents: &Contents) -> Option<Section> {
    let of = contents.evaluations;
    let left_out = of.lines.len() - of.shown.len();
    let html = html! {
        @if !of.lines.is_empty() { (scores(contents)) }
        p class="note" {
            "Balanced accuracy is the mean over classes of the share of their images that was recognised; macro F1 the mean of \
             their F1. The calibration error is the distance between how sure an evaluation is and how often it is right, \
             mean over images in 15 bins (Guo et al. 2017). Seeds of one line count together. As files: "
            code { "evaluations.csv" } ", " code { "classes.csv" } ", and each matrix in " code { "figures/" } "."
        }
        @for skipped in &of.skipped { p class="alert" { (skipped) } }
        div class="albums" {
            @for (place, shown) in of.shown.iter().enumerate() { (shown_html(contents, shown, place == 0)) }
        }
        @if left_out > 0 {
            p class="note" { (count(left_out as u64, "evaluation")) " more: only those of the highest top-1 are shown." }
        }
    };
    let is_empty = of.lines.is_empty() && of.skipped.is_empty();
    (!is_empty).then_some(Section { id: "classes", title: "Classes and mistakes", html })
}

/// A share as a percentage with one decimal.
fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn number(share: Option<f64>) -> Markup {
    html! { td class="n" data-value=[share] { (share.map_or_else(|| "–".to_owned(), percent)) } }
}

fn scores(contents: &Contents) -> Markup {
    let lines = &contents.evaluations.lines;
    let any_top5 = lines.iter().any(|line| line.outcome.top5().is_some());
    let mut headings = vec!["Top-1", "Balanced", "Macro F1", "Calibration error"];
    if any_top5 {
        headings.insert(1, "Top-5");
    }
    html! {
        div class="sheet" role="region" aria-label="Scores of classes" tabindex="0" {
            table class="dense scores" data-sortable {
                caption { "All in percent." }
                thead {
                    tr {
                        th scope="col" { "Evaluation" }
                        @for heading in headings { th class="n" scope="col" { (heading) } }
                    }
                }
                tbody {
                    @for line in lines {
                        @let means = line.outcome.confusion.macro_scores();
                        tr {
                            th scope="row" { (title(contents, line)) }
                            (number(line.outcome.confusion.accuracy()))
                            @if any_top5 { (number(line.outcome.top5())) }
                            (number(means.map(|means| means.balanced_accuracy)))
                            (number(means.map(|means| means.f1)))
                            (number(line.outcome.calibration.expected_error()))
                        }
                    }
                }
            }
        }
    }
}

fn title(contents: &Contents, line: &ClassifiedLine) -> Markup {
    html! {
        (swatch(contents.styles[line.group])) (contents.groups[line.group].label) ", " (line.stage.in_sentence())
    }
}

fn shown_html(contents: &Contents, shown: &ShownEvaluation, is_open: bool) -> Markup {
    let line = &contents.evaluations.lines[shown.line];
    let figures = &shown.figures;
    let seeds = line.outcome.seeds;
    let images = line.outcome.confusion.images() / seeds.max(1);
    let all = contents.evaluations.lines[shown.line].outcome.class_names.len();
    let matrix = format!(
        "A row for each class, a column for each class that its images were taken for; the deeper the colour, the larger the \
         share of the row. {}{}",
        count(images, "test image"),
        if seeds > 1 { format!(", {seeds} seeds together.") } else { ".".to_owned() }
    );
    let classes_shown = figures.confusion_classes;
    html! {
        details class="album outcome" open[is_open] {
            summary { h3 { (title(contents, line)) } }
            div class="shown" {
                (figure_html(&figures.confusion, html! {
                    (matrix)
                    @if classes_shown < all { " The " (classes_shown) " classes with the most mistakes of " (all) "." }
                }))
                (figure_html(&figures.reliability, html! {
                    "Bars: how often the answer was right, by its probability; marks: what it said. They meet on the diagonal \
                     where it is as sure as it is right."
                }))
                @if let Some(map) = &figures.map {
                    (figure_html(map, html! { (map.description) }))
                }
            }
            (classes(&line.outcome))
            (mistakes(contents, line, shown))
        }
    }
}

fn figure_html(figure: &TestFigure, caption: Markup) -> Markup {
    let sides = format!("min-width:{:.0}px;max-width:{:.0}px", LEAST_SHARE * figure.width, figure.width);
    html! {
        figure class="picture sized" id=(figure.name) style={ "flex-basis:" (format!("{:.0}", figure.width)) "px" } {
            h4 { (figure.title) }
            div class="scroll" role="region" aria-label=(figure.title) tabindex="0" { div style=(sides) { (figure.page) } }
            figcaption { p { (caption) } }
        }
    }
}

/// Each class, the least recognised first.
fn classes(outcome: &TestOutcome) -> Markup {
    let confusion = &outcome.confusion;
    let recall = |class: usize| confusion.classes()[class].recall();
    let mut order: Vec<usize> = (0..outcome.class_names.len()).collect();
    order.sort_by(|&a, &b| {
        let [a, b] = [a, b].map(|class| recall(class).unwrap_or(f64::INFINITY));
        a.total_cmp(&b)
    });
    let name = |class: usize| plain(&outcome.class_names[class]).into_owned();
    let taken_for = |class: usize| {
        let others =
            (0..order.len()).filter(|&other| other != class).map(|other| (confusion.count(class, other), other));
        // Of equals the first.
        others.filter(|(images, _)| *images > 0).max_by_key(|&(images, other)| (images, std::cmp::Reverse(other)))
    };
    html! {
        details class="numbers" open[order.len() <= 10] {
            summary { "Each class" }
            div class="scroll" tabindex="0" role="region" aria-label="Each class" {
                table class="dense" data-sortable {
                    thead {
                        tr {
                            th scope="col" { "Class" }
                            @for heading in ["Images", "Accuracy (recall)", "Precision", "F1"] { th scope="col" class="n" { (heading) } }
                            th scope="col" { "Most often taken for" }
                        }
                    }
                    tbody {
                        @for &class in &order {
                            @let counts = confusion.classes()[class];
                            tr {
                                th scope="row" { (name(class)) }
                                td class="n" data-value=(counts.images) { (counts.images / outcome.seeds.max(1)) }
                                td class="n" data-value=[counts.recall()] { (accuracy(outcome, class)) }
                                (number(Some(counts.precision())))
                                (number(Some(counts.f1())))
                                @match taken_for(class) {
                                    Some((images, other)) => {
                                        @let share = images as f64 / counts.images as f64;
                                        td data-value=(share) { (name(other)) ", " (percent(share)) " %" }
                                    }
                                    None => td { "–" },
                                }
                            }
                        }
                    }
                }
            }
            p class="note" { "In percent; the interval holds the accuracy with 95 % confidence, as far as so few images tell (Wilson 1927)." }
        }
    }
}

/// The accuracy of a class with its interval on the images of one seed, which all seeds share.
fn accuracy(outcome: &TestOutcome, class: usize) -> Markup {
    let counts = outcome.confusion.classes()[class];
    let Some(recall) = counts.recall() else { return html! { "–" } };
    let [low, high] = wilson_interval(recall, counts.images / outcome.seeds.max(1));
    html! { (percent(recall)) " " span class="none" { "(" (percent(low)) " to " (percent(high)) ")" } }
}

fn mistakes(contents: &Contents, line: &ClassifiedLine, shown: &ShownEvaluation) -> Markup {
    let outcome = &line.outcome;
    if outcome.mistakes.is_empty() {
        return html! {};
    }
    let what =
        format!("Most confident mistakes of {}, {}", contents.groups[line.group].label, line.stage.in_sentence());
    let name = |class: usize| plain(&outcome.class_names[class]).into_owned();
    html! {
        figure class="picture" {
            h4 { "Most confident mistakes" }
            @if let Some(png) = &shown.mistakes {
                @let (width, height) = imagesize::blob_size(png).map_or((0, 0), |size| (size.width, size.height));
                @let sides = format!("min-width:{:.0}px;max-width:{width}px", LEAST_SHARE * width as f64);
                div class="scroll" role="region" aria-label=(what) tabindex="0" {
                    img width=(width) height=(height) alt={ (what) ": the images, their classes, and what they were called; the table below has the same in words" }
                        style=(sides) src={ "data:image/png;base64," (STANDARD.encode(png)) };
                }
            }
            details class="numbers" open[shown.mistakes.is_none()] {
                summary { "Show as table" }
                div class="scroll" tabindex="0" role="region" aria-label="Mistakes" {
                    table class="dense" {
                        thead { tr { @for heading in ["Image", "Class", "Called"] { th scope="col" { (heading) } } th scope="col" class="n" { "Probability, %" } } }
                        tbody {
                            @for mistake in &outcome.mistakes {
                                tr {
                                    th scope="row" {
                                        @if mistake.file.is_empty() { "image " (mistake.index) } @else { (plain(&mistake.file)) }
                                    }
                                    td { (name(mistake.label)) }
                                    td { (name(mistake.said)) }
                                    td class="n" { (percent(mistake.probability)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
