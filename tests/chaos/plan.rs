//! What happens in a run: all of it follows from the seed.

use std::time::Duration;

use ticketd::sandbox::{Fault, FaultRule};

use crate::letter::Letter;
use crate::random::Random;

pub(crate) mod redmine;

/// Where the daemon can die on its own word.
pub(crate) const FAILPOINTS: [&str; 14] = [
    "mailbox_streamer.read",
    "mailbox_streamer.recorded",
    "mailbox_streamer.moved",
    "effects.carry_out",
    "effects.settle",
    "effects.settled",
    "jira_creator.begun",
    "jira_creator.created",
    "jira_creator.commented",
    "jira_creator.attached",
    "mail_replier.begun",
    "mail_replier.drafted",
    "mail_replier.sent",
    // Twice as often as others: every effect that is done begins with it.
    "jira_creator.begun",
];

/// The same where the chat hears of mails.
const POSTER_FAILPOINTS: [&str; 2] = ["mattermost_poster.begun", "mattermost_poster.posted"];

/// The letters come within this long, and the faults.
const DELIVERY: u64 = 3_500;

/// Where the mailbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Jmap,
    Graph,
}

/// Where mails are filed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filing {
    Jira,
    Redmine,
}

/// One run.
#[allow(clippy::struct_excessive_bools, reason = "each is one thing that an operator sets")]
pub(crate) struct Plan {
    pub(crate) source: Source,
    pub(crate) filing: Filing,
    pub(crate) cloud: bool,
    /// The mailbox is read with a token that expires, not with a password.
    pub(crate) token: bool,
    pub(crate) push: bool,
    pub(crate) webhooks: bool,
    /// Mails that were there before the first start are taken too.
    pub(crate) first_days: bool,
    /// `mailbox watch` in place of `run`.
    pub(crate) watch: bool,
    /// Each conversation is posted in a channel of the chat too.
    pub(crate) announced: bool,
    pub(crate) index_lag: Duration,
    pub(crate) writes_per_second: Option<u32>,
    pub(crate) talks: Vec<Talk>,
    /// By their time.
    pub(crate) acts: Vec<(Duration, Act)>,
    pub(crate) lives: Vec<Life>,
}

/// A conversation: its letters in the order in which they were written.
pub(crate) struct Talk {
    pub(crate) letters: Vec<Letter>,
    /// What agents say in the issue.
    pub(crate) comments: Vec<String>,
}

/// What happens at a moment.
pub(crate) enum Act {
    Deliver {
        talk: usize,
        letter: usize,
    },
    /// Waits for the issue.
    Comment {
        talk: usize,
        comment: usize,
    },
    Tracker(FaultRule),
    /// The tracker is away in this manner for so long.
    Restart(Fault, Duration),
    Post(FaultRule),
    Chat(FaultRule),
    Accident(Accident),
}

/// What happens to the mailbox as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Accident {
    DropStreams,
    Replay,
    /// The account comes back from a backup.
    Restore,
    Push(bool),
    Forget,
    ExpireToken,
    /// After so many requests.
    ExpireTokenAfter(u32),
    /// Lists of changes with duplicates, in disorder, with empty pages.
    Odd,
    /// So many requests are refused.
    Throttle(u32),
    /// Nobody is told.
    DropSubscriptions,
    /// The daemon is told.
    RemoveSubscriptions,
    /// A mail that was sent is nowhere for so long.
    SendLag(Duration),
}

/// How long a daemon lives.
pub(crate) struct Life {
    /// Its age counts from when it is ready.
    pub(crate) from_ready: bool,
    /// It is killed at this age, if it still lives.
    pub(crate) until: Duration,
    /// It aborts here.
    pub(crate) failpoint: Option<&'static str>,
    /// Before the next one starts.
    pub(crate) pause: Duration,
}

impl Plan {
    pub(crate) fn new(seed: u64, source: Source, filing: Filing) -> Self {
        let mut random = Random::new(seed);
        // It is no draw, so that a seed without it stays what it was.
        let announced = seed % 4 == 1;
        let talks = talks(seed, &mut random);
        let mut plan = Self {
            source,
            filing,
            cloud: random.chance(70),
            token: random.chance(40),
            push: random.chance(80),
            webhooks: random.chance(50),
            first_days: random.chance(50),
            watch: random.chance(20) && !announced,
            announced,
            index_lag: random.millis(0, 1_500),
            writes_per_second: random
                .chance(30)
                .then(|| 4 + u32::try_from(random.below(8)).unwrap()),
            acts: deliveries(&talks, &mut random),
            talks,
            lives: Vec::new(),
        };
        for (at, talk) in plan.talks.iter().enumerate() {
            for comment in 0..talk.comments.len() {
                let act = Act::Comment { talk: at, comment };
                plan.acts.push((random.millis(0, DELIVERY), act));
            }
        }
        for _ in 0..2 + random.below(5) {
            let fault = match filing {
                Filing::Jira => jira_fault(&mut random),
                Filing::Redmine => redmine::fault(&mut random),
            };
            plan.acts.push((random.millis(0, DELIVERY), Act::Tracker(fault)));
        }
        for _ in 0..=random.below(4) {
            let fault = match source {
                Source::Jmap => jmap_fault(&mut random),
                Source::Graph => graph_fault(&mut random),
            };
            plan.acts.push((random.millis(0, DELIVERY), Act::Post(fault)));
        }
        for _ in 0..random.below(4) {
            let accident = match source {
                Source::Jmap => jmap_accident(plan.token, &mut random),
                Source::Graph => graph_accident(&mut random),
            };
            plan.acts.push((random.millis(0, DELIVERY), Act::Accident(accident)));
        }
        plan.lives = match filing {
            Filing::Jira => {
                let mut failpoints = FAILPOINTS.to_vec();
                failpoints.extend(POSTER_FAILPOINTS.iter().filter(|_| announced));
                lives(&failpoints, &mut random)
            }
            Filing::Redmine => {
                plan.acts.extend(redmine::acts(&mut random));
                redmine::lives(&mut random)
            }
        };
        if announced {
            for _ in 0..random.below(4) {
                plan.acts.push((random.millis(0, DELIVERY), Act::Chat(chat_fault(&mut random))));
            }
        }
        plan.acts.sort_by_key(|(at, _)| *at);
        plan
    }

    /// Letters, deliveries of the same one twice counted as such.
    pub(crate) fn mails(&self) -> usize {
        self.acts.iter().filter(|(_, act)| matches!(act, Act::Deliver { .. })).count()
    }
}

/// Some lives, of which many end at one of these failpoints.
pub(crate) fn lives(failpoints: &[&'static str], random: &mut Random) -> Vec<Life> {
    (0..=random.below(4))
        .map(|_| {
            let failpoint = random.chance(60).then(|| *random.pick(failpoints));
            let until = random.millis(0, 2_000);
            let until = if failpoint.is_some() { Duration::from_secs(4) } else { until };
            let from_ready = failpoint.is_some() || random.chance(70);
            let pause = random.millis(0, 200);
            Life { from_ready, until, failpoint, pause }
        })
        .collect()
}

fn talks(seed: u64, random: &mut Random) -> Vec<Talk> {
    let mut number = 0;
    let mut comments = 1 + random.below(2);
    (0..4 + random.below(3))
        .map(|talk| {
            let mut letters: Vec<Letter> = Vec::new();
            let follow_ups = if random.chance(50) { 0 } else { 1 + random.below(3) };
            for _ in 0..=follow_ups {
                let mut letter = Letter::new(seed, talk, number, letters.first());
                letter.files = if random.chance(15) { 1 + random.below(2) } else { 0 };
                letter.copied = random.chance(15);
                letters.push(letter);
                number += 1;
            }
            let mut said = Vec::new();
            if comments > 0 {
                said.push(format!("ag{seed:016x}n{talk}z"));
                comments -= 1;
            }
            Talk { letters, comments: said }
        })
        .collect()
}

fn deliveries(talks: &[Talk], random: &mut Random) -> Vec<(Duration, Act)> {
    let mut acts = Vec::new();
    for (talk, letters) in talks.iter().map(|talk| &talk.letters).enumerate() {
        let mut times: Vec<_> = letters.iter().map(|_| random.millis(0, DELIVERY)).collect();
        // As a rule in the order in which they were written, now and then in any.
        if random.chance(70) {
            times.sort();
        }
        for (letter, at) in times.into_iter().enumerate() {
            acts.push((at, Act::Deliver { talk, letter }));
            if random.chance(12) {
                let again = if random.chance(50) { at } else { at + random.millis(0, 1_500) };
                acts.push((again, Act::Deliver { talk, letter }));
            }
        }
    }
    acts
}

fn jira_fault(random: &mut Random) -> FaultRule {
    fault(
        random,
        &[
            "POST /rest/api/2/issue",
            "POST /rest/api/2/issue",
            "POST /rest/api/2/issue",
            "/comment",
            "/attachments",
            "/search",
            "GET /rest/api/2/issue",
            "/watchers",
            "/",
        ],
        &[409, 429],
    )
}

fn jmap_fault(random: &mut Random) -> FaultRule {
    fault(
        random,
        &[
            "Email/set",
            "Email/set",
            "EmailSubmission/set",
            "EmailSubmission/set",
            "Email/get",
            "Email/changes",
            "Email/query",
            "download",
            "eventsource",
        ],
        &[429],
    )
}

fn graph_fault(random: &mut Random) -> FaultRule {
    fault(
        random,
        &[
            "[POST createReply]",
            "[PATCH message]",
            "[POST send]",
            "[POST send]",
            "[GET message]",
            "[GET messages]",
            "[GET messages/delta]",
            "/attachments",
            "/subscriptions",
            "POST token",
        ],
        &[429],
    )
}

fn chat_fault(random: &mut Random) -> FaultRule {
    let places =
        ["POST /api/v4/posts", "POST /api/v4/posts", "PUT /api/v4/posts", "/thread", "GET /api/v4"];
    fault(random, &places, &[429])
}

/// `refusals` are the statuses by which the service says "not now".
pub(crate) fn fault(random: &mut Random, places: &[&'static str], refusals: &[u16]) -> FaultRule {
    let place = *random.pick(places);
    let slow = Fault::Slow(random.millis(50, 900));
    let refusal = Fault::Status(*random.pick(refusals));
    let fault = *random.pick(&[
        Fault::CutAfterCommit,
        Fault::CutAfterCommit,
        Fault::StatusAfterCommit(503),
        Fault::CutConnection,
        Fault::Status(503),
        refusal,
        Fault::BrokenJson,
        slow,
    ]);
    FaultRule::from(fault).at(place).times(1 + u32::try_from(random.below(2)).unwrap())
}

fn jmap_accident(token: bool, random: &mut Random) -> Accident {
    match random.below(if token { 7 } else { 6 }) {
        0 => Accident::DropStreams,
        1 => Accident::Replay,
        2 => Accident::Forget,
        3 => Accident::Push(false),
        4 => Accident::Push(true),
        5 => Accident::Restore,
        _ => Accident::ExpireToken,
    }
}

fn graph_accident(random: &mut Random) -> Accident {
    match random.below(9) {
        0 => Accident::Forget,
        1 => Accident::ExpireToken,
        2 => Accident::ExpireTokenAfter(u32::try_from(random.below(12)).unwrap()),
        3 | 4 => Accident::Odd,
        5 => Accident::Throttle(1 + u32::try_from(random.below(6)).unwrap()),
        6 => Accident::DropSubscriptions,
        7 => Accident::RemoveSubscriptions,
        _ => Accident::SendLag(random.millis(100, 1_500)),
    }
}
