//! `/redmine …`: from the text that a person typed to what they want.
//!
//! Every word that later stands in a URL is checked here; a text that is no command becomes a
//! [`CommandFault`], which says what to type instead.

use secrecy::SecretString;

use super::{
    ids::{IssueId, ProjectRef},
    redmine::{ListQuery, SearchQuery, State},
    words::{Words, is_page},
};

/// The longest subject that Redmine takes, in characters (422 beyond; measured on 5.0).
pub const SUBJECT_MAX: usize = 255;
/// The longest note that is passed on, in characters.
pub const NOTE_MAX: usize = 16_000;
/// The highest page that can be asked for: keeps `offset` within what databases count.
const PAGE_MAX: u32 = 100_000;

/// What somebody wants of Redmine.
#[derive(Debug, Clone)]
pub enum RedmineCommand {
    /// What can I type?
    Help,
    /// Sign in with a key in the command line.
    Login(LoginForm),
    /// Sign in through a form, so that the key never stands in a command line.
    OpenLogin,
    /// Forget my key.
    Logout,
    /// Who am I in Redmine?
    Me,
    /// Issues, a page at a time.
    List(ListQuery),
    /// One issue.
    Issue(IssueId),
    /// Close an issue, with an optional note.
    Close(IssueId, Option<String>),
    /// A new issue.
    Create(ProjectRef, String),
    /// A note on an issue.
    Comment(IssueId, String),
    /// Issues by text, a page at a time.
    Search(SearchQuery),
    /// The projects that I see, from this page on.
    Projects(u32),
}

/// What a person gives to sign in.
#[derive(Debug, Clone)]
pub struct LoginForm {
    /// Login name, mail address or number in Redmine.
    pub id: String,
    /// The API key from Redmine's "My account".
    pub api_key: SecretString,
}

impl LoginForm {
    /// Checks both fields' forms.
    ///
    /// # Errors
    /// [`CommandFault::BadLoginId`] or [`CommandFault::BadKey`].
    pub fn parse(id: &str, api_key: &str) -> Result<Self, CommandFault> {
        let (id, api_key) = (id.trim(), api_key.trim());
        if id.is_empty() || id.chars().count() > 255 || id.chars().any(char::is_control) {
            return Err(CommandFault::BadLoginId);
        }
        // Redmine makes keys of 40 hexadecimal digits; a header takes no other letters anyway.
        let plausible = (16..=100).contains(&api_key.len())
            && api_key.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plausible {
            return Err(CommandFault::BadKey);
        }
        Ok(Self { id: id.to_owned(), api_key: api_key.into() })
    }
}

/// Why a text is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandFault {
    /// There is no command of that name.
    Unknown(String),
    /// The command wants more; holds its name.
    Missing(&'static str),
    /// The command wants less, or has no such page; holds its name.
    TooMuch(&'static str),
    /// A word that should be an issue's number.
    NotAnIssue(String),
    /// A word that should be a project's identifier.
    NotAProject(String),
    /// A subject of so many characters.
    SubjectTooLong(usize),
    /// A note of so many characters.
    NoteTooLong(usize),
    /// Redmine searches for two characters or more.
    SearchTooShort,
    /// No login name.
    BadLoginId,
    /// Not the form of an API key.
    BadKey,
}

impl RedmineCommand {
    /// Reads what follows `/redmine`.
    ///
    /// # Errors
    /// The first [`CommandFault`] from the left.
    pub fn parse(text: &str) -> Result<Self, CommandFault> {
        let mut words = Words::new(text);
        let Some(name) = words.next() else { return Ok(Self::Help) };
        match name.to_lowercase().as_str() {
            "help" | "?" => Ok(Self::Help),
            "login" => login(words),
            "logout" => alone("logout", words, Self::Logout),
            "me" => alone("me", words, Self::Me),
            "list" => list(words).map(Self::List),
            "issue" => {
                let id = issue("issue", &mut words)?;
                alone("issue", words, Self::Issue(id))
            }
            "close" => {
                let id = issue("close", &mut words)?;
                let text = Some(words.rest()).filter(|text| !text.is_empty());
                Ok(Self::Close(id, text.map(note).transpose()?))
            }
            "comment" => {
                let id = issue("comment", &mut words)?;
                let text = Some(words.rest()).filter(|text| !text.is_empty());
                Ok(Self::Comment(id, note(text.ok_or(CommandFault::Missing("comment"))?)?))
            }
            "create" => create(words),
            "search" => search(&words).map(Self::Search),
            "projects" => projects(words),
            _ => Err(CommandFault::Unknown(name.to_owned())),
        }
    }

    /// The command's name, for metrics and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Login(_) | Self::OpenLogin => "login",
            Self::Logout => "logout",
            Self::Me => "me",
            Self::List(_) => "list",
            Self::Issue(_) => "issue",
            Self::Close(..) => "close",
            Self::Create(..) => "create",
            Self::Comment(..) => "comment",
            Self::Search(_) => "search",
            Self::Projects(_) => "projects",
        }
    }
}

fn alone(
    name: &'static str,
    mut words: Words<'_>,
    command: RedmineCommand,
) -> Result<RedmineCommand, CommandFault> {
    words.next().map_or(Ok(command), |_| Err(CommandFault::TooMuch(name)))
}

fn login(mut words: Words<'_>) -> Result<RedmineCommand, CommandFault> {
    let Some(id) = words.next() else { return Ok(RedmineCommand::OpenLogin) };
    let api_key = words.next().ok_or(CommandFault::Missing("login"))?;
    let form = LoginForm::parse(id, api_key)?;
    alone("login", words, RedmineCommand::Login(form))
}

fn issue(command: &'static str, words: &mut Words<'_>) -> Result<IssueId, CommandFault> {
    let word = words.next().ok_or(CommandFault::Missing(command))?;
    IssueId::parse(word).ok_or_else(|| CommandFault::NotAnIssue(word.to_owned()))
}

fn project(word: &str) -> Result<ProjectRef, CommandFault> {
    ProjectRef::parse(word).ok_or_else(|| CommandFault::NotAProject(word.to_owned()))
}

/// A project, `mine`, a state and a page in any order: a project's identifier is never all digits.
/// Whatever is said twice must be the same both times.
fn list(words: Words<'_>) -> Result<ListQuery, CommandFault> {
    let (mut named, mut mine, mut state, mut number) = (None, false, None, None);
    for word in words {
        let agrees = match word.to_lowercase().as_str() {
            "mine" => {
                mine = true;
                true
            }
            "open" => *state.get_or_insert(State::Open) == State::Open,
            "all" => *state.get_or_insert(State::All) == State::All,
            "closed" => *state.get_or_insert(State::Closed) == State::Closed,
            _ if is_page(word) => {
                let page = page("list", word)?;
                *number.get_or_insert(page) == page
            }
            _ => {
                let project = project(word)?;
                *named.get_or_insert(project.clone()) == project
            }
        };
        if !agrees {
            return Err(CommandFault::TooMuch("list"));
        }
    }
    Ok(ListQuery {
        project: named,
        mine,
        state: state.unwrap_or_default(),
        page: number.unwrap_or(1),
    })
}

fn search(words: &Words<'_>) -> Result<SearchQuery, CommandFault> {
    let (text, number) = words.rest_and_page();
    let text = one_line(text);
    match text.chars().count() {
        0 => Err(CommandFault::Missing("search")),
        1 => Err(CommandFault::SearchTooShort),
        _ => Ok(SearchQuery { text, page: number.map_or(Ok(1), |word| page("search", word))? }),
    }
}

fn projects(mut words: Words<'_>) -> Result<RedmineCommand, CommandFault> {
    let number = match words.next() {
        None => 1,
        Some(word) => page("projects", word)?,
    };
    alone("projects", words, RedmineCommand::Projects(number))
}

/// Pages count from 1; one beyond all that can be asked for is past the end like any other.
fn page(command: &'static str, word: &str) -> Result<u32, CommandFault> {
    let digits = word.trim_start_matches('0');
    if !is_page(word) || digits.is_empty() {
        return Err(CommandFault::TooMuch(command));
    }
    Ok(digits.parse().unwrap_or(PAGE_MAX).min(PAGE_MAX))
}

fn create(mut words: Words<'_>) -> Result<RedmineCommand, CommandFault> {
    let project = project(words.next().ok_or(CommandFault::Missing("create"))?)?;
    let subject = one_line(words.rest());
    match subject.chars().count() {
        0 => Err(CommandFault::Missing("create")),
        1..=SUBJECT_MAX => Ok(RedmineCommand::Create(project, subject)),
        long => Err(CommandFault::SubjectTooLong(long)),
    }
}

fn note(text: &str) -> Result<String, CommandFault> {
    match text.chars().count() {
        0..=NOTE_MAX => Ok(text.to_owned()),
        long => Err(CommandFault::NoteTooLong(long)),
    }
}

/// Redmine keeps a newline in a subject and then shows half of it: a subject is one line.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    const KEY: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";

    fn shown(text: &str) -> String {
        match RedmineCommand::parse(text) {
            Ok(RedmineCommand::Login(form)) => {
                format!("login {} {}", form.id, form.api_key.expose_secret())
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_command_is_read_as_it_was_meant() {
        for (text, command) in [
            ("", "Ok(Help)"),
            ("HELP", "Ok(Help)"),
            ("login", "Ok(OpenLogin)"),
            ("logout", "Ok(Logout)"),
            ("me", "Ok(Me)"),
            ("Issue #12", "Ok(Issue(IssueId(12)))"),
            ("close 12", "Ok(Close(IssueId(12), None))"),
            ("close 12 \"all good\"", r#"Ok(Close(IssueId(12), Some("all good")))"#),
            ("comment 3 it's  done", r#"Ok(Comment(IssueId(3), "it's  done"))"#),
            (
                "search  printer fire",
                r#"Ok(Search(SearchQuery { text: "printer fire", page: 1 }))"#,
            ),
            (
                "search printer 2 Page 3",
                r#"Ok(Search(SearchQuery { text: "printer 2", page: 3 }))"#,
            ),
            ("search “home page 2”", r#"Ok(Search(SearchQuery { text: "home page 2", page: 1 }))"#),
            ("projects", "Ok(Projects(1))"),
            ("projects 2", "Ok(Projects(2))"),
            ("projects 99999999999", "Ok(Projects(100000))"),
            (
                "create Helpdesk “Printer\n on fire”",
                r#"Ok(Create(ProjectRef("helpdesk"), "Printer on fire"))"#,
            ),
            ("list", "Ok(List(ListQuery { project: None, mine: false, state: Open, page: 1 }))"),
            (
                "list 2 mine infra",
                r#"Ok(List(ListQuery { project: Some(ProjectRef("infra")), mine: true, state: Open, page: 2 }))"#,
            ),
            (
                "list closed Mine closed",
                "Ok(List(ListQuery { project: None, mine: true, state: Closed, page: 1 }))",
            ),
        ] {
            assert_eq!(shown(text), command, "{text:?}");
        }
        assert_eq!(shown(&format!("login alice {KEY}")), format!("login alice {KEY}"));
    }

    #[test]
    fn what_is_no_command_says_why() {
        let long = format!("create helpdesk {}", "x".repeat(300));
        let key = format!("login alice {}", "a".repeat(10_240));
        for (text, fault) in [
            ("frobnicate 1", CommandFault::Unknown("frobnicate".into())),
            ("issue", CommandFault::Missing("issue")),
            ("issue abc", CommandFault::NotAnIssue("abc".into())),
            ("issue 1 2", CommandFault::TooMuch("issue")),
            ("close 1/../../projects/1", CommandFault::NotAnIssue("1/../../projects/1".into())),
            ("comment 1", CommandFault::Missing("comment")),
            ("create helpdesk", CommandFault::Missing("create")),
            ("create ../x y", CommandFault::NotAProject("../x".into())),
            ("list a b", CommandFault::TooMuch("list")),
            ("list open closed", CommandFault::TooMuch("list")),
            ("list all mine open", CommandFault::TooMuch("list")),
            ("list 0", CommandFault::TooMuch("list")),
            ("list 2 3", CommandFault::TooMuch("list")),
            ("projects 0", CommandFault::TooMuch("projects")),
            ("projects +1", CommandFault::TooMuch("projects")),
            ("search printer page 0", CommandFault::TooMuch("search")),
            ("login alice", CommandFault::Missing("login")),
            ("login alice short", CommandFault::BadKey),
            ("search x", CommandFault::SearchTooShort),
            (long.as_str(), CommandFault::SubjectTooLong(300)),
            (key.as_str(), CommandFault::BadKey),
        ] {
            assert_eq!(RedmineCommand::parse(text).unwrap_err(), fault, "{text:.40}");
        }
    }

    #[test]
    fn a_key_is_not_shown_by_debug() {
        let command = RedmineCommand::parse(&format!("login alice {KEY}")).unwrap();
        assert!(!format!("{command:?}").contains(KEY));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(login|list|close|create|comment|search)? ?\\PC{0,80}") {
            let _ = RedmineCommand::parse(&text);
        }
    }
}
