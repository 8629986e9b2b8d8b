//! The audit's eye on what callers asked for: its words are there until all of it is done, and what
//! leads to a case finds one.

use super::super::super::error::StoreError;
use super::super::Desk;
use super::super::events::Events;
use super::super::requests::{AskedBefore, Requests, request_of};
use super::super::uploads::UploadRows;
use super::{Found, Problem};

impl Desk {
    pub(super) fn audit_requests(&self, found: &mut Found) -> Result<(), StoreError> {
        let mut kept = None;
        for key in self.tables().keys::<Requests>(&[])? {
            let request = request_of(key?)?;
            // Its other parts.
            if kept == Some(request) {
                continue;
            }
            kept = Some(request);
            found.requests.remove(&request);
            if !found.cases.contains_key(&request.case) {
                found.say(Problem::RequestLink { request });
            }
        }
        let missing = std::mem::take(&mut found.requests).into_iter();
        found.audit.problems.extend(missing.map(|request| Problem::NoRequest { request }));
        for row in self.tables().scan::<AskedBefore>(&[])? {
            let case = row?.1.request.case;
            if !found.cases.contains_key(&case) {
                found.say(Problem::AskedLink { case });
            }
        }
        for row in self.tables().scan::<UploadRows>(&[])? {
            if let Some(case) = row?.1.case.filter(|case| !found.cases.contains_key(case)) {
                found.say(Problem::UploadLink { case });
            }
        }
        let last = self.last_event()?;
        for key in self.tables().keys::<Events>(&[])? {
            let number = u64::from_be_bytes(key?);
            if number > last {
                found.say(Problem::EventNumber { number, last });
            }
        }
        Ok(())
    }
}
