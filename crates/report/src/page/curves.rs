//! The curves: a panel for each family of figures, with its views. Without the script all panels stand below each other with
//! drawn figures; the script makes tabs of them and puts live charts in the drawings' place.

use super::{Contents, Section, escape_html, swatch};
use crate::figures::chart::Curve;
use crate::figures::family::Family;
use crate::figures::overview::Overview;
use crate::figures::plans::{Drawing, Plan};
use crate::figures::{Content, Figure};
use crate::read::Stage;
use crate::wording;

/// One figure or the sentence in its place.
enum Slot<'a> {
    Drawn(&'a Figure),
    NotRun(&'a Plan),
}

impl Slot<'_> {
    fn plan(&self) -> &Plan {
        match self {
            Self::Drawn(figure) => &figure.plan,
            Self::NotRun(plan) => plan,
        }
    }
}

/// The section of all curves.
pub(crate) fn curves(contents: &Contents) -> Option<Section> {
    let panels: String = Family::EVERY.into_iter().filter_map(|family| panel(contents, family)).collect();
    let html = format!("<div id=\"explorer\">\n{panels}</div>\n");
    (!panels.is_empty()).then_some(Section { id: "curves", title: "Curves", html })
}

fn panel(contents: &Contents, family: Family) -> Option<String> {
    let drawn = contents.figures.drawn.iter().map(Slot::Drawn);
    let not_run = contents.figures.not_run.iter().map(Slot::NotRun);
    let mut slots: Vec<Slot> = drawn.chain(not_run).filter(|slot| slot.plan().family == family).collect();
    // The order of the plans, whether drawn or not: fine-tuning stands before the probe.
    slots.sort_by_key(|slot| match slot.plan().stage {
        Stage::Finetune => 0,
        Stage::Linprobe => 1,
        Stage::Pretrain | Stage::Knn => 2,
    });
    let mut views: Vec<(&str, String)> = Vec::new();
    for slot in &slots {
        let view = slot.plan().view;
        let html = match slot {
            Slot::Drawn(figure) => figure_html(contents, figure),
            Slot::NotRun(plan) => absent(plan),
        };
        match views.iter_mut().find(|(other, _)| *other == view) {
            Some((_, all)) => all.push_str(&html),
            None => views.push((view, html)),
        }
    }
    if views.is_empty() {
        return None;
    }
    let (name, tab, title) = (family.name(), family.tab(), family.title());
    let alerts = if family == Family::Monitors { collapses(contents) } else { String::new() };
    let view = |(index, (view, html)): (usize, &(&str, String))| {
        format!("<div class=\"figures\" id=\"{name}-{index}\" data-view=\"{view}\">\n{html}</div>\n")
    };
    let views: String = views.iter().enumerate().map(view).collect();
    Some(format!(
        "<div class=\"panel\" id=\"panel-{name}\" data-tab=\"{tab}\">\n<h3>{title}</h3>\n{alerts}{views}</div>\n"
    ))
}

/// The sentence in the place of a figure.
fn absent(plan: &Plan) -> String {
    format!(
        "<div class=\"absent\" id=\"{}\"><h4>{}</h4><p>Not run: {}.</p></div>\n",
        plan.name,
        plan.title,
        code(plan.family.needs())
    )
}

/// Our own words with their commands, which stand between ticks, as code.
pub(super) fn code(words: &str) -> String {
    let part = |(index, part): (usize, &str)| {
        let part = escape_html(part);
        if index % 2 == 1 { format!("<code>{part}</code>") } else { part }
    };
    words.split('`').enumerate().map(part).collect()
}

/// The announcements of collapse, above the monitors that show it.
fn collapses(contents: &Contents) -> String {
    let item = |collapse| format!("<li>{}</li>\n", escape_html(&wording::collapse(collapse)));
    let items: String = contents.summary.collapses.iter().map(item).collect();
    if items.is_empty() {
        return items;
    }
    format!("<div class=\"alert\" role=\"note\"><strong>Announced collapses</strong>\n<ul>\n{items}</ul></div>\n")
}

fn figure_html(contents: &Contents, figure: &Figure) -> String {
    let Figure { plan, wide, narrow, .. } = figure;
    let class = match plan.drawing {
        Drawing::Overview => " class=\"overview\"",
        Drawing::Curves(_) if plan.whole => " class=\"whole\"",
        Drawing::Curves(_) => "",
    };
    let wide = wide.replacen("<svg ", "<svg class=\"wide\" ", 1);
    let narrow = narrow.replacen("<svg ", "<svg class=\"narrow\" ", 1);
    let table = match &figure.content {
        Content::Overview(overview) => overview_table(overview),
        Content::Chart(_) => String::new(),
    };
    format!(
        "<figure{class} id=\"{}\">\n<h4>{}</h4>\n{}{wide}{narrow}<figcaption>\n<p>{}</p>\n{table}</figcaption>\n</figure>\n",
        plan.name,
        plan.title,
        key(contents, figure),
        escape_html(&figure.caption)
    )
}

/// The names of the curves, for the narrow drawing that has none.
fn key(contents: &Contents, figure: &Figure) -> String {
    let item = |curve: &Curve| format!("<li>{}{}</li>", swatch(contents.looks[curve.group]), escape_html(&curve.label));
    let items: String = figure.curves().iter().map(item).collect();
    if items.is_empty() { items } else { format!("<ul class=\"key\" aria-hidden=\"true\">{items}</ul>\n") }
}

fn overview_table(overview: &Overview) -> String {
    let rows: String = overview.points.iter().map(|point| {
        let spread = point.score.sd.map(|sd| format!(" ± {}", wording::percent(sd))).unwrap_or_default();
        let published = wording::published(point.published);
        format!(
            "<tr><th scope=\"row\" class=\"n\">{}</th><td class=\"n\">{}{spread}</td><td class=\"n\">{published}</td></tr>\n",
            point.value,
            wording::percent(point.score.mean)
        )
    }).collect();
    format!(
        "<details class=\"numbers\" open><summary>Show as table</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Values\"><table class=\"dense\"><thead><tr><th scope=\"col\" class=\"n\">{}</th>\
         <th scope=\"col\" class=\"n\">these runs</th><th scope=\"col\" class=\"n\">published</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div></details>\n",
        overview.parameter
    )
}
