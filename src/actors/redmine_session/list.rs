//! `/redmine list`: issues, a page at a time.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::redmine::{ListQuery, PAGE_SIZE, State};

pub(super) async fn run(asker: &Asker, query: &ListQuery) -> Result<String, Failure> {
    let about = query.project.clone().map_or(About::Redmine, About::Project);
    let page = asker.redmine().issues(asker.key().await?, query).await.about(about)?;
    let project = query.project.as_ref().map_or("", |project| project.as_str());
    let args = [
        ("state", state(query.state).into()),
        ("whose", if query.mine { "mine" } else { "anyone" }.into()),
        ("within", if query.project.is_some() { "project" } else { "everything" }.into()),
        ("project", project.into()),
        ("total", page.total.into()),
    ];
    if page.total == 0 {
        return Ok(asker.say("redmine-list-empty", &args));
    }
    if page.items.is_empty() {
        return Ok(asker.past_the_end(page.total));
    }
    let mut lines = vec![asker.say("redmine-list", &args), String::new()];
    lines.extend(page.items.iter().map(|issue| asker.row(issue)));
    let shown = if query.state == State::Open { "" } else { state(query.state) };
    let words = ["list", project, if query.mine { "mine" } else { "" }, shown];
    lines.extend(asker.next_page(&words, query.page, page.total));
    Ok(lines.join("\n"))
}

/// What a user types for it, and what the sentences distinguish.
fn state(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::All => "all",
        State::Closed => "closed",
    }
}

impl Asker {
    /// The line that names the command for the next page, if there is one.
    pub(super) fn next_page(&self, words: &[&str], page: u32, total: u32) -> Option<String> {
        let more = u64::from(page) * u64::from(PAGE_SIZE) < u64::from(total);
        more.then(|| {
            let next = (page + 1).to_string();
            let words = words.iter().copied().chain([next.as_str()]);
            let typed = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
            let args = [("page", next.as_str().into()), ("command", typed.into())];
            format!("\n{}", self.say("next-page", &args))
        })
    }

    pub(super) fn past_the_end(&self, total: u32) -> String {
        self.say("past-the-end", &[("pages", total.div_ceil(PAGE_SIZE).into())])
    }
}
