//! What a claim is: comparisons of settings, and what is expected of each.

use crate::comparison::{PublishedAccuracy, published_accuracy};
use crate::run_directory::{MethodSetting, Stage};

/// A conclusion of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its name in files.
    pub name: &'static str,
    /// The conclusion in a sentence.
    pub sentence: &'static str,
    /// What a reader should know of it besides; empty where there is nothing.
    pub note: &'static str,
    /// What all must hold for it to hold.
    pub parts: Vec<ClaimPart>,
}

/// A comparison that belongs to a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimPart {
    /// What is compared.
    pub measurement: Measurement,
    /// What is expected of it.
    pub expected: Expected,
}

/// What is measured for a part of a claim: a difference, a change or a correlation.
#[derive(Debug, Clone, PartialEq)]
pub enum Measurement {
    /// The accuracy of the first less that of the second, in points.
    Accuracy {
        /// Whose accuracy.
        first: Subject,
        /// Less whose.
        second: Subject,
        /// In which evaluation.
        evaluation: Stage,
    },
    /// The roughness of the first's loss less that of the second's.
    Roughness {
        /// Whose loss.
        first: MethodSetting,
        /// Less whose.
        second: MethodSetting,
    },
    /// The change of the loss over the last quarter of the epochs, in percent of its level.
    LateChange(MethodSetting),
    /// The rank correlation over settings of how little the targets' features move with the accuracy of the linear
    /// probe.
    TargetsAndProbe,
}

/// Whose accuracy it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// This very setting's.
    Setting(MethodSetting),
    /// That of the best of these settings in the evaluation that is asked about.
    BestOf(Vec<MethodSetting>),
}

/// What a claim expects of a measured number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Expected {
    /// Above this.
    Above(f64),
    /// No further from 0 than this.
    Within(f64),
}

impl Expected {
    /// The open range that the claim says the number lies in.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Above(least) => (least, f64::INFINITY),
            Self::Within(margin) => (-margin, margin),
        }
    }
}

impl From<MethodSetting> for Subject {
    fn from(setting: MethodSetting) -> Self {
        Self::Setting(setting)
    }
}

impl Subject {
    /// What it is called.
    pub fn label(&self) -> String {
        match self {
            Self::Setting(setting) => label(setting),
            Self::BestOf(settings) => {
                format!("best {}", settings.first().map(|setting| setting.method.as_str()).unwrap_or_default())
            }
        }
    }

    /// Its settings.
    pub fn settings(&self) -> &[MethodSetting] {
        match self {
            Self::Setting(setting) => std::slice::from_ref(setting),
            Self::BestOf(settings) => settings,
        }
    }

    /// The published accuracy: of several settings the highest.
    pub fn published(&self, evaluation: Stage) -> Option<PublishedAccuracy> {
        let published = self.settings().iter().filter_map(|setting| published_accuracy(setting, evaluation));
        published.max_by(|a, b| a.top1.total_cmp(&b.top1))
    }
}

/// A setting by its method and parameters, without commas so that it can stand in a list: `ema-mae WSE 5 τ 0.005`.
pub fn label(setting: &MethodSetting) -> String {
    format!("{} {}", setting.method, setting.parameters().replace(',', "")).trim_end().to_owned()
}
