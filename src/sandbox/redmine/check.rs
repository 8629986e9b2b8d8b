//! An issue about to be saved: takes the fields that were sent, leaves out what Redmine leaves out
//! without a word, and collects its sentences about the rest.

use jiff::civil::Date;

use super::access;
use super::data::{CHANNELS, Issue, PRIORITIES, User, project, project_by_id};
use super::params::{Params, flag, get, text};

/// The issue with the new fields, and what was wrong with them.
pub(super) struct Draft {
    pub(super) issue: Issue,
    wrong: Vec<(Rule, &'static str)>,
}

/// In the order in which Redmine checks, and complains.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    SubjectBlank,
    PriorityBlank,
    SubjectLong,
    Done,
    Hours,
    Start,
    Due,
    Order,
    Category,
    Assignee,
    Channel,
}

impl Draft {
    pub(super) fn of(issue: Issue) -> Self {
        Self { issue, wrong: Vec::new() }
    }

    /// Takes all fields that an author may set, or who may edit.
    pub(super) fn take(&mut self, me: &User, fields: &Params) {
        self.project(me, fields);
        self.status(me, fields);
        self.people(me, fields);
        self.dates(fields);
        let issue = &mut self.issue;
        if let Some(subject) = get(fields, "subject") {
            issue.subject = subject;
        }
        if let Some(value) = fields.get("description") {
            let lines = text(value).replace("\r\n", "\n").replace('\n', "\r\n");
            issue.description = (!value.is_null()).then_some(lines);
        }
        if let Some(id) = get(fields, "priority_id") {
            match id.parse().ok().filter(|id| PRIORITIES.iter().any(|(known, _)| known == id)) {
                Some(id) => issue.priority = id,
                None => self.wrong.push((Rule::PriorityBlank, "Priority cannot be blank")),
            }
        }
        if let Some(ratio) = get(fields, "done_ratio") {
            issue.done_ratio = ratio.parse().unwrap_or(0);
        }
        if let Some(hours) = get(fields, "estimated_hours") {
            match hours.as_str() {
                "" => issue.estimated_hours = None,
                hours => match hours.parse() {
                    Ok(hours) => issue.estimated_hours = Some(hours),
                    Err(_) => self.wrong.push((Rule::Hours, "Estimated time is invalid")),
                },
            }
        }
        self.channel(fields);
    }

    fn project(&mut self, me: &User, fields: &Params) {
        let issue = &mut self.issue;
        let target = get(fields, "project_id").and_then(|key| project(&key));
        if let Some(target) = target.filter(|target| access::adds(Some(me), target)) {
            if target.id != issue.project {
                issue.category = None;
            }
            issue.project = target.id;
        }
        let known = project_by_id(issue.project).trackers;
        let tracker = get(fields, "tracker_id").and_then(|id| id.parse().ok());
        if let Some(id) = tracker.filter(|id| known.contains(id)) {
            issue.tracker = id;
        }
        if !known.contains(&issue.tracker) {
            issue.tracker = known[0];
        }
        if let Some(id) = get(fields, "category_id") {
            let category: Option<u32> = id.parse().ok();
            let known = project_by_id(issue.project).categories;
            if id.is_empty() || known.iter().any(|(id, _)| Some(*id) == category) {
                issue.category = category;
            } else {
                self.wrong.push((Rule::Category, "Category is not included in the list"));
            }
        }
    }

    /// A status outside the workflow is left out without a word; a new issue is always new.
    fn status(&mut self, me: &User, fields: &Params) {
        let Some(id) = get(fields, "status_id").and_then(|id| id.parse().ok()) else { return };
        let is_new = self.issue.id == 0;
        if !is_new && access::allowed_statuses(Some(me), &self.issue).contains(&id) {
            self.issue.status = id;
        }
    }

    fn people(&mut self, me: &User, fields: &Params) {
        let issue = &mut self.issue;
        let manages = access::manages(Some(me), issue.project);
        if let Some(id) = get(fields, "assigned_to_id") {
            let user = if id == "me" { Some(me.id) } else { id.parse().ok() };
            let fits = user.is_some_and(|user| {
                Some(user) == issue.assigned_to || access::assignable(issue, user)
            });
            if id.is_empty() || fits {
                issue.assigned_to = user;
            } else {
                self.wrong.push((Rule::Assignee, "Assignee is invalid"));
            }
        }
        if manages && fields.contains_key("is_private") {
            issue.is_private = flag(fields, "is_private");
        }
        if let Some(ids) = fields.get("watcher_user_ids").and_then(|ids| ids.as_array())
            && manages
        {
            issue.watchers = ids.iter().filter_map(|id| text(id).parse().ok()).collect();
        }
    }

    fn dates(&mut self, fields: &Params) {
        let mut read = |name, rule, message, slot: &mut Option<Date>| {
            let Some(date) = get(fields, name) else { return };
            *slot = date.parse().ok().filter(|_| date.len() == 10);
            if slot.is_none() && !date.is_empty() {
                self.wrong.push((rule, message));
            }
        };
        let issue = &mut self.issue;
        read("start_date", Rule::Start, "Start date is not a valid date", &mut issue.start_date);
        read("due_date", Rule::Due, "Due date is not a valid date", &mut issue.due_date);
    }

    fn channel(&mut self, fields: &Params) {
        let Some(sent) = fields.get("custom_fields").and_then(|sent| sent.as_array()) else {
            return;
        };
        for field in sent.iter().filter_map(|field| field.as_object()) {
            if get(field, "id").as_deref() != Some("1") {
                continue;
            }
            let value = get(field, "value").unwrap_or_default();
            if value.is_empty() || CHANNELS.contains(&value.as_str()) {
                self.issue.channel = value;
            } else {
                self.wrong.push((Rule::Channel, "Channel is not included in the list"));
            }
        }
    }

    /// The issue, if Redmine would save it.
    ///
    /// # Errors
    /// Redmine's sentences, in its order.
    pub(super) fn checked(mut self) -> Result<Issue, Vec<String>> {
        let issue = &self.issue;
        if let (Some(start), Some(due)) = (issue.start_date, issue.due_date)
            && due < start
        {
            self.wrong.push((Rule::Order, "Due date must be greater than start date"));
        }
        if issue.subject.trim().is_empty() {
            self.wrong.push((Rule::SubjectBlank, "Subject cannot be blank"));
        }
        if issue.subject.chars().count() > 255 {
            let message = "Subject is too long (maximum is 255 characters)";
            self.wrong.push((Rule::SubjectLong, message));
        }
        if !(0..=100).contains(&issue.done_ratio) {
            self.wrong.push((Rule::Done, "% Done is not included in the list"));
        }
        if self.wrong.is_empty() {
            return Ok(self.issue);
        }
        self.wrong.sort_by_key(|(rule, _)| *rule);
        Err(self.wrong.into_iter().map(|(_, message)| message.to_owned()).collect())
    }
}
