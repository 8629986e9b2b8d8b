//! Who in Jira somebody is who writes a mail: by the operator's map, else as Jira finds them. Hits
//! and misses are remembered for a while.

use std::{collections::BTreeMap, time::Duration};

use moka::future::Cache;

use crate::{
    clients::{ApiError, JiraClient},
    model::mail::Email,
};

/// People remembered.
const PEOPLE_MAX: u64 = 10_000;
/// For how long.
const REMEMBERED: Duration = Duration::from_hours(1);

pub(super) struct People {
    map: BTreeMap<Email, String>,
    known: Cache<Email, Option<String>>,
}

impl People {
    pub(super) fn new(map: BTreeMap<Email, String>) -> Self {
        let known = Cache::builder().max_capacity(PEOPLE_MAX).time_to_live(REMEMBERED).build();
        Self { map, known }
    }

    /// The account of an address: `None` if nobody in Jira has it, or shows it.
    pub(super) async fn account(
        &self,
        jira: &JiraClient,
        email: &Email,
    ) -> Result<Option<String>, ApiError> {
        if let Some(account) = self.map.get(email) {
            return Ok(Some(account.clone()));
        }
        let asked = async {
            match jira.find_account(email).await {
                Ok(found) => Ok(found.map(|account| account.id)),
                // Whoever may not look people up finds nobody.
                Err(ApiError::Forbidden { .. } | ApiError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let found = Box::pin(self.known.try_get_with(email.clone(), asked)).await;
        found.map_err(|error: std::sync::Arc<ApiError>| (*error).clone())
    }
}
