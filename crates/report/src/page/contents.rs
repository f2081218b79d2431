//! What every section of the page is made of.

use maud::{Markup, html};

use crate::comparison::{RunGroup, Summary};
use crate::evaluations::Evaluations;
use crate::figures::Figures;
use crate::figures::palette::LineStyle;
use crate::findings::Finding;
use crate::pictures::Album;

/// Everything that the page shows.
pub struct Contents<'a> {
    /// The lines of the comparison.
    pub groups: &'a [RunGroup<'a>],
    /// The style of each line.
    pub styles: Vec<LineStyle>,
    /// What came out.
    pub summary: &'a Summary,
    /// What became of the report's conclusions.
    pub findings: &'a [Finding],
    /// The figures.
    pub figures: &'a Figures,
    /// The pictures.
    pub albums: &'a [Album],
    /// How the evaluations classify.
    pub evaluations: &'a Evaluations<'a>,
}

/// A section with its heading.
pub struct Section {
    /// The anchor of the heading.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What stands below it.
    pub html: Markup,
}

/// The sample of a line's colour and dash beside its name.
pub fn swatch(style: LineStyle) -> Markup {
    html! {
        span class={ "swatch d" (style.dash()) } style={ "--run:var(" (style.variable()) ")" } aria-hidden="true" {}
    }
}
