//! `[ticket]`: the slash command `/ticket` and its forms. The keys of the section itself make the
//! form without a name; each `[[ticket.form]]` makes another.

mod field;

use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::layers::FormSection;
use super::place::{Named, Place, Trackers};
use super::reader::{Faulted, Reader};
use super::section::Section;

pub use field::{Field, FieldKind};

/// Characters of a dialog's title, and of a field's label.
/// Source: Mattermost, "Interactive dialogs".
const TITLE_MAX: usize = 24;
/// Fields of a form: more than anybody fills in.
const FIELDS_MAX: usize = 20;
/// Characters that a filled form may hold: its post holds 16,383, and escaping takes some.
const FORM_MAX: usize = 12_000;
/// What `/ticket` does by itself, so that no form can have the name.
const COMMANDS: [&str; 9] =
    ["help", "list", "show", "mine", "take", "resolve", "reopen", "priority", "assign"];

/// The slash command `/ticket`.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The tokens of the slash command, one for each team.
    pub slash_tokens: Vec<SecretString>,
    /// What stands before a ticket's number.
    pub prefix: String,
    /// Whose days the numbers count.
    pub time_zone: TimeZone,
    /// The forms; the first has no name.
    pub forms: Vec<Form>,
}

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    /// What follows `/ticket`; empty for the first.
    pub name: String,
    /// What stands above it; without one the usual words.
    pub title: Option<String>,
    /// Where its tickets are posted, by name or id; without one where the command was typed.
    pub channel: Option<String>,
    /// Where its tickets become issues; without one they do not.
    pub place: Option<Place>,
    /// The emoji that makes a ticket of any post, without colons.
    pub emoji: Option<String>,
    /// Its fields; none in the first means the usual ones.
    pub fields: Vec<Field>,
}

/// What one form has, and no other may.
#[derive(Default)]
struct Taken {
    names: Vec<String>,
    emoji: Vec<String>,
}

impl Ticket {
    /// `None` without a slash token: then there is no `/ticket`. `ready` says what else it needs.
    pub(super) fn read(
        reader: &mut Reader,
        trackers: Trackers<'_>,
        ready: &[(bool, &str)],
    ) -> Result<Option<Self>, Faulted> {
        let places = reader.forms();
        let mut section = reader.section("ticket");
        let slash_tokens = section.slash_tokens();
        let prefix = section.checked("prefix", prefix);
        let time_zone = section.checked("time_zone", |text| {
            TimeZone::get(text)
                .map_err(|_| format!("{text:?} is no time zone; write one like \"Europe/Paris\""))
        });
        let mut taken = Taken::default();
        let forms: Vec<_> =
            places.iter().map(|place| Form::read(reader, place, trackers, &mut taken)).collect();
        let forms = forms.into_iter().collect::<Result<Vec<_>, _>>();
        if slash_tokens.as_ref().is_ok_and(Vec::is_empty) {
            return without_tokens(reader, &places, &forms?).map(|()| None);
        }
        let mut section = reader.section("ticket");
        for (_, missing) in ready.iter().filter(|(there, _)| !there) {
            section.unset("slash_tokens", format!("set, but {missing}"));
        }
        Ok(Some(Self {
            slash_tokens: slash_tokens?,
            prefix: prefix?.unwrap_or_else(|| "Ticket".to_owned()),
            time_zone: time_zone?.unwrap_or(TimeZone::UTC),
            forms: forms?,
        }))
    }
}

impl Form {
    fn read(
        reader: &mut Reader,
        place: &FormSection,
        trackers: Trackers<'_>,
        taken: &mut Taken,
    ) -> Result<Self, Faulted> {
        let mut section = reader.section(place.section.as_str());
        let is_first = place.section == "ticket";
        let name = if is_first { Ok(String::new()) } else { name(&mut section, &mut taken.names) };
        let title = section.checked("title", |text| at_most(TITLE_MAX, text));
        let channel = section.checked("channel", |text| at_most(64, text));
        let emoji = section.checked("emoji", |text| emoji(text, &mut taken.emoji));
        let issues = Place::read(&mut section, trackers, Named::Nowhere);
        let mut taken = Vec::new();
        let fields: Vec<_> =
            place.fields.iter().map(|at| Field::read(reader.section(at), &mut taken)).collect();
        let fields = fields.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut section = reader.section(place.section.as_str());
        if fields.is_empty() && !is_first {
            return Err(section.unset("field", "not set; a form needs a [[ticket.form.field]]"));
        }
        if fields.len() > FIELDS_MAX {
            return Err(section.unset("field", format!("write at most {FIELDS_MAX} fields")));
        }
        if fields.iter().map(Field::longest).sum::<usize>() > FORM_MAX {
            let problem = format!(
                "its fields may hold more than the {FORM_MAX} characters of a post; give some \
                 of them a smaller max_length"
            );
            return Err(section.unset("field", problem));
        }
        Ok(Self {
            name: name?,
            title: title?,
            channel: channel?,
            place: issues?,
            emoji: emoji?,
            fields,
        })
    }
}

/// What says that somebody wants tickets must not be passed over.
fn without_tokens(
    reader: &mut Reader,
    places: &[FormSection],
    forms: &[Form],
) -> Result<(), Faulted> {
    let mut outcome = Ok(());
    for (place, form) in places.iter().zip(forms) {
        let mut section = reader.section(place.section.as_str());
        for (key, set) in [("emoji", form.emoji.is_some()), ("tracker", form.place.is_some())] {
            if set {
                let problem = "set, but ticket.slash_tokens is not, and without it there are no \
                               tickets; set it to the token of the slash command, or remove this";
                outcome = Err(section.unset(key, problem));
            }
        }
    }
    outcome
}

fn name(section: &mut Section<'_>, names: &mut Vec<String>) -> Result<String, Faulted> {
    section.needed("name", "write what follows /ticket, such as \"network\"", |text| {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=32).contains(&text.len()) || !text.bytes().all(letter) {
            return Err("write 1 to 32 of a-z, 0-9 and -".to_owned());
        }
        if COMMANDS.contains(&text) {
            return Err(format!("`/ticket {text}` is a command already; write another"));
        }
        if names.iter().any(|name| name == text) {
            return Err("another form has this name; write another".to_owned());
        }
        names.push(text.to_owned());
        Ok(text.to_owned())
    })
}

/// Source: Mattermost's `model.EmojiNameMaxLength` and `model.Reaction.IsValid`.
fn emoji(text: &str, taken: &mut Vec<String>) -> Result<String, String> {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b);
    if !(1..=64).contains(&text.len()) || !text.bytes().all(letter) {
        return Err(
            "write the emoji's name without colons, 1 to 64 of a-z, 0-9, _, + and -, such \
                    as \"ticket\""
                .to_owned(),
        );
    }
    if taken.iter().any(|known| known == text) {
        return Err("another form has this emoji; write another".to_owned());
    }
    taken.push(text.to_owned());
    Ok(text.to_owned())
}

fn prefix(text: &str) -> Result<String, String> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=24).contains(&text.len()) && text.bytes().all(letter) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 24 of a-z, A-Z, 0-9, - and _".to_owned())
    }
}

/// A text of 1 to `max` characters.
fn at_most(max: usize, text: &str) -> Result<String, String> {
    if text.chars().count() > max {
        return Err(format!("Mattermost shows {max} characters at most; write it shorter"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
