//! What happens in a run of `/ticket`: all of it follows from the seed.

use std::time::Duration;

use ticketd::sandbox::{Fault, FaultRule};

use crate::plan::{Life, fault, lives, redmine};
use crate::random::Random;

/// Where the daemon can die on its own word.
const FAILPOINTS: [&str; 8] = [
    "effects.carry_out",
    "effects.settle",
    "effects.settled",
    "dialog_broker.recorded",
    "dialog_broker.recorded",
    "dialog_broker.changed",
    "mattermost_poster.begun",
    "mattermost_poster.posted",
];
/// The same where each ticket is an issue of Redmine besides.
const FAILPOINTS_REDMINE: [&str; 13] = [
    "effects.carry_out",
    "effects.settle",
    "effects.settled",
    "dialog_broker.recorded",
    "dialog_broker.changed",
    "mattermost_poster.begun",
    "mattermost_poster.posted",
    "redmine_creator.begun",
    "redmine_creator.begun",
    "redmine_creator.created",
    "redmine_creator.noted",
    "redmine_creator.moved",
    "redmine_creator.moved",
];
/// People come within this long, and the faults.
const RUSH: u64 = 4_500;
/// People of the channel.
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
/// What a ticket begins with, and what it can be given.
const PRIORITIES: [&str; 4] = ["normal", "low", "high", "urgent"];

/// One run.
pub(crate) struct Plan {
    /// Each ticket is an issue of Redmine besides.
    pub(crate) in_redmine: bool,
    pub(crate) wishes: Vec<Wish>,
    /// By their time.
    pub(crate) acts: Vec<(Duration, Act)>,
    pub(crate) lives: Vec<Life>,
}

/// Somebody wants a ticket.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) at: Duration,
    pub(crate) user: &'static str,
    /// Stands in its text, and nowhere else.
    pub(crate) word: String,
    pub(crate) manner: Manner,
    /// What is done to the ticket, one after the other.
    pub(crate) presses: Vec<Press>,
    /// What somebody says in its thread, which is an open ticket's to the end.
    pub(crate) reply: Option<String>,
    /// What an agent says in its issue.
    pub(crate) note: Option<String>,
}

/// How somebody sends a form in. Whoever gets no answer sends it again, as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Once,
    /// Twice at the same time.
    Twice,
    /// Once more after it was taken.
    Again,
    /// Without an answer they leave it.
    GivesUp,
}

/// A button that somebody presses.
#[derive(Clone)]
pub(crate) struct Press {
    pub(crate) user: &'static str,
    pub(crate) what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Take,
    Resolve,
    Reopen,
    Priority(&'static str),
}

/// What happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Chat(FaultRule),
    /// The chat is away for so long.
    Down(Duration),
    /// The chat starts again and remembers no pending id.
    Forget,
    /// So many requests a second, and a burst.
    Limit(u32, u32),
    /// So many people or buttons get no answer.
    DropAnswers(u32),
    Redmine(FaultRule),
    /// Redmine is away in this manner for so long.
    RedmineDown(Fault, Duration),
}

impl Plan {
    pub(crate) fn new(seed: u64, in_redmine: bool) -> Self {
        let mut random = Random::new(seed);
        let mut wishes: Vec<_> =
            (0..10 + random.below(7)).map(|nth| wish(seed, nth, &mut random)).collect();
        let mut acts = Vec::new();
        for _ in 0..3 + random.below(6) {
            acts.push((random.millis(0, RUSH), Act::Chat(chat_fault(&mut random))));
        }
        for _ in 0..2 + random.below(4) {
            let act = match random.below(6) {
                0 => Act::Down(random.millis(200, 3_000)),
                1 | 2 => Act::Forget,
                3 => Act::Limit(20, 5),
                _ => Act::DropAnswers(1 + u32::try_from(random.below(2)).unwrap()),
            };
            acts.push((random.millis(0, RUSH), act));
        }
        if !in_redmine {
            acts.sort_by_key(|(at, _)| *at);
            return Self { in_redmine, wishes, acts, lives: lives(&FAILPOINTS, &mut random) };
        }
        for (nth, wish) in wishes.iter_mut().enumerate() {
            let resolves = wish.presses.iter().any(|press| press.what == What::Resolve);
            let replies = !resolves && random.chance(50);
            wish.reply = replies.then(|| format!("rp{seed:016x}n{nth}z"));
            wish.note = random.chance(50).then(|| format!("ag{seed:016x}n{nth}z"));
        }
        for _ in 0..3 + random.below(6) {
            acts.push((random.millis(0, RUSH), Act::Redmine(redmine::fault(&mut random))));
        }
        if random.chance(40) {
            let long = random.millis(500, 4_000);
            acts.push((random.millis(0, RUSH), Act::RedmineDown(redmine::away(&mut random), long)));
        }
        acts.sort_by_key(|(at, _)| *at);
        let mut lives = lives(&FAILPOINTS_REDMINE, &mut random);
        lives.extend(
            random.chance(40).then(|| redmine::late_life(&FAILPOINTS_REDMINE[7..], &mut random)),
        );
        Self { in_redmine, wishes, acts, lives }
    }
}

fn wish(seed: u64, nth: usize, random: &mut Random) -> Wish {
    // Now and then several come in the same moment.
    let at = random.millis(0, RUSH);
    let at = if random.chance(40) { Duration::from_millis(RUSH / 3) } else { at };
    let manner = match random.below(10) {
        0 | 1 => Manner::Twice,
        2 => Manner::Again,
        3 => Manner::GivesUp,
        _ => Manner::Once,
    };
    let user = *random.pick(&PEOPLE);
    Wish {
        at,
        user,
        word: format!("tk{seed:016x}n{nth}z"),
        manner,
        presses: presses(random),
        reply: None,
        note: None,
    }
}

fn presses(random: &mut Random) -> Vec<Press> {
    let (mut owner, mut resolved, mut priority) = ("", false, PRIORITIES[0]);
    let mut presses = Vec::new();
    let count = if random.chance(50) { 0 } else { 1 + random.below(4) };
    for _ in 0..count {
        let user = *random.pick(&PEOPLE);
        let what = match random.below(3) {
            _ if resolved => What::Reopen,
            0 if owner != user => What::Take,
            1 => What::Resolve,
            _ => What::Priority(PRIORITIES[random.below(PRIORITIES.len())]),
        };
        match what {
            What::Take => owner = user,
            What::Resolve | What::Reopen => resolved = !resolved,
            What::Priority(same) if same == priority => continue,
            What::Priority(other) => priority = other,
        }
        presses.push(Press { user, what });
    }
    presses
}

fn chat_fault(random: &mut Random) -> FaultRule {
    fault(
        random,
        &[
            "POST /api/v4/posts",
            "POST /api/v4/posts",
            "POST /api/v4/posts",
            "PUT /api/v4/posts",
            "GET /api/v4/channels",
            "/members/",
            "/thread",
            "dialogs/open",
            "POST /hooks",
            "/users/",
            "/",
        ],
        &[429],
    )
}
