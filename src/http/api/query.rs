//! What a caller asks for in a query, made into a [`TicketQuery`], or all that is wrong with it.

use std::{collections::BTreeSet, num::NonZeroU8};

use percent_encoding::percent_decode;

use super::problem::{Fault, Problem, Sentence, says};
use crate::model::{
    mail::Email,
    ticket_query::{Field, Sort, TicketQuery},
};

/// How many tickets a page has unless the caller says.
pub(super) const LIMIT: NonZeroU8 = NonZeroU8::MIN.saturating_add(19);
/// How many it may have.
pub(super) const LIMIT_MAX: u8 = 100;
/// The longest text to search for, in characters.
pub(super) const TEXT_MAX: usize = 255;
/// The longest cursor, in bytes.
pub(super) const CURSOR_MAX: usize = 8192;

/// What there is to choose from.
#[derive(Clone, Copy)]
pub(super) struct Choices<'c> {
    pub(super) boards: &'c [String],
    pub(super) categories: &'c [String],
}

/// Which tickets.
pub(super) fn tickets(query: &str, choices: Choices<'_>) -> Result<TicketQuery, Problem> {
    let mut reading = Reading::new(query)?;
    let found = TicketQuery {
        boards: reading.chosen(&["boards", "board"], choices.boards),
        categories: reading.chosen(&["categories", "category"], choices.categories),
        reporter: reading.email("reporter"),
        assignee: reading.email("assignee"),
        watcher: reading.email("watcher"),
        status: reading.text("status", TEXT_MAX),
        text: reading.text("q", TEXT_MAX),
        fields: reading.fields(),
        limit: reading.limit(),
        sort: reading.sort(),
        cursor: reading.text("cursor", CURSOR_MAX),
    };
    reading.end().map(|()| found)
}

/// What to tell of one ticket.
pub(super) fn fields(query: &str) -> Result<BTreeSet<Field>, Problem> {
    let mut reading = Reading::new(query)?;
    let fields = reading.fields();
    reading.end().map(|()| fields)
}

/// Where nothing is asked.
pub(super) fn nothing(query: &str) -> Result<(), Problem> {
    Reading::new(query)?.end()
}

struct Reading {
    pairs: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl Reading {
    fn new(query: &str) -> Result<Self, Problem> {
        let unreadable = || Problem::parameters(vec![Fault::of("", says("api-fault-query"))]);
        if percent_decode(query.as_bytes()).decode_utf8().is_err() {
            return Err(unreadable());
        }
        let pairs = serde_html_form::from_str(query).map_err(|_| unreadable())?;
        Ok(Self { pairs, faults: Vec::new() })
    }

    fn fault(&mut self, name: &str, says: Sentence) {
        self.faults.push(Fault::of(name, says));
    }

    /// All values of a parameter, under any of its names.
    fn all(&mut self, names: &[&str]) -> Vec<String> {
        let wanted = |(name, _): &mut (String, String)| names.contains(&name.as_str());
        self.pairs.extract_if(.., wanted).map(|(_, value)| value).collect()
    }

    fn one(&mut self, name: &str) -> Option<String> {
        let mut values = self.all(&[name]);
        if values.len() > 1 {
            self.fault(name, says("api-fault-twice"));
        }
        values.pop()
    }

    /// An empty text is none.
    fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let text = self.one(name).filter(|text| !text.is_empty())?;
        if text.chars().count() > max {
            self.fault(name, says("api-fault-long").with("max", max));
        }
        if text.contains('\0') {
            self.fault(name, says("api-fault-control"));
        }
        Some(text)
    }

    fn email(&mut self, name: &str) -> Option<Email> {
        let text = self.one(name)?;
        let email = super::fields::email(&text);
        if email.is_none() {
            self.fault(name, says("api-fault-email"));
        }
        email
    }

    fn chosen(&mut self, names: &[&str], choices: &[String]) -> Vec<String> {
        let mut chosen = Vec::new();
        for value in self.all(names) {
            if choices.contains(&value) {
                chosen.push(value);
            } else {
                self.fault(names[0], says("api-fault-choice").with("choices", choices.join(", ")));
            }
        }
        chosen.sort();
        chosen.dedup();
        chosen
    }

    fn fields(&mut self) -> BTreeSet<Field> {
        let mut fields = BTreeSet::new();
        for value in self.all(&["fields"]) {
            for word in value.split(',') {
                match word {
                    "watchers" => fields.insert(Field::Watchers),
                    "comments" => fields.insert(Field::Comments),
                    "attachments" => fields.insert(Field::Attachments),
                    "rendered" => fields.insert(Field::Rendered),
                    _ => {
                        let choices = "watchers, comments, attachments, rendered";
                        self.fault("fields", says("api-fault-choice").with("choices", choices));
                        false
                    }
                };
            }
        }
        fields
    }

    fn limit(&mut self) -> NonZeroU8 {
        let Some(text) = self.one("limit") else { return LIMIT };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse().ok().filter(|number: &NonZeroU8| number.get() <= LIMIT_MAX);
        number.filter(|_| digits).unwrap_or_else(|| {
            self.fault("limit", says("api-fault-number").with("min", 1).with("max", LIMIT_MAX));
            LIMIT
        })
    }

    fn sort(&mut self) -> Sort {
        match self.one("sort").as_deref() {
            // As the service before did: the newest first.
            None | Some("created") => Sort::NewestFirst,
            Some("-created") => Sort::OldestFirst,
            Some(_) => {
                let choices = "created, -created";
                self.fault("sort", says("api-fault-choice").with("choices", choices));
                Sort::default()
            }
        }
    }

    /// Whatever is left is unknown.
    fn end(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.fault(&name, says("api-fault-unknown-parameter"));
        }
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::parameters(self.faults)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<TicketQuery, Problem> {
        let boards = ["support".to_owned(), "infra".to_owned()];
        let categories = ["a bug".to_owned()];
        tickets(query, Choices { boards: &boards, categories: &categories })
    }

    #[test]
    fn a_query_is_read_in_all_its_forms() {
        let empty = read("").unwrap();
        assert_eq!((empty.limit.get(), empty.sort), (20, Sort::NewestFirst));
        assert!(empty.boards.is_empty() && empty.fields.is_empty() && empty.cursor.is_none());
        let full = read(
            "boards=support&board=infra&categories=a+bug&reporter=Ann%40example.org&status=In+Progress\
             &q=%22x%22+OR+1%3D1&fields=watchers,comments&fields=rendered&limit=100&sort=-created\
             &cursor=abc&assignee=&watcher=b@example.org",
        );
        assert!(full.is_err(), "an empty address is none");
        let full = read(
            "boards=support&board=infra&categories=a+bug&reporter=Ann%40example.org&status=In+Progress\
             &q=%22x%22+OR+1%3D1&fields=watchers,comments&fields=rendered&limit=100&sort=-created\
             &cursor=abc",
        )
        .unwrap();
        assert_eq!(full.boards, ["infra", "support"]);
        assert_eq!(full.categories, ["a bug"]);
        assert_eq!(full.reporter.unwrap().as_str(), "ann@example.org");
        assert_eq!(full.text.as_deref(), Some("\"x\" OR 1=1"));
        assert_eq!(full.fields.len(), 3);
        assert_eq!((full.limit.get(), full.sort), (100, Sort::OldestFirst));
    }

    #[test]
    fn every_fault_of_a_query_is_told() {
        for query in [
            "limit=0",
            "limit=101",
            "limit=-1",
            "limit=%2B5",
            "limit=5&limit=6",
            "limit=",
            "sort=updated",
            "fields=everything",
            "boards=nowhere",
            "boards=",
            "categories=bug",
            "reporter=ann",
            "unknown=1",
            "q=%FF",
            "q=%00",
            "status=a&status=b",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
        assert!(nothing("").is_ok() && nothing("x").is_err());
    }
}
