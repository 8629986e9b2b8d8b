//! `/redmine issue`: one issue, with the last things said on it.

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::model::{ids::IssueId, redmine::Issue, render};

/// Characters of a description, or of a comment, that are shown.
const TEXT_SHOWN: usize = 1_500;
/// Comments that are shown, the newest.
const COMMENTS_SHOWN: usize = 3;

pub(super) async fn run(asker: &Asker, id: IssueId) -> Result<String, Failure> {
    let issue = asker.redmine().issue(asker.key().await?, id).await.about(About::Issue(id))?;
    Ok(show(asker, &issue))
}

fn show(asker: &Asker, issue: &Issue) -> String {
    let nobody = || asker.say("redmine-assigned-to-nobody", &[]);
    let assignee = issue.line.assignee.as_deref().map_or_else(nobody, render::line);
    let [project, tracker, status, priority, author] =
        [&issue.project, &issue.line.tracker, &issue.status.name, &issue.priority, &issue.author]
            .map(|text| render::line(text));
    let facts = asker.say(
        "redmine-issue-facts",
        &[
            ("project", project.into()),
            ("tracker", tracker.into()),
            ("status", status.into()),
            ("priority", priority.into()),
            ("author", author.into()),
            ("assignee", assignee.into()),
        ],
    );
    let mut parts = vec![format!("**{}**", asker.link_with_subject(&issue.line)), facts];
    if !issue.description.trim().is_empty() {
        parts.push(render::quote(&issue.description, TEXT_SHOWN));
    }
    let hidden = issue.comments.len().saturating_sub(COMMENTS_SHOWN);
    if hidden > 0 {
        parts.push(asker.say("redmine-issue-more-comments", &[("count", hidden.into())]));
    }
    for comment in issue.comments.iter().skip(hidden) {
        let [author, date] = [&comment.author, &comment.date].map(|text| render::line(text));
        let args = [("author", author.into()), ("date", date.into())];
        let wrote = asker.say("redmine-issue-comment", &args);
        parts.push(format!("{wrote}\n{}", render::quote(&comment.text, TEXT_SHOWN)));
    }
    parts.join("\n\n")
}
