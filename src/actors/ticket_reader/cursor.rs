//! Where a page of tickets ended, as callers carry it to the next one. It is nothing to trust: all
//! that a forged one can lead to is another page of the same question.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ReadFault;
use crate::model::ticket_query::{Sort, TicketQuery};

/// The longest that is looked at; a token of Jira's has some hundred letters.
const LENGTH_MAX: usize = 8_192;
/// The form of what is inside.
const FORM: u8 = 1;

/// A place in the answer to a question.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    form: u8,
    /// Of the question.
    print: String,
    /// The key of a board of Redmine's; `None` for those of Jira's, which are one.
    pub(super) board: Option<String>,
    /// Where in there, as the tracker says; `None` for its beginning.
    pub(super) from: Option<String>,
}

impl Cursor {
    pub(super) fn new(query: &TicketQuery, board: Option<&str>, from: Option<String>) -> Self {
        Self { form: FORM, print: print(query), board: board.map(str::to_owned), from }
    }

    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What the question carries; `None` if it carries none.
    ///
    /// # Errors
    /// [`ReadFault::BadCursor`] for anything that no page of this question ended with.
    pub(super) fn of(query: &TicketQuery) -> Result<Option<Self>, ReadFault> {
        let Some(text) = &query.cursor else { return Ok(None) };
        let bytes = (text.len() <= LENGTH_MAX).then(|| URL_SAFE_NO_PAD.decode(text).ok());
        let read = bytes.flatten().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let ours = read.filter(|cursor| cursor.form == FORM && cursor.print == print(query));
        ours.map(Some).ok_or(ReadFault::BadCursor)
    }
}

/// Of all that decides which tickets there are and in which order: what is told of each, and how
/// many a page, may change on the way.
fn print(query: &TicketQuery) -> String {
    let email = |email: &Option<crate::model::mail::Email>| {
        email.as_ref().map(|email| email.as_str().to_owned())
    };
    let question = (
        &query.boards,
        &query.categories,
        [email(&query.reporter), email(&query.assignee), email(&query.watcher)],
        [&query.status, &query.text],
        query.sort == Sort::NewestFirst,
    );
    let digest = Sha256::digest(serde_json::to_vec(&question).unwrap_or_default());
    base16ct::lower::encode_string(&digest[..8])
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, num::NonZeroU8};

    use proptest::prelude::*;

    use super::*;
    use crate::model::{mail::Email, ticket_query::Field};

    fn query() -> TicketQuery {
        TicketQuery {
            boards: vec!["support".to_owned()],
            categories: Vec::new(),
            reporter: Email::parse("alice@example.org"),
            assignee: None,
            watcher: None,
            status: Some("Done".to_owned()),
            text: None,
            fields: BTreeSet::new(),
            limit: NonZeroU8::new(20).unwrap(),
            sort: Sort::NewestFirst,
            cursor: None,
        }
    }

    fn read(query: &TicketQuery, text: &str) -> Result<Option<Cursor>, ReadFault> {
        Cursor::of(&TicketQuery { cursor: Some(text.to_owned()), ..query.clone() })
    }

    #[test]
    fn a_cursor_belongs_to_its_question() {
        let query = query();
        let cursor = Cursor::new(&query, Some("infra"), Some("12".to_owned()));
        let text = cursor.text();
        assert_eq!(read(&query, &text), Ok(Some(cursor)));
        assert_eq!(Cursor::of(&query), Ok(None));
        let longer = TicketQuery {
            limit: NonZeroU8::MAX,
            fields: [Field::Comments].into(),
            ..query.clone()
        };
        assert!(read(&longer, &text).is_ok());
        for other in [
            TicketQuery { boards: Vec::new(), ..query.clone() },
            TicketQuery { categories: vec!["web".to_owned()], ..query.clone() },
            TicketQuery { reporter: None, ..query.clone() },
            TicketQuery { assignee: query.reporter.clone(), reporter: None, ..query.clone() },
            TicketQuery { watcher: query.reporter.clone(), ..query.clone() },
            TicketQuery { status: None, text: query.status.clone(), ..query.clone() },
            TicketQuery { sort: Sort::OldestFirst, ..query.clone() },
        ] {
            assert_eq!(read(&other, &text), Err(ReadFault::BadCursor));
        }
    }

    proptest! {
        #[test]
        fn anything_else_is_refused(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(read(&query(), &text), Err(ReadFault::BadCursor));
            let encoded = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert_eq!(read(&query(), &encoded), Err(ReadFault::BadCursor));
        }
    }
}
