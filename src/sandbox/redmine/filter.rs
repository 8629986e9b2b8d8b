//! The filters of an issue list, in Redmine's short form: an operator in front of the value.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::data::{Issue, User, is_closed};
use super::search::{matches, words};
use crate::clock;
use crate::sandbox::wire::Request;

type Number = fn(&Issue) -> Option<u32>;
type Time = fn(&Issue) -> Timestamp;

/// What a list keeps. Filters that Redmine does not know are ignored, as it does.
pub(super) struct Filter {
    status: Status,
    numbers: Vec<(Number, Numbers)>,
    watchers: Option<Numbers>,
    subject: Option<Vec<String>>,
    times: Vec<(Time, Range)>,
}

enum Status {
    Open,
    Closed,
    Any,
    Of(Numbers),
}

enum Numbers {
    None,
    Any,
    In(Vec<u32>),
    NotIn(Vec<u32>),
    AtLeast(u32),
    AtMost(u32),
}

/// Later than `from` and not later than `to`.
#[derive(Default)]
struct Range {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Filter {
    /// The filters of a request.
    ///
    /// # Errors
    /// Redmine's sentences about dates that are none; it takes everything else.
    pub(super) fn parse(request: &Request, me: Option<&User>) -> Result<Self, Vec<String>> {
        let status = match request.query("status_id") {
            None | Some("open" | "o") => Status::Open,
            Some("closed" | "c") => Status::Closed,
            Some("*") => Status::Any,
            Some(ids) => Status::Of(numbers(ids, None)),
        };
        let columns: [(&str, Number); 5] = [
            ("assigned_to_id", |issue| issue.assigned_to),
            ("author_id", |issue| Some(issue.author)),
            ("tracker_id", |issue| Some(issue.tracker)),
            ("priority_id", |issue| Some(issue.priority)),
            ("category_id", |issue| issue.category),
        ];
        let columns = columns.into_iter();
        let watchers = request.query("watcher_id").map(|text| numbers(text, me));
        let mut numbers: Vec<(Number, Numbers)> = columns
            .filter_map(|(name, column)| Some((column, numbers(request.query(name)?, me))))
            .collect();
        if let Some(text) = request.query("issue_id") {
            numbers.push((|issue| Some(issue.id), bounds(text)));
        }
        let subject = request.query("subject").map(|text| words(text.trim_start_matches('~')));
        let columns: [(&str, &str, Time); 2] = [
            ("updated_on", "Updated", |issue| issue.updated_on),
            ("created_on", "Created", |issue| issue.created_on),
        ];
        let (mut times, mut wrong) = (Vec::new(), Vec::new());
        for (name, label, column) in columns {
            match request.query(name).map(range) {
                None => {}
                Some(Some(range)) => times.push((column, range)),
                Some(None) => wrong.push(format!("{label} is invalid")),
            }
        }
        if wrong.is_empty() {
            Ok(Self { status, numbers, watchers, subject, times })
        } else {
            Err(wrong)
        }
    }

    pub(super) fn keeps(&self, issue: &Issue) -> bool {
        let status = match &self.status {
            Status::Open => !is_closed(issue.status),
            Status::Closed => is_closed(issue.status),
            Status::Any => true,
            Status::Of(wanted) => wanted.keep(Some(issue.status)),
        };
        status
            && self.numbers.iter().all(|(column, wanted)| wanted.keep(column(issue)))
            && self
                .watchers
                .as_ref()
                .is_none_or(|wanted| issue.watchers.iter().any(|user| wanted.keep(Some(*user))))
            && self.subject.as_ref().is_none_or(|words| matches(&issue.subject, words))
            && self.times.iter().all(|(column, range)| {
                range.from.is_none_or(|from| column(issue) > from)
                    && range.to.is_none_or(|to| column(issue) <= to)
            })
    }
}

impl Numbers {
    fn keep(&self, value: Option<u32>) -> bool {
        match self {
            Self::None => value.is_none(),
            Self::Any => value.is_some(),
            Self::In(ids) => value.is_some_and(|id| ids.contains(&id)),
            Self::NotIn(ids) => value.is_none_or(|id| !ids.contains(&id)),
            Self::AtLeast(least) => value.is_some_and(|id| id >= *least),
            Self::AtMost(most) => value.is_some_and(|id| id <= *most),
        }
    }
}

fn numbers(text: &str, me: Option<&User>) -> Numbers {
    match text {
        "!*" => Numbers::None,
        "*" => Numbers::Any,
        _ => text
            .strip_prefix('!')
            .map_or_else(|| Numbers::In(list(text, me)), |rest| Numbers::NotIn(list(rest, me))),
    }
}

/// The number of an issue is a quantity too: `>=` and `<=` stand before one.
/// Source: Redmine's `IssueQuery` (`issue_id` is of type `integer`), and `Query.operators_by_filter_type`.
fn bounds(text: &str) -> Numbers {
    let bound = |text: &str| text.trim().parse().ok();
    if let Some(least) = text.strip_prefix(">=").and_then(bound) {
        return Numbers::AtLeast(least);
    }
    match text.strip_prefix("<=").and_then(bound) {
        Some(most) => Numbers::AtMost(most),
        None => numbers(text, None),
    }
}

/// Numbers between `|` or `,`; `me` is nobody's number for nobody, and so is any other word.
fn list(text: &str, me: Option<&User>) -> Vec<u32> {
    text.split(['|', ','])
        .filter_map(|item| match item.trim() {
            "me" => me.map(|me| me.id),
            number => number.parse().ok(),
        })
        .collect()
}

fn range(text: &str) -> Option<Range> {
    if text == "t" {
        let today = clock::now().to_zoned(TimeZone::UTC).date().to_string();
        return Some(Range { from: Some(after(&today)?), to: Some(until(&today)?) });
    }
    if let Some(from) = text.strip_prefix(">=") {
        return Some(Range { from: Some(after(from)?), to: None });
    }
    if let Some(to) = text.strip_prefix("<=") {
        return Some(Range { from: None, to: Some(until(to)?) });
    }
    if let Some(both) = text.strip_prefix("><") {
        let (from, to) = both.split_once('|')?;
        return Some(Range { from: Some(after(from)?), to: Some(until(to)?) });
    }
    Some(Range { from: Some(after(text)?), to: Some(until(text)?) })
}

/// Redmine asks for "later than a second before": with fractions of a second in its database, a
/// change of the second before can be among the found (recorded).
fn after(text: &str) -> Option<Timestamp> {
    moment(text).map(|(at, _)| at - SignedDuration::from_secs(1))
}

fn until(text: &str) -> Option<Timestamp> {
    moment(text).map(|(at, whole_day)| {
        if whole_day {
            at + SignedDuration::from_secs(86_400) - SignedDuration::from_nanos(1)
        } else {
            at
        }
    })
}

/// A date, or a time to the second with or without a Z; and whether it is a whole day. Offsets
/// and fractions are refused (recorded).
fn moment(text: &str) -> Option<(Timestamp, bool)> {
    if text.len() == 10 {
        let date: Date = text.parse().ok()?;
        return Some((date.to_zoned(TimeZone::UTC).ok()?.timestamp(), true));
    }
    let text = text.strip_suffix('Z').unwrap_or(text);
    if text.len() != 19 {
        return None;
    }
    let time: DateTime = text.parse().ok()?;
    Some((time.to_zoned(TimeZone::UTC).ok()?.timestamp(), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_redmine_reads_them() {
        let cases = [
            (">=2026-11-22T04:14:48Z", true),
            (">=2026-11-22T04:14:48", true),
            (">=2026-11-22", true),
            ("<=2026-11-22T04:14:48Z", true),
            ("><2026-11-22T04:11:00Z|2026-11-22T04:12:00Z", true),
            ("2026-11-22T04:14:48Z", true),
            ("t", true),
            (">2026-11-22T04:14:48Z", false),
            (">=2026-11-22T04:14:48.500Z", false),
            (">=2026-11-22T05:14:48+01:00", false),
            (">=garbage", false),
        ];
        for (text, valid) in cases {
            assert_eq!(range(text).is_some(), valid, "{text}");
        }
    }
}
