//! What a person has chosen to look at, and what the keys change of it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::options::Options;
use crate::runs::{Runs, WatchedRun};
use crate::series::Metric;

/// Whether to go on after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyEffect {
    /// Draw again.
    Draw,
    /// Nothing changed.
    Nothing,
    /// Leave.
    Quit,
}

/// What is shown over all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The keys and the signs.
    Help,
    /// All of the message below the curves.
    Message,
}

/// The live view: the runs and what is shown of them.
#[derive(Debug)]
pub(crate) struct App {
    /// The runs.
    pub runs: Runs,
    /// How it is watched.
    pub options: Options,
    /// Whether the vertical axis is logarithmic.
    pub log: bool,
    /// What is shown over all else.
    pub overlay: Option<Overlay>,
    /// Whether the selected run is drawn alone.
    pub alone: bool,
    /// The run that was selected, by folder: its place in the list can change.
    selected: Option<PathBuf>,
    hidden: HashSet<PathBuf>,
    /// What a person chose to see; until then what suits the selected run.
    metric: Option<Metric>,
}

impl App {
    /// The view of `runs` before any key: the first run that is at work is selected, else the first.
    pub(crate) fn new(runs: Runs, options: Options) -> Self {
        Self {
            runs,
            options,
            log: false,
            overlay: None,
            alone: false,
            selected: None,
            hidden: HashSet::new(),
            metric: None,
        }
    }

    /// The place of the selected run in the list; 0 while there is none.
    pub(crate) fn place(&self) -> usize {
        let chosen = self.selected.as_ref();
        let chosen = chosen.and_then(|chosen| self.runs.watched.iter().position(|run| run.directory == *chosen));
        chosen.or_else(|| self.runs.watched.iter().position(WatchedRun::running)).unwrap_or(0)
    }

    /// The selected run; `None` while there are no runs.
    pub(crate) fn selected(&self) -> Option<&WatchedRun> {
        self.runs.watched.get(self.place())
    }

    /// What is drawn.
    pub(crate) fn metric(&self) -> Metric {
        self.metric.or_else(|| self.selected()?.stage().map(Metric::of)).unwrap_or(Metric::Loss)
    }

    /// Whether a run's curve was hidden.
    pub(crate) fn hidden(&self, watched: &WatchedRun) -> bool {
        self.hidden.contains(&watched.directory)
    }

    /// The runs whose curves are drawn: those of the selected one's stage, since the numbers of different stages do not
    /// compare, that are not hidden; or the selected one alone.
    pub(crate) fn drawn(&self) -> Vec<&WatchedRun> {
        let Some(selected) = self.selected() else { return Vec::new() };
        if self.alone {
            return vec![selected];
        }
        let stage = selected.stage();
        self.runs.watched.iter().filter(|run| run.stage() == stage && !self.hidden(run)).collect()
    }

    /// What a key does. Keys that mean nothing are passed over, and any key closes what is over all else.
    pub(crate) fn key(&mut self, key: KeyEvent, now: Instant) -> KeyEffect {
        if key.kind == KeyEventKind::Release {
            return KeyEffect::Nothing;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { KeyEffect::Quit } else { KeyEffect::Nothing };
        }
        if key.code == KeyCode::Char('q') {
            return KeyEffect::Quit;
        }
        if self.overlay.take().is_some() {
            return KeyEffect::Draw;
        }
        match key.code {
            KeyCode::Esc => return KeyEffect::Quit,
            KeyCode::Up | KeyCode::Char('k') => self.select(self.place().saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.select(self.place() + 1),
            KeyCode::Home | KeyCode::Char('g') => self.select(0),
            KeyCode::End | KeyCode::Char('G') => self.select(usize::MAX),
            KeyCode::Tab | KeyCode::Right => self.metric = Some(self.metric().neighbour(true)),
            KeyCode::BackTab | KeyCode::Left => self.metric = Some(self.metric().neighbour(false)),
            KeyCode::Char(' ') => {
                if let Some(directory) = self.selected().map(|run| run.directory.clone())
                    && !self.hidden.remove(&directory)
                {
                    self.hidden.insert(directory);
                }
            }
            KeyCode::Char('o') => self.alone = !self.alone,
            KeyCode::Char('l') => self.log = !self.log,
            KeyCode::Char('r') => {
                self.runs.refresh(now);
            }
            KeyCode::Char('?' | 'h') => self.overlay = Some(Overlay::Help),
            KeyCode::Char('w') if self.selected().is_some() => self.overlay = Some(Overlay::Message),
            _ => return KeyEffect::Nothing,
        }
        KeyEffect::Draw
    }

    /// Selects the run at a place, or the last if there are fewer.
    fn select(&mut self, place: usize) {
        let last = self.runs.watched.len().saturating_sub(1);
        self.selected = self.runs.watched.get(place.min(last)).map(|run| run.directory.clone());
    }
}
