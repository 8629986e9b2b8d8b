//! The part of JQL that is spoken here, read strictly: whatever else is said is a 400.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A query: everything in `clauses` holds.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    pub(super) clauses: Vec<Clause>,
    /// The field, and whether from its end.
    pub(super) order: Vec<(Order, bool)>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Clause {
    /// In one of these.
    Projects(Vec<String>),
    /// One of these.
    Labels(Vec<String>),
    /// The role that a person has, and what names them.
    Person(Role, String),
    Status(String),
    /// All of these words, in small letters.
    Text(Vec<String>),
    Keys(Vec<String>),
    Updated(Timestamp),
    Created(Timestamp),
    CreatedByMe,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    Reporter,
    Assignee,
    Watcher,
}

impl Role {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Reporter => "reporter",
            Self::Assignee => "assignee",
            Self::Watcher => "watcher",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Updated,
    Created,
    /// The key, and the rank on a board, which nobody changes here.
    Key,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(&'static str),
}

/// Reads a query; `now` is what its periods count from. Times of day are in UTC, the time zone of
/// the bot.
///
/// # Errors
/// With a sentence when it is not of the kind spoken here.
pub(super) fn parse(jql: &str, now: Timestamp) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(jql)?, at: 0, now };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

fn tokens(jql: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = jql.trim_start();
    while let Some(first) = rest.chars().next() {
        let sign = ["(", ")", ",", ">=", "=", "~"].into_iter().find(|sign| rest.starts_with(sign));
        if let Some(sign) = sign {
            found.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '"' || first == '\'' {
            let (text, after) = quoted(&rest[1..], first)?;
            found.push(Token::Text(text));
            rest = after;
        } else {
            // Anything with a meaning of its own in JQL must be quoted.
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || ['-', '_', '.', ':'].contains(&c)))
                .unwrap_or(rest.len());
            if end == 0 {
                return Err(format!(
                    "Error in the JQL Query: The character '{first}' is a reserved JQL character. \
                     You must enclose it in a string or use the escape."
                ));
            }
            found.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(found)
}

/// The text up to the closing quote, and what follows.
fn quoted(rest: &str, quote: char) -> Result<(String, &str), String> {
    let mut text = String::new();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next().map(|(_, escaped)| escaped) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('u') => {
                    let digits: String = letters.by_ref().take(4).map(|(_, digit)| digit).collect();
                    let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                    let letter = code.and_then(char::from_u32);
                    text.push(letter.ok_or("Error in the JQL Query: illegal escape sequence.")?);
                }
                Some(escaped @ ('\\' | '"' | '\'' | ' ')) => text.push(escaped),
                _ => return Err("Error in the JQL Query: illegal escape sequence.".to_owned()),
            },
            _ if letter == quote => return Ok((text, &rest[at + 1..])),
            _ => text.push(letter),
        }
    }
    Err("Error in the JQL Query: The quoted string has not been completed.".to_owned())
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    now: Timestamp,
}

impl Parser {
    fn query(&mut self) -> Result<Query, String> {
        let mut clauses = Vec::new();
        if self.peek().is_some() && !self.word("order") {
            loop {
                clauses.push(self.clause()?);
                if !self.take("and") {
                    break;
                }
            }
        }
        let mut order = Vec::new();
        if self.take("order") {
            self.want("by")?;
            loop {
                order.push(self.order()?);
                if !self.sign(",") {
                    break;
                }
            }
        }
        Ok(Query { clauses, order })
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let field = self.name()?;
        match field.as_str() {
            "key" | "issuekey" => {
                self.want("in")?;
                Ok(Clause::Keys(self.list()?))
            }
            "project" => Ok(Clause::Projects(self.one_or_list()?)),
            "labels" => Ok(Clause::Labels(self.one_or_list()?)),
            "reporter" => self.person(Role::Reporter),
            "assignee" => self.person(Role::Assignee),
            "watcher" => self.person(Role::Watcher),
            "status" => {
                self.want_sign("=")?;
                Ok(Clause::Status(self.value()?))
            }
            "text" => {
                self.want_sign("~")?;
                let text = self.value()?;
                let words = words(&text);
                let wrong = || format!("Unable to parse the text '{text}' for field 'text'.");
                words.map(Clause::Text).ok_or_else(wrong)
            }
            "updated" | "created" => {
                self.want_sign(">=")?;
                let value = self.value()?;
                let at = time(&value, self.now).ok_or_else(|| {
                    format!(
                        "Date value '{value}' for field '{field}' is invalid. Valid formats \
                         include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', \
                         'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
                    )
                })?;
                Ok(if field == "updated" { Clause::Updated(at) } else { Clause::Created(at) })
            }
            "creator" => {
                self.want_sign("=")?;
                self.want("currentuser")?;
                self.want_sign("(")?;
                self.want_sign(")")?;
                Ok(Clause::CreatedByMe)
            }
            _ => Err(format!(
                "Field '{field}' does not exist or you do not have permission to view it."
            )),
        }
    }

    fn person(&mut self, role: Role) -> Result<Clause, String> {
        self.want_sign("=")?;
        Ok(Clause::Person(role, self.value()?))
    }

    /// `= value` or `in (value, …)`.
    fn one_or_list(&mut self) -> Result<Vec<String>, String> {
        if self.sign("=") {
            return Ok(vec![self.value()?]);
        }
        self.want("in")?;
        self.list()
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.want_sign("(")?;
        let mut values = vec![self.value()?];
        while self.sign(",") {
            values.push(self.value()?);
        }
        self.want_sign(")")?;
        Ok(values)
    }

    fn order(&mut self) -> Result<(Order, bool), String> {
        let field = match self.name()?.as_str() {
            "updated" => Order::Updated,
            "created" => Order::Created,
            "key" | "issuekey" | "rank" => Order::Key,
            other => return Err(format!("Not able to sort using field '{other}'.")),
        };
        let descending = self.take("desc");
        if !descending {
            self.take("asc");
        }
        Ok((field, descending))
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.word(word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn want(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn want_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// A field's name, in small letters.
    fn name(&mut self) -> Result<String, String> {
        match self.value()? {
            value if value.is_empty() => Err(self.unexpected()),
            value => Ok(value.to_lowercase()),
        }
    }

    fn value(&mut self) -> Result<String, String> {
        let Some(Token::Word(value) | Token::Text(value)) = self.peek() else {
            return Err(self.unexpected());
        };
        let value = value.clone();
        self.at += 1;
        Ok(value)
    }

    fn unexpected(&self) -> String {
        let found = match self.peek() {
            Some(Token::Word(text) | Token::Text(text)) => text.as_str(),
            Some(Token::Sign(sign)) => sign,
            None => "the end of the query",
        };
        format!("Error in the JQL Query: Expecting something else but got '{found}'.")
    }
}

/// The words of a text search; none if one of Lucene's signs stands there without an escape, or one
/// of its operators: what they do is not known here.
fn words(text: &str) -> Option<Vec<String>> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => plain.push(letters.next()?),
            sign if "+-&|!(){}[]^~*?:/\"".contains(sign) => return None,
            other => plain.push(other),
        }
    }
    if text.split_whitespace().any(|word| ["AND", "OR", "NOT"].contains(&word)) {
        return None;
    }
    Some(terms(&plain))
}

/// What the index knows of a text: its words in small letters, without signs.
pub(super) fn terms(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// `-10m`, `2030-01-31 10:00`, `2030-01-31`; no other form, and no time zone.
fn time(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(period) = text.strip_prefix('-') {
        let unit = period.chars().last()?;
        let number: i64 = period.strip_suffix(unit)?.parse().ok().filter(|n| *n >= 0)?;
        let minutes = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return None,
        };
        let past = jiff::SignedDuration::from_mins(number.checked_mul(minutes)?);
        return now.checked_sub(past).ok();
    }
    let text = text.replace('/', "-");
    let at = match text.len() {
        16 => DateTime::strptime("%Y-%m-%d %H:%M", &text).ok()?,
        10 => Date::strptime("%Y-%m-%d", &text).ok()?.at(0, 0, 0, 0),
        _ => return None,
    };
    at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests;
