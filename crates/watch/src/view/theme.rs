//! Colours of runs and states, and what stands in for them without colour.

use bmae_report::RunState;
use ratatui::style::{Color, Modifier, Style};

use crate::runs::WatchedRun;

/// Colours that are told apart on light and on dark backgrounds; red is kept for failures.
const PALETTE: [Color; 8] = [
    Color::Cyan,
    Color::Yellow,
    Color::Magenta,
    Color::Green,
    Color::Blue,
    Color::LightGreen,
    Color::LightCyan,
    Color::LightMagenta,
];

/// How things look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Theme {
    /// Whether colours are used.
    pub colour: bool,
}

impl Theme {
    fn coloured(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// The colour of a run's curve; that of the terminal's text without colours.
    pub(crate) fn curve(self, number: usize) -> Color {
        if self.colour { PALETTE[number % PALETTE.len()] } else { Color::Reset }
    }

    /// The style of a run's letter.
    pub(crate) fn run(self, number: usize) -> Style {
        self.coloured(PALETTE[number % PALETTE.len()])
    }

    /// The style of a state.
    pub(crate) fn state(self, watched: &WatchedRun) -> Style {
        match watched.run.as_ref().map(|run| run.state()) {
            _ if watched.read_error.is_some() => self.coloured(Color::Red),
            Some(RunState::Running) => self.coloured(Color::Green),
            Some(RunState::Failed(_)) | None => self.coloured(Color::Red).add_modifier(Modifier::BOLD),
            Some(RunState::Stopped | RunState::Outdated(_)) => self.coloured(Color::Yellow),
            Some(RunState::Finished) => Style::new(),
        }
    }

    /// What went wrong.
    pub(crate) fn warning(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// What is there to be found, not to be read: axes, key hints.
    pub(crate) fn quiet(self) -> Style {
        if self.colour { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    /// The colour of lines across the curves.
    pub(crate) fn rule(self) -> Color {
        if self.colour { Color::DarkGray } else { Color::Reset }
    }
}

/// The letter of a run in list, legend and curves: `a` to `z`, and round again.
pub(crate) fn letter(number: usize) -> char {
    char::from(b'a' + (number % 26) as u8)
}
