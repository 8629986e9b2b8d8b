//! Who may see and do what: the roles of Redmine's default data, and its workflow.

use super::data::{
    Issue, Journal, MEMBERS, Project, Role, STATUSES, User, is_closed, project_by_id,
};

/// The role in a project; an administrator needs none.
fn role(me: &User, project: u32) -> Role {
    MEMBERS
        .iter()
        .find(|(at, user, _)| *at == project && *user == me.id)
        .map_or(Role::NonMember, |(_, _, role)| *role)
}

pub(super) fn sees_project(me: Option<&User>, project: &Project) -> bool {
    project.public || me.is_some_and(|me| me.admin || role(me, project.id) != Role::NonMember)
}

pub(super) fn sees(me: Option<&User>, issue: &Issue) -> bool {
    let concerned = me.is_some_and(|me| me.id == issue.author || Some(me.id) == issue.assigned_to);
    sees_project(me, project_by_id(issue.project))
        && (!issue.is_private || concerned || may(me, issue.project, &[Role::Manager]))
}

/// Everybody with a key may add issues and notes where they may look; anonymous may not.
pub(super) fn adds(me: Option<&User>, project: &Project) -> bool {
    me.is_some() && sees_project(me, project)
}

/// Changing fields takes `edit_issues`.
pub(super) fn edits(me: &User, project: u32) -> bool {
    may(Some(me), project, &[Role::Manager, Role::Developer])
}

/// Making notes private, and seeing those of others.
pub(super) fn private_notes(me: Option<&User>, project: u32) -> bool {
    may(me, project, &[Role::Manager, Role::Developer])
}

pub(super) fn sees_journal(me: Option<&User>, issue: &Issue, journal: &Journal) -> bool {
    !journal.private
        || me.is_some_and(|me| me.id == journal.user)
        || private_notes(me, issue.project)
}

/// Watchers, and making an issue private, are the manager's.
pub(super) fn manages(me: Option<&User>, project: u32) -> bool {
    may(me, project, &[Role::Manager])
}

fn may(me: Option<&User>, project: u32, roles: &[Role]) -> bool {
    me.is_some_and(|me| me.admin || roles.contains(&role(me, project)))
}

/// Whom an issue may be assigned to: the members, and its author.
pub(super) fn assignable(issue: &Issue, user: u32) -> bool {
    user == issue.author || MEMBERS.iter().any(|(at, who, _)| *at == issue.project && *who == user)
}

/// The statuses that an issue may take now, its own included; none for who has no transition,
/// which lists what the workflow knows, not what `edit_issues` lets them do (recorded).
pub(super) fn allowed_statuses(me: Option<&User>, issue: &Issue) -> Vec<u32> {
    let Some(me) = me else { return Vec::new() };
    let role = if me.admin { Role::Manager } else { role(me, issue.project) };
    let next = |to: u32| match role {
        Role::Manager => true,
        Role::Developer => !is_closed(issue.status) && (2..=5).contains(&to),
        Role::Reporter => !is_closed(issue.status) && (to == 5 || (issue.status == 3 && to == 4)),
        Role::NonMember => false,
    };
    let others =
        || STATUSES.iter().map(|(id, ..)| *id).filter(|id| *id != issue.status && next(*id));
    if others().next().is_none() {
        return Vec::new();
    }
    let mut ids: Vec<u32> = others().chain([issue.status]).collect();
    ids.sort_unstable();
    ids
}
