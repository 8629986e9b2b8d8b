//! Where new issues go: from a board's name to its project, and what we may do there.

use super::{JiraClient, malformed, wire};
use crate::{clients::ApiError, model::keys::IssueKey};

/// Boards in a page, and pages after which the list is taken for endless.
const PAGE: usize = 50;
const PAGES_MAX: usize = 100;

/// What the desk needs to do in a project, by Jira's permission keys.
const NEEDED: [&str; 4] =
    ["CREATE_ISSUES", "ADD_COMMENTS", "CREATE_ATTACHMENTS", "MANAGE_WATCHERS"];

impl JiraClient {
    /// The key of the one project that the boards of exactly this name show. `None` without such a
    /// board, and where its filter is about anything but one project.
    ///
    /// Source: the Software REST interface, `/rest/agile/1.0/board` and `/board/{id}/configuration`,
    /// and `GET /filter/{id}`.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] or [`ApiError::NotFound`] where we may not see boards.
    pub async fn board_project(&self, name: &str) -> Result<Option<String>, ApiError> {
        let mut projects: Vec<Option<String>> = Vec::new();
        for board in self.boards(name).await? {
            let named = board.location.and_then(|location| location.project_key);
            let project = match named.filter(|key| is_project_key(key)) {
                Some(key) => Some(key),
                None => self.filtered_project(board.id).await?,
            };
            projects.push(project);
        }
        projects.dedup();
        match projects.len() {
            1 => Ok(projects.remove(0)),
            _ => Ok(None),
        }
    }

    /// What we lack in a project of `CREATE_ISSUES`, `ADD_COMMENTS`, `CREATE_ATTACHMENTS` and
    /// `MANAGE_WATCHERS`; empty is well.
    ///
    /// Source: `GET /mypermissions`.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] for a project that is not there, or not for us.
    pub async fn permissions(&self, project: &str) -> Result<Vec<&'static str>, ApiError> {
        let needed = NEEDED.join(",");
        let asked = [("projectKey", project), ("permissions", &needed)];
        let answer = self.read("rest/api/2/mypermissions", &asked).await?;
        let permissions = answer.json::<wire::Permissions>()?.permissions;
        let has = |key: &&str| permissions.get(*key).is_some_and(|one| one.have_permission);
        Ok(NEEDED.into_iter().filter(|key| !has(key)).collect())
    }

    /// The boards of exactly this name; Jira searches for it anywhere in a name.
    async fn boards(&self, name: &str) -> Result<Vec<wire::Board>, ApiError> {
        let (mut boards, mut read) = (Vec::new(), 0);
        for _ in 0..PAGES_MAX {
            let (start, size) = (read.to_string(), PAGE.to_string());
            let asked = [("name", name), ("startAt", &start), ("maxResults", &size)];
            let page: wire::Boards = self.read("rest/agile/1.0/board", &asked).await?.json()?;
            read += page.values.len();
            let last = page.is_last || page.values.is_empty();
            boards.extend(page.values.into_iter().filter(|board| board.name == name));
            if last {
                return Ok(boards);
            }
        }
        Err(malformed("a list of boards without an end"))
    }

    async fn filtered_project(&self, board: u64) -> Result<Option<String>, ApiError> {
        let path = format!("rest/agile/1.0/board/{board}/configuration");
        let shown: wire::BoardConfiguration = self.read(&path, &[]).await?.json()?;
        let path = format!("rest/api/2/filter/{}", shown.filter.id);
        let filter: wire::Filter = self.read(&path, &[]).await?.json()?;
        Ok(only_project(&filter.jql).map(str::to_owned))
    }
}

/// The project of a filter that asks for one project and nothing else: `project = KEY`,
/// `project in (KEY)`, the key in quotes or not, in any order.
fn only_project(jql: &str) -> Option<&str> {
    let rest = after_word(jql.trim_start(), "project")?.trim_start();
    let (key, rest) = if let Some(rest) = rest.strip_prefix('=') {
        value(rest.trim_start())?
    } else {
        let rest = after_word(rest, "in")?.trim_start().strip_prefix('(')?;
        let (key, rest) = value(rest.trim_start())?;
        (key, rest.trim_start().strip_prefix(')')?)
    };
    let rest = rest.trim_start();
    let ordered = || after_word(after_word(rest, "order")?.trim_start(), "by");
    (is_project_key(key) && (rest.is_empty() || ordered().is_some())).then_some(key)
}

/// What follows this word, which must end there.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (start.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// A value with or without quotes, and what follows it.
fn value(text: &str) -> Option<(&str, &str)> {
    if let quote @ ('"' | '\'') = text.chars().next()? {
        return text[1..].split_once(quote);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == ')').unwrap_or(text.len());
    Some(text.split_at(end))
}

fn is_project_key(text: &str) -> bool {
    IssueKey::numbered(text, 1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_names_a_project_only_if_it_asks_for_nothing_else() {
        for (jql, expected) in [
            ("project = SUP", Some("SUP")),
            ("project=SUP", Some("SUP")),
            (" PROJECT = \"SUP\" ORDER BY Rank ASC", Some("SUP")),
            ("project = 'SUP' order  by created", Some("SUP")),
            ("project in (SUP)", Some("SUP")),
            ("project IN ( \"A_1\" ) ORDER BY Rank", Some("A_1")),
            ("project in(SUP)ORDER BY Rank", Some("SUP")),
            ("project in (SUP, OPS)", None),
            ("project = SUP OR project = OPS", None),
            ("project = SUP AND status = Open", None),
            ("project != SUP", None),
            ("project not in (SUP)", None),
            ("project = \"Support Desk\"", None),
            ("project = 10001", None),
            ("project = sup", None),
            ("project = \"SUP", None),
            ("project in (SUP", None),
            ("projects = SUP", None),
            ("project = SUP ORDERS BY x", None),
            ("(project = SUP)", None),
            ("", None),
            ("프로젝트", None),
        ] {
            assert_eq!(only_project(jql), expected, "{jql}");
        }
    }
}
