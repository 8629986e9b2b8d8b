//! What the stand-in of Redmine knows: users, projects and rules as in `seed.rb` and Redmine's
//! default data, and the issues as they change.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::files::File;
use crate::clock;
use crate::sandbox::wire::Request;

#[derive(Clone, Copy)]
pub(super) struct User {
    pub(super) id: u32,
    pub(super) login: &'static str,
    pub(super) firstname: &'static str,
    pub(super) lastname: &'static str,
    pub(super) key: &'static str,
    pub(super) admin: bool,
    pub(super) revoked: bool,
}

const fn user(
    id: u32,
    login: &'static str,
    firstname: &'static str,
    lastname: &'static str,
    key: &'static str,
) -> User {
    User { id, login, firstname, lastname, key, admin: id == 1, revoked: false }
}

impl User {
    pub(super) fn mail(&self) -> String {
        let domain = if self.admin { "example.net" } else { "example.test" };
        format!("{}@{domain}", self.login)
    }
}

pub(super) const USERS: [User; 4] = [
    user(1, "admin", "Redmine", "Admin", "adadadadadadadadadadadadadadadadadadadad"),
    user(5, "bot", "Help", "Bot", "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0"),
    user(6, "alice", "Alice", "Archer", "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"),
    user(7, "bob", "Bob", "Baker", "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1"),
];

pub(super) struct Project {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) identifier: &'static str,
    pub(super) public: bool,
    pub(super) trackers: &'static [u32],
    pub(super) categories: &'static [(u32, &'static str)],
    pub(super) modules: [(u32, &'static str); 2],
}

pub(super) const PROJECTS: [Project; 2] = [
    Project {
        id: 1,
        name: "Help Desk",
        identifier: "helpdesk",
        public: true,
        trackers: &[1, 2, 3],
        categories: &[(3, "Accounts"), (1, "Mail"), (2, "Network")],
        modules: [(1, "issue_tracking"), (2, "time_tracking")],
    },
    Project {
        id: 2,
        name: "Infrastructure",
        identifier: "infra",
        public: false,
        trackers: &[1, 3],
        categories: &[(4, "Servers")],
        modules: [(3, "issue_tracking"), (4, "time_tracking")],
    },
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Manager,
    Developer,
    Reporter,
    NonMember,
}

/// Project, user, role.
pub(super) const MEMBERS: [(u32, u32, Role); 4] =
    [(1, 5, Role::Manager), (2, 5, Role::Manager), (1, 6, Role::Developer), (2, 7, Role::Reporter)];

/// Id, name, closed.
pub(super) const STATUSES: [(u32, &str, bool); 6] = [
    (1, "New", false),
    (2, "In Progress", false),
    (3, "Resolved", false),
    (4, "Feedback", false),
    (5, "Closed", true),
    (6, "Rejected", true),
];
pub(super) const TRACKERS: [(u32, &str); 3] = [(1, "Bug"), (2, "Feature"), (3, "Support")];
pub(super) const PRIORITIES: [(u32, &str); 5] =
    [(1, "Low"), (2, "Normal"), (3, "High"), (4, "Urgent"), (5, "Immediate")];
/// The values of the one custom field, `Channel` (id 1, a list).
pub(super) const CHANNELS: [&str; 3] = ["mail", "chat", "phone"];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Issue {
    pub(super) id: u32,
    pub(super) project: u32,
    pub(super) tracker: u32,
    pub(super) status: u32,
    pub(super) priority: u32,
    pub(super) author: u32,
    pub(super) assigned_to: Option<u32>,
    pub(super) category: Option<u32>,
    pub(super) subject: String,
    pub(super) description: Option<String>,
    pub(super) start_date: Option<Date>,
    pub(super) due_date: Option<Date>,
    pub(super) done_ratio: i64,
    pub(super) is_private: bool,
    pub(super) estimated_hours: Option<f64>,
    pub(super) channel: String,
    pub(super) watchers: Vec<u32>,
    pub(super) created_on: Timestamp,
    pub(super) updated_on: Timestamp,
    pub(super) closed_on: Option<Timestamp>,
    pub(super) lock_version: i64,
    pub(super) journals: Vec<Journal>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Journal {
    pub(super) id: u32,
    pub(super) user: u32,
    /// `None` in the half that a private note was split from (measured).
    pub(super) notes: Option<String>,
    pub(super) private: bool,
    pub(super) created_on: Timestamp,
    pub(super) details: Vec<Detail>,
}

/// One changed field of a journal entry, values as Redmine stores them: text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Detail {
    pub(super) property: &'static str,
    pub(super) name: Cow<'static, str>,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

pub(super) struct Data {
    pub(super) users: [User; 4],
    pub(super) issues: BTreeMap<u32, Issue>,
    pub(super) files: BTreeMap<u32, File>,
    /// Where it listens, for the addresses that it gives out.
    pub(super) host: SocketAddr,
    pub(super) seeded: Timestamp,
    last_issue: u32,
    last_journal: u32,
    last_file: u32,
}

impl Data {
    pub(super) fn seed(host: SocketAddr) -> Self {
        let seeded = clock::now();
        let mut data = Self {
            users: USERS,
            issues: BTreeMap::new(),
            files: BTreeMap::new(),
            host,
            seeded,
            last_issue: 0,
            last_journal: 0,
            last_file: 0,
        };
        for n in 1..=5 {
            let mut issue = Issue::new(data.next_issue(), 1, 6, 3, format!("Helpdesk request {n}"));
            issue.assigned_to = (n % 2 == 1).then_some(5);
            data.issues.insert(issue.id, issue);
        }
        for n in 1..=3 {
            let issue = Issue::new(data.next_issue(), 2, 7, 1, format!("Infra fault {n}"));
            data.issues.insert(issue.id, issue);
        }
        data
    }

    pub(super) fn next_issue(&mut self) -> u32 {
        self.last_issue += 1;
        self.last_issue
    }

    pub(super) fn next_journal(&mut self) -> u32 {
        self.last_journal += 1;
        self.last_journal
    }

    pub(super) fn next_file(&mut self) -> u32 {
        self.last_file += 1;
        self.last_file
    }

    /// The owner of the key in the query or, without one, in the header.
    pub(super) fn user_of(&self, request: &Request) -> Option<&User> {
        let key = request.query("key").or_else(|| request.header("x-redmine-api-key"))?;
        self.users.iter().find(|user| !user.revoked && user.key == key)
    }

    pub(super) fn user(&self, id: u32) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }
}

impl Issue {
    /// New, normal, without dates, as the seed makes it.
    pub(super) fn new(id: u32, project: u32, author: u32, tracker: u32, subject: String) -> Self {
        let now = clock::now();
        Self {
            id,
            project,
            tracker,
            status: 1,
            priority: 2,
            author,
            assigned_to: None,
            category: None,
            subject,
            description: None,
            start_date: None,
            due_date: None,
            done_ratio: 0,
            is_private: false,
            estimated_hours: None,
            channel: CHANNELS[0].to_owned(),
            watchers: Vec::new(),
            created_on: now,
            updated_on: now,
            closed_on: None,
            lock_version: 0,
            journals: Vec::new(),
        }
    }
}

/// A project by its identifier or its number.
pub(super) fn project(key: &str) -> Option<&'static Project> {
    PROJECTS.iter().find(|project| project.identifier == key || project.id.to_string() == key)
}

pub(super) fn project_by_id(id: u32) -> &'static Project {
    PROJECTS.iter().find(|project| project.id == id).unwrap_or(&PROJECTS[0])
}

pub(super) fn is_closed(status: u32) -> bool {
    STATUSES.iter().any(|(id, _, closed)| *id == status && *closed)
}

pub(super) fn name_of(table: &[(u32, &'static str)], id: u32) -> &'static str {
    table.iter().find(|(key, _)| *key == id).map_or("", |(_, name)| name)
}
