//! `/redmine comment`: adds a note, and looks whether it is there: Redmine answers 204 either way.

use super::{
    Asker, Failure,
    failure::{About, Concerning, unless_unclear, unseen},
};
use crate::model::ids::IssueId;

pub(super) async fn run(asker: &Asker, id: IssueId, text: &str) -> Result<String, Failure> {
    let (key, redmine) = (asker.key().await?, asker.redmine());
    let before = redmine.issue(key, id).await.about(About::Issue(id))?;
    let sent = redmine.update_issue(key, id, None, Some(text)).await;
    let unclear = unless_unclear(sent).about(About::Issue(id))?;
    let after =
        redmine.issue(key, id).await.map_err(|error| unseen(&error)).about(About::Issue(id))?;
    let link = asker.link_with_subject(&after.line);
    if after.has_new_comment_by(asker.login()?.redmine_id, &before) {
        return Ok(asker.say("redmine-commented", &[("issue", link.into())]));
    }
    if let Some(error) = unclear {
        return Err(error).about(About::Issue(id));
    }
    Ok(asker.say("redmine-not-commented", &[("issue", link.into())]))
}
