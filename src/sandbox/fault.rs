//! The ways in which a remote service fails, on demand: one rule a fault, the oldest rule that
//! matches a request wins.

use std::sync::Mutex;
use std::time::Duration;

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers as usual, but this much later.
    Slow(Duration),
    /// This status with an HTML page, as a proxy or a broken Rails sends it. Nothing is done.
    Status(u16),
    /// 200 with an HTML login page: what a single sign-on in front of the service answers.
    HtmlOk,
    /// The connection closes without an answer. Nothing is done.
    CutConnection,
    /// The request is carried out, then the connection closes without an answer.
    CutAfterCommit,
    /// The connection closes without an answer; the request is carried out this much later, as one is
    /// that waits for a worker when its caller gives up.
    CommitLater(Duration),
    /// The request is carried out, then this status with an HTML page, as a proxy answers that
    /// lost the service's own answer.
    StatusAfterCommit(u16),
    /// No answer, the connection stays open until the stand-in stops.
    Hang,
    /// 200 and a JSON body that never ends.
    Oversized,
    /// The request is carried out; the JSON of its answer breaks off in the middle.
    BrokenJson,
}

/// A fault with its limits. `Fault::Hang.into()` is the rule for every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// What happens.
    pub fault: Fault,
    /// Only where `METHOD /path?query` contains this text. A request to the JMAP stand-in goes on
    /// with its methods: `POST /jmap/ Email/get EmailSubmission/set`; one to Microsoft 365 with its
    /// template in brackets: `GET /v1.0/users/… [GET messages/delta]`.
    pub path_contains: Option<String>,
    /// Only for that many requests, then the rule is gone.
    pub times: Option<u32>,
}

impl FaultRule {
    /// The same, but only where `METHOD /path?query` contains `text`.
    #[must_use]
    pub fn at(mut self, text: impl Into<String>) -> Self {
        self.path_contains = Some(text.into());
        self
    }

    /// The same, but only for the next `n` requests.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.times = Some(n);
        self
    }
}

impl From<Fault> for FaultRule {
    fn from(fault: Fault) -> Self {
        Self { fault, path_contains: None, times: None }
    }
}

/// The rules of one stand-in.
#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<FaultRule>>);

impl Faults {
    pub(super) fn add(&self, rule: FaultRule) {
        super::wire::lock(&self.0).push(rule);
    }

    pub(super) fn clear(&self) {
        super::wire::lock(&self.0).clear();
    }

    /// The fault for this request, if any; counts it against the rule's limit.
    pub(super) fn take(&self, method: &str, target: &str) -> Option<Fault> {
        let mut rules = super::wire::lock(&self.0);
        if rules.is_empty() {
            return None;
        }
        let line = format!("{method} {target}");
        let at = rules.iter().position(|rule| {
            rule.times != Some(0)
                && rule.path_contains.as_ref().is_none_or(|text| line.contains(text.as_str()))
        })?;
        let rule = &mut rules[at];
        let fault = rule.fault;
        if let Some(times) = &mut rule.times {
            *times -= 1;
            if *times == 0 {
                rules.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_matching_rule_wins_and_wears_out() {
        let faults = Faults::default();
        faults.add(FaultRule::from(Fault::Hang).at("POST /a").times(2));
        faults.add(Fault::HtmlOk.into());
        let taken = [
            faults.take("POST", "/a"),
            faults.take("GET", "/a"),
            faults.take("POST", "/a?x=1"),
            faults.take("POST", "/a"),
        ];
        assert_eq!(
            taken,
            [Some(Fault::Hang), Some(Fault::HtmlOk), Some(Fault::Hang), Some(Fault::HtmlOk)]
        );
        faults.clear();
        assert_eq!(faults.take("POST", "/a"), None);
    }
}
