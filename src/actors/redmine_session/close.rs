//! `/redmine close`: puts an issue into a closed state, and says what really happened.
//!
//! Redmine answers 204 also when the workflow forbids the change, so the issue is read again. That
//! also settles a write that gave no clear answer.

use super::{
    Asker, Failure,
    failure::{About, Concerning, unless_unclear, unseen},
};
use crate::model::{ids::IssueId, redmine::Issue, render};

pub(super) async fn run(asker: &Asker, id: IssueId, note: Option<&str>) -> Result<String, Failure> {
    let (key, redmine) = (asker.key().await?, asker.redmine());
    let before = redmine.issue(key, id).await.about(About::Issue(id))?;
    let statuses = redmine.statuses(key).await.about(About::Redmine)?;
    if before.is_closed(&statuses) {
        return Ok(say(asker, "redmine-already-closed", &before));
    }
    let preferred = asker.tools.close_status.as_deref();
    let Some(target) = before.closing_status(&statuses, preferred) else {
        return Ok(say(asker, "redmine-close-not-allowed", &before));
    };
    let sent = redmine.update_issue(key, id, Some(target.id), note).await;
    let unclear = unless_unclear(sent).about(About::Issue(id))?;
    let after =
        redmine.issue(key, id).await.map_err(|error| unseen(&error)).about(About::Issue(id))?;
    let noted = after.has_new_comment_by(asker.login()?.redmine_id, &before);
    let key = match (after.is_closed(&statuses), note.is_some(), noted) {
        (true, true, false) => "redmine-closed-without-note",
        (true, _, _) => "redmine-closed",
        (false, _, true) => "redmine-not-closed-but-noted",
        (false, _, false) => match unclear {
            Some(error) => return Err(error).about(About::Issue(id)),
            None => "redmine-not-closed",
        },
    };
    Ok(say(asker, key, &after))
}

fn say(asker: &Asker, key: &str, issue: &Issue) -> String {
    let status = render::line(&issue.status.name);
    let link = asker.link_with_subject(&issue.line);
    asker.say(key, &[("issue", link.into()), ("status", status.into())])
}
