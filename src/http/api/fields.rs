//! What a caller wants written, made into requests that the desk takes, or all that is wrong with it.
//! JSON and forms come to the same: an object of texts and lists.

use serde_json::{Map, Value};

use super::problem::{Fault, Sentence, says};
use crate::model::{
    keys::Tracker,
    mail::Email,
    request::{NewRemark, NewRequest, RequestPriority, WATCHERS_MAX},
};

/// The fewest characters of a title or a text, blanks at its ends left out.
pub(super) const TEXT_MIN: usize = 5;
/// The most characters of a title.
pub(super) const TITLE_MAX: usize = 255;
/// The most characters of a text.
pub(super) const BODY_MAX: usize = 32_000;
/// The longest mail address, in bytes (RFC 5321, 4.5.3.1.3).
pub(super) const EMAIL_MAX: usize = 254;

/// A board, and where its issues are made.
pub(super) struct Board {
    /// What callers call it.
    pub(super) key: String,
    /// Its tracker.
    pub(super) tracker: Tracker,
    /// The name of a board of Jira's, a project of Redmine's.
    pub(super) place: String,
}

/// What a new ticket can name, and what it gets if it names none.
pub(super) struct Desks {
    pub(super) boards: Vec<Board>,
    pub(super) categories: Vec<String>,
    pub(super) default_board: Option<String>,
    pub(super) default_category: Option<String>,
}

/// A ticket to be made, without its files.
pub(super) fn ticket(given: Map<String, Value>, desks: &Desks) -> Result<NewRequest, Vec<Fault>> {
    let mut reading = Reading { given, faults: Vec::new() };
    let title = reading.words("title", TITLE_MAX, &|c| c.is_control());
    let body = reading.body();
    let reporter = reading.person("reporter");
    let keys: Vec<_> = desks.boards.iter().map(|board| board.key.clone()).collect();
    let board = reading.choice("board", &keys, desks.default_board.as_ref(), true);
    let needed = !desks.categories.is_empty();
    let default = desks.default_category.as_ref();
    let category = reading.choice("category", &desks.categories, default, needed);
    let watchers = reading.watchers();
    let priority = reading.priority();
    reading.end();
    let board = board.and_then(|key| desks.boards.iter().find(|board| board.key == key));
    match (title, body, reporter, board) {
        (Some(title), Some(body), Some(reporter), Some(board)) if reading.faults.is_empty() => {
            let (tracker, place) = (board.tracker, board.place.clone());
            let files = Vec::new();
            Ok(NewRequest {
                title,
                body,
                reporter,
                tracker,
                place,
                category,
                watchers,
                priority,
                files,
            })
        }
        _ => Err(reading.faults),
    }
}

/// A comment to be made, without its files.
pub(super) fn remark(given: Map<String, Value>) -> Result<NewRemark, Vec<Fault>> {
    let mut reading = Reading { given, faults: Vec::new() };
    let body = reading.body();
    let author = reading.person("author");
    let watchers = reading.watchers();
    reading.end();
    match (body, author) {
        (Some(body), Some(author)) if reading.faults.is_empty() => {
            Ok(NewRemark { body, author, watchers, files: Vec::new() })
        }
        _ => Err(reading.faults),
    }
}

/// An address as it is, with no blank around it.
pub(super) fn email(text: &str) -> Option<Email> {
    Email::parse(text).filter(|_| text.trim() == text && text.len() <= EMAIL_MAX)
}

struct Reading {
    given: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reading {
    fn fault<T>(&mut self, field: &str, says: Sentence) -> Option<T> {
        self.faults.push(Fault::at(field, says));
        None
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.given.remove(field) {
            Some(Value::String(text)) => Some(text),
            Some(_) => self.fault(field, says("api-fault-text")),
            None => self.fault(field, says("api-fault-missing")),
        }
    }

    /// A text without the blanks at its ends, none of whose letters is `odd`.
    fn words(&mut self, field: &str, max: usize, odd: &dyn Fn(char) -> bool) -> Option<String> {
        let text = self.text(field)?;
        if text.chars().count() > max {
            return self.fault(field, says("api-fault-long").with("max", max));
        }
        let words = text.trim_matches(is_blank);
        if words.chars().count() < TEXT_MIN {
            return self.fault(field, says("api-fault-short").with("min", TEXT_MIN));
        }
        if words.contains(odd) {
            return self.fault(field, says("api-fault-control"));
        }
        Some(words.to_owned())
    }

    fn body(&mut self) -> Option<String> {
        let odd = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
        let body = self.words("body", BODY_MAX, &odd)?;
        Some(body.replace("\r\n", "\n").replace('\r', "\n"))
    }

    fn person(&mut self, field: &str) -> Option<Email> {
        let text = self.text(field)?;
        let found = email(&text);
        found.or_else(|| self.fault(field, says("api-fault-email")))
    }

    fn choice(
        &mut self,
        field: &str,
        choices: &[String],
        default: Option<&String>,
        needed: bool,
    ) -> Option<String> {
        if !self.given.contains_key(field) && (default.is_some() || !needed) {
            return default.cloned();
        }
        let text = self.text(field)?;
        if choices.contains(&text) {
            return Some(text);
        }
        self.fault(field, says("api-fault-choice").with("choices", choices.join(", ")))
    }

    fn watchers(&mut self) -> Vec<Email> {
        let items = match self.given.remove("watchers") {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.fault::<()>("watchers", says("api-fault-list"));
                return Vec::new();
            }
        };
        if items.len() > WATCHERS_MAX {
            self.fault::<()>("watchers", says("api-fault-many").with("max", WATCHERS_MAX));
            return Vec::new();
        }
        let mut watchers = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.as_str().and_then(email) {
                Some(watcher) if watchers.contains(&watcher) => {}
                Some(watcher) => watchers.push(watcher),
                None => self.faults.push(Fault::item("watchers", index, says("api-fault-email"))),
            }
        }
        watchers
    }

    fn priority(&mut self) -> Option<RequestPriority> {
        match self.given.remove("priority") {
            None | Some(Value::Null) => None,
            Some(Value::String(word)) if word == "low" => Some(RequestPriority::Low),
            Some(Value::String(word)) if word == "high" => Some(RequestPriority::High),
            Some(_) => {
                self.fault("priority", says("api-fault-choice").with("choices", "low, high"))
            }
        }
    }

    /// Whatever is left is unknown.
    fn end(&mut self) {
        for (field, _) in std::mem::take(&mut self.given) {
            self.fault::<()>(&field, says("api-fault-unknown-field"));
        }
    }
}

/// What `\s` means to those who read the description: white space, and the separators of ASCII.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

#[cfg(test)]
mod tests;
