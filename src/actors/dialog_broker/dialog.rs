//! Forms as Mattermost shows them. Nothing of them but the state and what was typed changes while
//! ticketd runs, so they are made once, in each language.

use std::collections::HashMap;

use serde::Serialize;

use super::form::Forms;
use crate::{
    config::{Field, FieldKind, Form},
    locale::{Locale, Texts},
};

/// Every form of a configuration in every language.
pub(super) struct Dialogs(HashMap<Locale, Vec<Shown>>);

impl Dialogs {
    pub(super) fn new(forms: &[Form], texts: &Texts) -> Self {
        let shown = |locale| {
            let words = Forms { texts, locale };
            (locale, forms.iter().map(|form| Shown::new(form, &words)).collect())
        };
        Self(Locale::ALL.into_iter().map(shown).collect())
    }

    /// The form of this name.
    pub(super) fn of(&self, name: &str, locale: Locale) -> Option<&Shown> {
        self.0.get(&locale)?.iter().find(|shown| shown.name == name)
    }
}

/// A form in one language.
pub(super) struct Shown {
    name: String,
    title: String,
    submit_label: String,
    fields: Vec<Field>,
}

impl Shown {
    pub(super) fn new(form: &Form, words: &Forms<'_>) -> Self {
        Self {
            name: form.name.clone(),
            title: words.title(form),
            submit_label: words.say("ticket-form-submit", &[]),
            fields: words.fields(form),
        }
    }

    /// What Mattermost is sent to open it, `text` filled in.
    pub(super) fn dialog<'d>(&'d self, text: &'d str, state: &'d str) -> Dialog<'d> {
        let mut elements: Vec<_> = self.fields.iter().map(Element::new).collect();
        if let Some((place, text)) = prefill(&self.fields, text) {
            elements[place].default = Some(text);
        }
        Dialog {
            callback_id: "ticket",
            title: &self.title,
            submit_label: &self.submit_label,
            notify_on_cancel: false,
            state,
            elements,
        }
    }
}

/// A dialog as Mattermost takes it.
#[derive(Serialize)]
pub(super) struct Dialog<'d> {
    callback_id: &'static str,
    title: &'d str,
    submit_label: &'d str,
    notify_on_cancel: bool,
    state: &'d str,
    elements: Vec<Element<'d>>,
}

/// A field of it.
#[derive(Serialize)]
struct Element<'d> {
    display_name: &'d str,
    name: &'d str,
    optional: bool,
    #[serde(flatten)]
    kind: Kind<'d>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_text: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'d str>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Kind<'d> {
    Text {
        subtype: &'static str,
        min_length: usize,
        max_length: usize,
    },
    Textarea {
        min_length: usize,
        max_length: usize,
    },
    Radio {
        options: Vec<Choice<'d>>,
    },
    Select {
        options: Vec<Choice<'d>>,
    },
    #[serde(rename = "select")]
    Known {
        data_source: &'static str,
    },
    Bool,
}

#[derive(Serialize)]
struct Choice<'d> {
    text: &'d str,
    value: &'d str,
}

impl<'d> Element<'d> {
    fn new(field: &'d Field) -> Self {
        Self {
            display_name: &field.label,
            name: &field.name,
            optional: field.optional,
            kind: Kind::new(&field.kind),
            help_text: field.help.as_deref(),
            placeholder: field.placeholder.as_deref(),
            default: field.default.as_deref(),
        }
    }
}

impl<'d> Kind<'d> {
    fn new(kind: &'d FieldKind) -> Self {
        match kind {
            FieldKind::Line { subtype, min, max } => {
                Self::Text { subtype, min_length: *min, max_length: *max }
            }
            FieldKind::Text { min, max } => Self::Textarea { min_length: *min, max_length: *max },
            FieldKind::Options { options, radio } => {
                let options = options.iter().map(|text| Choice { text, value: text }).collect();
                if *radio { Self::Radio { options } } else { Self::Select { options } }
            }
            FieldKind::User => Self::Known { data_source: "users" },
            FieldKind::Channel => Self::Known { data_source: "channels" },
            FieldKind::Bool => Self::Bool,
        }
    }
}

/// Where what was typed behind the command belongs: the first field for some lines, else the first
/// for one; cut to what it holds.
fn prefill<'t>(fields: &[Field], text: &'t str) -> Option<(usize, &'t str)> {
    let lines = fields.iter().position(|field| matches!(field.kind, FieldKind::Text { .. }));
    let line = || {
        fields.iter().position(|field| matches!(field.kind, FieldKind::Line { subtype: "", .. }))
    };
    let place = lines.or_else(line).filter(|_| !text.is_empty())?;
    let (FieldKind::Text { max, .. } | FieldKind::Line { max, .. }) = fields[place].kind else {
        return None;
    };
    let end = text.char_indices().nth(max).map_or(text.len(), |(end, _)| end);
    Some((place, &text[..end]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{
        super::form::tests::{field, form},
        *,
    };

    fn sent(form: Form, locale: Locale, text: &str) -> Value {
        let dialogs = Dialogs::new(&[form], &Texts::load().unwrap());
        let shown = dialogs.of("", locale).unwrap();
        serde_json::to_value(shown.dialog(text, "the state")).unwrap()
    }

    #[test]
    fn the_usual_form_speaks_everybodys_language() {
        for locale in Locale::ALL {
            let dialog = sent(form(Vec::new()), locale, "it is broken");
            assert!(dialog["title"].as_str().unwrap().chars().count() <= 24, "{dialog}");
            let elements = dialog["elements"].as_array().unwrap();
            let names: Vec<_> = elements.iter().map(|element| &element["name"]).collect();
            assert_eq!(names, ["cluster", "resource", "problem", "network"]);
            for element in elements {
                let label = element["display_name"].as_str().unwrap();
                assert!(label.chars().count() <= 24, "{element}");
            }
            assert_eq!(elements[2]["default"], "it is broken");
            assert_eq!(elements[0]["default"], Value::Null);
            assert_eq!(dialog["state"], "the state");
        }
    }

    #[test]
    fn each_kind_of_field_is_sent_with_what_belongs_to_it() {
        let options = |radio| FieldKind::Options { options: vec!["a".into(), "b".into()], radio };
        let both = json!([{"text": "a", "value": "a"}, {"text": "b", "value": "b"}]);
        for (kind, expected) in [
            (
                FieldKind::Line { subtype: "email", min: 2, max: 10 },
                json!({"type": "text", "subtype": "email", "min_length": 2, "max_length": 10}),
            ),
            (
                FieldKind::Text { min: 0, max: 3_000 },
                json!({"type": "textarea", "min_length": 0, "max_length": 3_000}),
            ),
            (options(true), json!({"type": "radio", "options": both})),
            (options(false), json!({"type": "select", "options": both})),
            (FieldKind::User, json!({"type": "select", "data_source": "users"})),
            (FieldKind::Channel, json!({"type": "select", "data_source": "channels"})),
            (FieldKind::Bool, json!({"type": "bool"})),
        ] {
            let dialog = sent(form(vec![field("a", kind)]), Locale::En, "");
            let mut expected = expected;
            expected["display_name"] = "A".into();
            expected["name"] = "a".into();
            expected["optional"] = false.into();
            assert_eq!(dialog["elements"], json!([expected]));
        }
        let mut helped = field("a", FieldKind::Bool);
        (helped.help, helped.placeholder) = (Some("why".into()), Some("so".into()));
        helped.default = Some("true".into());
        let element = &sent(form(vec![helped]), Locale::En, "")["elements"][0];
        assert_eq!(
            [&element["help_text"], &element["placeholder"], &element["default"]],
            ["why", "so", "true"]
        );
    }

    #[test]
    fn what_was_typed_fills_a_field_that_holds_it() {
        let line = field("a", FieldKind::Line { subtype: "", min: 0, max: 5 });
        let text = field("t", FieldKind::Text { min: 0, max: 4 });
        let number = field("n", FieldKind::Line { subtype: "number", min: 0, max: 5 });
        for (fields, typed, expected) in [
            (vec![number.clone(), line.clone()], "too long for it", Some((1, "too l"))),
            (vec![line.clone(), text], "ünïcödé", Some((1, "ünïc"))),
            (vec![line.clone()], "fits", Some((0, "fits"))),
            (vec![line], "", None),
            (vec![number], "12", None),
        ] {
            assert_eq!(prefill(&fields, typed), expected);
        }
    }
}
