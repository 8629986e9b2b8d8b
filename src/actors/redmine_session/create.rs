//! `/redmine create`: a new issue in a project.
//!
//! Redmine has no idempotency key. If a create gives no clear answer it is not repeated: the user
//! is shown what was found instead, and decides.

use std::time::Duration;

use super::{
    Asker, Failure,
    failure::{About, Concerning},
};
use crate::{clients::ApiError, clock, model::ids::ProjectRef};

/// How far Redmine's clock may be behind ours.
const CLOCKS_APART: Duration = Duration::from_mins(2);

pub(super) async fn run(
    asker: &Asker,
    project: &ProjectRef,
    subject: &str,
) -> Result<String, Failure> {
    let since = clock::now() - CLOCKS_APART;
    let (key, redmine) = (asker.key().await?, asker.redmine());
    match redmine.create_issue(key, project, subject).await {
        Ok(issue) => {
            let link = asker.link_with_subject(&issue.line);
            Ok(asker.say("redmine-created", &[("issue", link.into())]))
        }
        Err(error @ ApiError::Rejected { .. }) => {
            // A project that is unknown or hidden is rejected as "blank": ask what it is.
            redmine
                .project_is_visible(key, project)
                .await
                .about(About::Project(project.clone()))?;
            Err(error).about(About::Project(project.clone()))
        }
        Err(error @ ApiError::Ambiguous { .. }) => {
            let found = redmine.own_newest(key, project, since).await.unwrap_or_default();
            let Some(twin) = found.iter().find(|other| other.subject == subject) else {
                return Err(error).about(About::Project(project.clone()));
            };
            let link = asker.link_with_subject(twin);
            Ok(asker.say("redmine-create-unclear", &[("issue", link.into())]))
        }
        Err(error) => Err(error).about(About::Project(project.clone())),
    }
}
