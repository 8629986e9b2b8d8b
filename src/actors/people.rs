//! Who in a tracker somebody is who writes a mail or gets one: by the operator's map, else as the
//! tracker finds them. Hits and misses are remembered for a while.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use moka::future::Cache;

use crate::{clients::ApiError, model::mail::Email};

/// People remembered.
const PEOPLE_MAX: u64 = 10_000;
/// For how long.
const REMEMBERED: Duration = Duration::from_hours(1);

/// People by address; `A` is by what the tracker calls them.
pub(super) struct People<A> {
    map: BTreeMap<Email, A>,
    known: Cache<Email, Option<A>>,
}

impl<A: Clone + Send + Sync + 'static> People<A> {
    pub(super) fn new(map: BTreeMap<Email, A>) -> Self {
        let known = Cache::builder().max_capacity(PEOPLE_MAX).time_to_live(REMEMBERED).build();
        Self { map, known }
    }

    /// The account of an address: `None` if nobody in the tracker has it, or shows it. `find` asks
    /// the tracker.
    pub(super) async fn account(
        &self,
        email: &Email,
        find: impl Future<Output = Result<Option<A>, ApiError>>,
    ) -> Result<Option<A>, ApiError> {
        if let Some(account) = self.map.get(email) {
            return Ok(Some(account.clone()));
        }
        let asked = async {
            match find.await {
                // Whoever may not look people up finds nobody.
                Err(ApiError::Forbidden { .. } | ApiError::NotFound { .. }) => Ok(None),
                found => found,
            }
        };
        let found = Box::pin(self.known.try_get_with(email.clone(), asked)).await;
        found.map_err(|error: Arc<ApiError>| (*error).clone())
    }
}
