//! One id for each request: in the answer's `X-Request-Id`, in every log line, in the actors.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{HeaderMap, HeaderName};
use uuid::Uuid;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Gives out ids: a random start for this run, then a number. Unique, and cheap.
pub(super) struct RequestIds {
    run: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        let run = Uuid::new_v4().simple().to_string().chars().take(8).collect();
        Self { run, next: AtomicU64::new(1) }
    }

    /// The proxy's own id if it sends a decent one, else a new one.
    pub(super) fn of(&self, headers: &HeaderMap) -> String {
        let given = headers.get(HEADER).and_then(|id| id.to_str().ok()).filter(|id| decent(id));
        given.map_or_else(
            || format!("{}-{:06}", self.run, self.next.fetch_add(1, Relaxed)),
            str::to_owned,
        )
    }
}

/// What may stand in a log line.
fn decent(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_id_is_kept_if_it_can_stand_in_a_log() {
        let ids = RequestIds::new();
        let with = |id: &'static str| HeaderMap::from_iter([(HEADER, id.parse().unwrap())]);
        assert_eq!(ids.of(&with("abc-1_2")), "abc-1_2");
        for bad in ["", "a b", "x\"}", &"a".repeat(65)] {
            let headers = HeaderMap::from_iter([(HEADER, bad.parse().unwrap())]);
            assert_ne!(ids.of(&headers), bad);
        }
        assert_ne!(ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
    }
}
