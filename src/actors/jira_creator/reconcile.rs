//! Looks for an issue that an unclear call may have made: by its label in the index, which lags,
//! and key by key above the highest one known before the call, which does not.

use super::JiraCreator;
use crate::{
    clients::ApiError,
    model::{effect::Effect, keys::IssueKey},
    store::StoreError,
};

/// Keys in a row without an issue before the end of the project is believed.
const GAP: u64 = 5;
/// Keys that one look reads.
const READS_MAX: u32 = 100;

impl JiraCreator {
    /// The oldest issue that the index knows by this mark.
    pub(super) async fn find_label(&self, mark: &str) -> Result<Option<IssueKey>, ApiError> {
        let found = self.tools.jira.find_by_label(mark).await?;
        if found.len() > 1 {
            tracing::error!(issue.count = found.len(), "two issues carry one mark");
        }
        Ok(found.into_iter().min_by_key(IssueKey::number))
    }

    /// The issue that carries the mark of this effect.
    ///
    /// # Errors
    /// The store's outside, Jira's inside.
    pub(super) async fn find_issue(
        &self,
        effect: &Effect,
        mark: &str,
        project: &str,
    ) -> Result<Result<Option<IssueKey>, ApiError>, StoreError> {
        match self.find_label(mark).await {
            Ok(None) => {}
            found => return Ok(found),
        }
        let Some(above) = effect.trace.above else { return Ok(Ok(None)) };
        let known = self.seen(project).unwrap_or_default();
        let (mut number, mut empty, mut reads) = (above, 0, 0);
        while reads < READS_MAX && (number < known || empty < GAP) {
            number += 1;
            let Some(key) = IssueKey::numbered(project, number) else { break };
            // The issue that another case made need not be read.
            if self.tools.desk.is_made(key.clone()).await? {
                empty = 0;
                continue;
            }
            reads += 1;
            match self.tools.jira.marks(&key).await {
                Ok(None) => empty += 1,
                Ok(Some(marks)) => {
                    empty = 0;
                    if marks.mark.as_deref() == Some(mark)
                        || marks.labels.iter().any(|label| label == mark)
                    {
                        return Ok(Ok(Some(marks.key)));
                    }
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(None))
    }
}
