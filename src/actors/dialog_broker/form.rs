//! A form's fields, and what comes back, checked again: the server checks next to nothing of what
//! is posted as a filled form.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::Url;

use crate::{
    config::{Field, FieldKind, Form},
    locale::{Locale, Texts},
    model::{
        ids::{ChannelId, UserId},
        mail::Email,
    },
};

/// A value as it was typed or chosen, before anybody is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// One line.
    Line(String),
    /// Some lines.
    Text(String),
    /// Somebody.
    User(UserId),
    /// A channel.
    Channel(ChannelId),
    /// A tick, or none.
    Bool(bool),
}

/// What is wrong with a field, by its name.
pub(super) type Faults = BTreeMap<String, String>;

/// The forms of a configuration, in everybody's language.
pub(super) struct Forms<'t> {
    pub(super) texts: &'t Texts,
    pub(super) locale: Locale,
}

impl Forms<'_> {
    /// The fields of `form`; the usual ones where it has none.
    pub(super) fn fields(&self, form: &Form) -> Vec<Field> {
        if !form.fields.is_empty() {
            return form.fields.clone();
        }
        let line = FieldKind::Line { subtype: "", min: 0, max: 150 };
        let text = FieldKind::Text { min: 0, max: 3_000 };
        [
            ("cluster", "ticket-field-cluster", line.clone(), false),
            ("resource", "ticket-field-resource", line, false),
            ("problem", "ticket-field-problem", text.clone(), false),
            ("network", "ticket-field-network", text, true),
        ]
        .map(|(name, label, kind, optional)| Field {
            name: name.to_owned(),
            label: self.say(label, &[]),
            kind,
            optional,
            help: None,
            placeholder: None,
            default: None,
        })
        .into()
    }

    /// The title of `form`.
    pub(super) fn title(&self, form: &Form) -> String {
        form.title.clone().unwrap_or_else(|| self.say("ticket-form-title", &[]))
    }

    /// What was filled in, by label, in the form's order; or what is wrong with which field.
    pub(super) fn check(
        &self,
        form: &Form,
        submission: &Map<String, Value>,
    ) -> Result<Vec<(String, Given)>, Faults> {
        let (mut filled, mut faults) = (Vec::new(), Faults::new());
        for field in self.fields(form) {
            match self.given(&field, submission.get(&field.name).unwrap_or(&Value::Null)) {
                Ok(None) => {}
                Ok(Some(given)) => filled.push((field.name, given)),
                Err(fault) => {
                    faults.insert(field.name, fault);
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        if filled.iter().all(|(_, given)| matches!(given, Given::Bool(_))) {
            // A form of which nothing need be filled in is no ticket if nothing is.
            let first = self.fields(form).into_iter().next().map(|field| field.name);
            let needed = self.say("ticket-form-empty", &[]);
            return Err(first.into_iter().map(|name| (name, needed.clone())).collect());
        }
        Ok(filled)
    }

    fn given(&self, field: &Field, value: &Value) -> Result<Option<Given>, String> {
        if field.kind == FieldKind::Bool {
            return match value {
                Value::Null => Ok(Some(Given::Bool(false))),
                Value::Bool(ticked) => Ok(Some(Given::Bool(*ticked))),
                _ => Err(self.say("ticket-field-strange", &[])),
            };
        }
        let text = match value {
            Value::Null => String::new(),
            Value::String(text) => text.trim().replace("\r\n", "\n"),
            Value::Number(number) => number.to_string(),
            _ => return Err(self.say("ticket-field-strange", &[])),
        };
        if text.is_empty() {
            let needed = || self.say("ticket-field-needed", &[]);
            return if field.optional { Ok(None) } else { Err(needed()) };
        }
        let given = match &field.kind {
            FieldKind::Line { subtype, min, max } => {
                self.check_length(&text, *min, *max)?;
                if text.contains('\n') {
                    return Err(self.say("ticket-field-strange", &[]));
                }
                if let Some(fault) = misfit(subtype, &text) {
                    return Err(self.say(fault, &[]));
                }
                Given::Line(text)
            }
            FieldKind::Text { min, max } => {
                self.check_length(&text, *min, *max)?;
                Given::Text(text)
            }
            FieldKind::Options { options, .. } if options.contains(&text) => Given::Line(text),
            FieldKind::Options { .. } => return Err(self.say("ticket-field-not-offered", &[])),
            FieldKind::User => Given::User(
                UserId::parse(&text).map_err(|_| self.say("ticket-field-not-offered", &[]))?,
            ),
            FieldKind::Channel => Given::Channel(
                ChannelId::parse(&text).map_err(|_| self.say("ticket-field-not-offered", &[]))?,
            ),
            FieldKind::Bool => Given::Bool(false),
        };
        Ok(Some(given))
    }

    fn check_length(&self, text: &str, min: usize, max: usize) -> Result<(), String> {
        let count = text.chars().count();
        if count > max {
            return Err(
                self.say("ticket-field-too-long", &[("count", count.into()), ("max", max.into())])
            );
        }
        if count < min {
            return Err(self.say("ticket-field-too-short", &[("min", min.into())]));
        }
        Ok(())
    }

    pub(super) fn say(&self, key: &str, args: &[(&str, fluent_bundle::FluentValue<'_>)]) -> String {
        self.texts.say(self.locale, key, args)
    }
}

/// What is said of a line that is not what it should be.
fn misfit(subtype: &str, text: &str) -> Option<&'static str> {
    let (fits, fault) = match subtype {
        "number" => (text.parse::<f64>().is_ok_and(f64::is_finite), "ticket-field-no-number"),
        "email" => (Email::parse(text).is_some(), "ticket-field-no-email"),
        "url" => {
            let url = Url::parse(text);
            let of_the_web = url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            (of_the_web, "ticket-field-no-url")
        }
        _ => return None,
    };
    (!fits).then_some(fault)
}

/// What stands in lists: the first lines that were written, else the first line, else `title`.
pub(super) fn subject(filled: &[(String, Given)], title: &str) -> String {
    let text = |given: &Given| match given {
        Given::Text(text) => text.lines().next().map(str::to_owned),
        _ => None,
    };
    let line = |given: &Given| match given {
        Given::Line(text) => Some(text.clone()),
        _ => None,
    };
    let found = filled.iter().find_map(|(_, given)| text(given));
    let found = found.or_else(|| filled.iter().find_map(|(_, given)| line(given)));
    found.unwrap_or_else(|| title.to_owned())
}

#[cfg(test)]
pub(super) mod tests;
