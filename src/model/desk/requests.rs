//! What follows from what callers of the API ask for.

use jiff::Timestamp;

use crate::model::{
    case::Case,
    effect::{Effect, Work},
    keys::{CaseId, IssueKey, Tracker},
};

/// The case of what a caller asks for: its issue is to be made at this place. `subject` is what
/// stands in lists.
#[must_use]
pub fn open_request(
    id: CaseId,
    subject: &str,
    (tracker, place): (Tracker, String),
    now: Timestamp,
) -> (Case, Vec<Effect>) {
    let mut case = Case::new(id, subject, now);
    case.tracker = Some(tracker);
    case.asked_for = Some(place);
    let effects = case.append(vec![Work::FileRequest], now);
    (case, effects)
}

/// A case for an issue that ticketd has not made. Nothing is to be done in it yet.
#[must_use]
pub fn adopt(id: CaseId, issue: IssueKey, now: Timestamp) -> Case {
    let mut case = Case::new(id, issue.as_str(), now);
    case.tracker = Some(issue.tracker());
    case.issue = Some(issue);
    case
}

/// A caller has something to say in the case's issue.
pub fn remark(case: &mut Case, now: Timestamp) -> Vec<Effect> {
    case.append(vec![Work::AddRemark], now)
}

/// What a request asks for besides its words.
pub(super) fn besides(effect: &Effect, attach: bool, watch: bool) -> impl Iterator<Item = Work> {
    let of = effect.request();
    let attach = of.filter(|_| attach).map(|of| Work::AttachUploads { of });
    attach.into_iter().chain(of.filter(|_| watch).map(|of| Work::WatchRequest { of }))
}
