//! What happens in a run with Redmine.

use std::time::Duration;

use ticketd::sandbox::{Fault, FaultRule};

use super::{Act, DELIVERY, Life};
use crate::random::Random;

/// Where the daemon can die on its own word.
const FAILPOINTS: [&str; 14] = [
    "mailbox_streamer.read",
    "mailbox_streamer.recorded",
    "mailbox_streamer.moved",
    "effects.carry_out",
    "effects.settle",
    "effects.settled",
    "redmine_creator.begun",
    "redmine_creator.begun",
    "redmine_creator.created",
    "redmine_creator.noted",
    "redmine_creator.attached",
    "mail_replier.begun",
    "mail_replier.drafted",
    "mail_replier.sent",
];

/// Requests that are carried out when their caller has given up, and a restart.
pub(super) fn acts(random: &mut Random) -> Vec<(Duration, Act)> {
    let mut acts = Vec::new();
    for at in ["POST /issues.json", "PUT /issues/"] {
        if random.chance(30) {
            let late = Fault::CommitLater(random.millis(300, 8_000));
            let rule = FaultRule::from(late).at(at).times(1);
            acts.push((random.millis(0, DELIVERY), Act::Tracker(rule)));
        }
    }
    if random.chance(40) {
        let away = Act::Restart(away(random), random.millis(500, 4_000));
        acts.push((random.millis(0, DELIVERY), away));
    }
    acts
}

/// The last one now and then sees how what was unclear is done again.
pub(super) fn lives(random: &mut Random) -> Vec<Life> {
    let mut lives = super::lives(&FAILPOINTS, random);
    lives.extend(random.chance(40).then(|| late_life(&FAILPOINTS[6..11], random)));
    lives
}

/// A life that ends about when what was unclear is done again, half a minute later.
pub(crate) fn late_life(failpoints: &[&'static str], random: &mut Random) -> Life {
    let failpoint = random.chance(60).then(|| *random.pick(failpoints));
    let (until, pause) = (random.millis(29_000, 34_000), random.millis(0, 200));
    Life { from_ready: true, until, failpoint, pause }
}

pub(crate) fn fault(random: &mut Random) -> FaultRule {
    super::fault(
        random,
        &[
            "POST /issues.json",
            "POST /issues.json",
            "POST /issues.json",
            "PUT /issues/",
            "PUT /issues/",
            "PUT /issues/",
            "/uploads.json",
            "GET /issues.json",
            "GET /issues/",
            "/watchers",
            "/projects/",
            "/users/current.json",
            "/",
        ],
        &[429, 500],
    )
}

/// How Redmine starts again: nobody listens, or only the proxy in front does.
pub(crate) fn away(random: &mut Random) -> Fault {
    *random.pick(&[Fault::CutConnection, Fault::Status(502), Fault::Status(503)])
}
