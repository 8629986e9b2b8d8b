//! A field of a form, within what Mattermost takes in a dialog.
//!
//! Source of the lengths: Mattermost, "Interactive dialogs", and a Mattermost 7.6.

use super::at_most;
use crate::config::reader::Faulted;
use crate::config::section::Section;

/// Characters of a one-line field.
const LINE_MAX: usize = 150;
/// Characters of a field of some lines.
const TEXT_MAX: usize = 3_000;
/// Characters of the words below a field, and of those in an empty one.
const HELP_MAX: usize = 150;
/// Options of one field.
const OPTIONS_MAX: usize = 100;
/// Characters of an option.
const OPTION_MAX: usize = 100;

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// By which Mattermost tells it from others.
    pub name: String,
    /// What the user reads.
    pub label: String,
    /// What is filled in.
    pub kind: FieldKind,
    /// It may stay empty.
    pub optional: bool,
    /// What stands below it.
    pub help: Option<String>,
    /// What stands in it while it is empty.
    pub placeholder: Option<String>,
    /// What is filled in already.
    pub default: Option<String>,
}

/// What is filled into a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Line {
        /// What Mattermost checks of it: `email`, `number`, `tel`, `url`; empty for anything.
        subtype: &'static str,
        /// The fewest characters.
        min: usize,
        /// The most characters.
        max: usize,
    },
    /// Some lines.
    Text {
        /// The fewest characters.
        min: usize,
        /// The most characters.
        max: usize,
    },
    /// One of these.
    Options {
        /// What there is to choose from.
        options: Vec<String>,
        /// They are all shown, not folded into a menu.
        radio: bool,
    },
    /// Somebody in the chat.
    User,
    /// A channel.
    Channel,
    /// A tick, or none.
    Bool,
}

#[derive(Clone, Copy)]
enum Type {
    Line(&'static str),
    Text,
    Options { radio: bool },
    User,
    Channel,
    Bool,
}

const TYPES: [(&str, Type); 11] = [
    ("text", Type::Line("")),
    ("textarea", Type::Text),
    ("select", Type::Options { radio: false }),
    ("radio", Type::Options { radio: true }),
    ("bool", Type::Bool),
    ("number", Type::Line("number")),
    ("email", Type::Line("email")),
    ("url", Type::Line("url")),
    ("tel", Type::Line("tel")),
    ("user", Type::User),
    ("channel", Type::Channel),
];

impl Field {
    pub(super) fn read(mut section: Section<'_>, taken: &mut Vec<String>) -> Result<Self, Faulted> {
        let name = section.needed("name", "write a short name, such as \"cluster\"", |text| {
            let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
            if !(1..=64).contains(&text.len()) || !text.bytes().all(letter) {
                return Err("write 1 to 64 of a-z, A-Z, 0-9, - and _".to_owned());
            }
            if taken.iter().any(|name| name == text) {
                return Err("another field of this form has this name; write another".to_owned());
            }
            taken.push(text.to_owned());
            Ok(text.to_owned())
        });
        let label = section
            .needed("label", "write what the user reads", |text| at_most(super::TITLE_MAX, text));
        let kind = section.choice("type", &TYPES).unwrap_or(Type::Line(""));
        let kind = Self::kind(&mut section, kind);
        let optional = section.flag("optional", false);
        let help = section.checked("help", |text| at_most(HELP_MAX, text));
        let placeholder = section.checked("placeholder", |text| at_most(HELP_MAX, text));
        let default = section.checked("default", |text| match &kind {
            Ok(FieldKind::Options { options, .. }) if !options.iter().any(|one| one == text) => {
                Err("none of the options; write one of them".to_owned())
            }
            Ok(FieldKind::Bool) if !matches!(text, "true" | "false") => {
                Err("write \"true\" or \"false\"".to_owned())
            }
            _ => at_most(TEXT_MAX, text),
        });
        Ok(Self {
            name: name?,
            label: label?,
            kind: kind?,
            optional,
            help: help?,
            placeholder: placeholder?,
            default: default?,
        })
    }

    fn kind(section: &mut Section<'_>, kind: Type) -> Result<FieldKind, Faulted> {
        let limit = match kind {
            Type::Line(_) => LINE_MAX,
            Type::Text => TEXT_MAX,
            _ => 0,
        };
        // Known to every kind, so that one that makes no sense here is told as that.
        let (mut min, mut max) = (0, limit);
        if limit > 0 {
            min = section.number("min_length", 0..=limit, 0);
            max = section.number("max_length", min.max(1)..=limit, limit);
        }
        let options = match kind {
            Type::Options { .. } => section.list("options", |text| at_most(OPTION_MAX, text)),
            _ => Vec::new(),
        };
        Ok(match kind {
            Type::Line(subtype) => FieldKind::Line { subtype, min, max },
            Type::Text => FieldKind::Text { min, max },
            Type::Options { radio } if (1..=OPTIONS_MAX).contains(&options.len()) => {
                FieldKind::Options { options, radio }
            }
            Type::Options { .. } => {
                let problem = format!("write 1 to {OPTIONS_MAX} texts to choose from");
                return Err(section.unset("options", problem));
            }
            Type::User => FieldKind::User,
            Type::Channel => FieldKind::Channel,
            Type::Bool => FieldKind::Bool,
        })
    }

    /// The most characters that can be filled in.
    pub(super) fn longest(&self) -> usize {
        match self.kind {
            FieldKind::Line { max, .. } | FieldKind::Text { max, .. } => max,
            FieldKind::Options { .. } => OPTION_MAX,
            FieldKind::User | FieldKind::Channel | FieldKind::Bool => 30,
        }
    }
}
