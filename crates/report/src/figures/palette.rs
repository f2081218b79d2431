//! Colours: which line of the comparison has which, and how a drawing is coloured for paper or page.
//!
//! Figures are drawn once in *inks*, colours that stand for a meaning (text, grid, the third run). Recolouring replaces
//! them: by fixed colours on white for a file of its own, by CSS variables for the page, so that the same curves follow
//! light and dark.

use plotters::style::RGBColor;

/// Text and axes.
pub const TEXT: RGBColor = RGBColor(1, 1, 1);
/// Secondary text.
pub const MUTED: RGBColor = RGBColor(1, 1, 2);
/// Grid lines.
pub const GRID: RGBColor = RGBColor(1, 1, 3);
/// What lies behind the figure.
pub const GROUND: RGBColor = RGBColor(1, 1, 4);

/// Light and dark variant of each colour. Built on Okabe and Ito's set for colour-blind readers, darkened or lightened
/// until each stands at 3:1 or more against its ground. The first is for `scratch`.
const COLOURS: [(&str, &str); 10] = [
    ("#6B7280", "#9CA3AF"),
    ("#0072B2", "#5AB1EA"),
    ("#C85000", "#F59259"),
    ("#00805E", "#35C79C"),
    ("#A3478C", "#E29BCB"),
    ("#94700A", "#E3BE4A"),
    ("#1F8FC4", "#9ADBF7"),
    ("#70482B", "#CBA37F"),
    ("#B3202C", "#FF8A8F"),
    ("#5A4FCF", "#ADA6FF"),
];
/// The dashes of the first, second and third round through the colours, in drawing units; the first is solid.
const DASHES: [&str; 3] = ["", "28 14", "8 12"];

/// How one line of the comparison looks in every figure and table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineStyle {
    colour: u8,
    dash: u8,
}

impl LineStyle {
    /// The ink for strokes, which carries the dash too.
    pub fn line(self) -> RGBColor {
        RGBColor(0xF0, self.dash, self.colour)
    }

    /// The ink for text, dots and solid strokes.
    pub fn solid(self) -> RGBColor {
        RGBColor(0xF0, 0, self.colour)
    }

    /// The CSS variable of the colour.
    pub fn variable(self) -> String {
        format!("--run-{}", self.colour)
    }

    /// Whether the line is solid, dashed or dotted, as a CSS class suffix.
    pub fn dash(self) -> u8 {
        self.dash
    }
}

/// One style per line of the comparison, by its method. `scratch` is grey. A method with a single line has a colour of
/// its own, as far as they go; the lines of the others take the rest in turn, solid, then dashed, then dotted, so that
/// the lines of one ablation differ in colour. Then styles come again: names beside the curves, and hiding the others,
/// still tell those apart.
pub fn line_styles(methods: &[&str]) -> Vec<LineStyle> {
    let hues = COLOURS.len() - 1;
    let is_single = |method: &str| methods.iter().filter(|other| **other == method).count() == 1;
    let singles = methods.iter().filter(|method| **method != "scratch" && is_single(method)).count();
    // Where the single ones would leave too few colours, all take their turn.
    let own = if singles + 2 > hues { 0 } else { singles };
    let (mut single, mut next) = (0, 0);
    let style = |method: &&str| {
        if *method == "scratch" {
            return LineStyle { colour: 0, dash: 0 };
        }
        if own > 0 && is_single(method) {
            single += 1;
            return LineStyle { colour: single as u8, dash: 0 };
        }
        let turn = hues - own;
        let (colour, dash) = (1 + own + next % turn, next / turn % DASHES.len());
        next += 1;
        LineStyle { colour: colour as u8, dash: dash as u8 }
    };
    methods.iter().map(style).collect()
}

/// The styles of the curves of one figure: each keeps its colour, and is solid unless an earlier one has that colour.
pub fn apart(styles: impl Iterator<Item = LineStyle>) -> Vec<LineStyle> {
    let mut taken = [0; COLOURS.len()];
    let style = |LineStyle { colour, .. }: LineStyle| {
        let earlier = &mut taken[usize::from(colour)];
        let dash = (*earlier % DASHES.len()) as u8;
        *earlier += 1;
        LineStyle { colour, dash }
    };
    styles.map(style).collect()
}

/// The ink of the class number `place` among those that are told apart, from 0; after [`CLASS_INKS`] they come again.
pub fn class_ink(place: usize) -> RGBColor {
    // Grey, which is little noticed, is the last.
    RGBColor(0xF0, 0, ((place + 1) % COLOURS.len()) as u8)
}

/// So many classes have inks of their own.
pub const CLASS_INKS: usize = COLOURS.len();

/// The inks that are no run's, and their colours on paper and on the page.
const FIXED: [(RGBColor, &str, &str); 4] = [
    (TEXT, "#1F2430", "currentColor"),
    (MUTED, "#5B6472", "var(--muted)"),
    (GRID, "#DFE3E8", "var(--grid)"),
    (GROUND, "#FFFFFF", "var(--card)"),
];

/// The colour on paper of an ink that is no run's.
pub fn on_paper(ink: RGBColor) -> &'static str {
    FIXED.iter().find(|(other, ..)| *other == ink).map_or("#000000", |(_, paper, _)| paper)
}

/// Where a figure will be shown.
#[derive(Clone, Copy, PartialEq)]
pub enum Medium {
    /// In a file of its own: fixed colours on white.
    Paper,
    /// Inside the page: the page's variables.
    Page,
}

/// Replaces every ink of a drawing. Only whole attribute values are replaced, and text of a drawing holds no bare
/// quote, so nothing that comes from a run's files can be mistaken for an ink.
pub fn recolour(drawing: &str, medium: Medium) -> String {
    let mut coloured = drawing.to_owned();
    for (ink, paper, page) in FIXED {
        let value = if medium == Medium::Paper { paper } else { page };
        coloured = coloured.replace(&format!("\"{}\"", hex(ink)), &format!("\"{value}\""));
    }
    for (index, (light, _)) in COLOURS.iter().enumerate() {
        for (round, dash) in DASHES.iter().enumerate() {
            let style = LineStyle { colour: index as u8, dash: round as u8 };
            let colour =
                if medium == Medium::Paper { (*light).to_owned() } else { format!("var({})", style.variable()) };
            let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
            coloured = coloured.replace(&format!("\"{}\"", hex(style.line())), &format!("\"{colour}\"{dash}"));
        }
    }
    coloured
}

/// The run colours as CSS declarations, light or dark.
pub fn variables(dark: bool) -> String {
    let declare = |(index, (light, night)): (usize, &(&str, &str))| {
        format!("--run-{index}:{};", if dark { night } else { light })
    };
    COLOURS.iter().enumerate().map(declare).collect()
}

/// An ink as the value of an attribute.
pub fn hex(ink: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", ink.0, ink.1, ink.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's relative luminance.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("a hex colour");
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_stands_out_against_its_ground() {
        for (light, dark) in COLOURS {
            assert!(contrast(light, "#FFFFFF") >= 3.0, "{light} on white: {}", contrast(light, "#FFFFFF"));
            assert!(contrast(dark, "#161A20") >= 3.0, "{dark} on the dark card: {}", contrast(dark, "#161A20"));
        }
    }

    #[test]
    fn the_first_27_runs_share_no_style_and_scratch_takes_none_of_theirs() {
        let styles = line_styles(&[&["scratch"][..], &["mae-k"; 28]].concat());
        for (index, style) in styles[..28].iter().enumerate() {
            assert!(!styles[..index].contains(style), "run {index} looks like an earlier one");
        }
        assert_eq!(styles[28], styles[1], "then they begin again");
    }

    #[test]
    fn the_lines_of_each_figure_of_the_report_differ_in_colour() {
        // scratch, mae, mae-k with six K, ema-mae with seven settings, mae-new.
        let methods = [&["scratch", "mae"][..], &["mae-k"; 6], &["ema-mae"; 7], &["mae-new"]].concat();
        let styles = line_styles(&methods);
        let [best_of_finetune, best_of_probe] = [vec![0, 1, 6, 10, 15], vec![0, 1, 7, 8, 15]];
        let (k, wse) = ((0..8).collect(), vec![0, 1, 8, 9, 12, 13, 14]);
        for figure in
            [best_of_finetune, best_of_probe, k, wse, vec![0, 1, 9, 10, 11], vec![5, 9, 15], vec![5, 8, 9, 15]]
        {
            let mut colours: Vec<u8> = figure.iter().map(|&line| styles[line].colour).collect();
            colours.sort_unstable();
            colours.dedup();
            assert_eq!(colours.len(), figure.len(), "{figure:?}");
        }
    }

    #[test]
    fn in_a_figure_only_a_colour_that_comes_again_is_dashed() {
        let line = |colour, dash| LineStyle { colour, dash };
        let styles = apart([line(3, 1), line(4, 2), line(3, 0), line(3, 0)].into_iter());
        assert_eq!(styles, [line(3, 0), line(4, 0), line(3, 1), line(3, 2)]);
    }

    #[test]
    fn text_that_spells_an_ink_stays_text() {
        let drawing = "<text fill=\"#010101\">&quot;#010101&quot; #F00001</text>";
        assert_eq!(recolour(drawing, Medium::Paper), "<text fill=\"#1F2430\">&quot;#010101&quot; #F00001</text>");
    }
}
