//! How many tickets one person's emoji make in a minute. It counts by when an emoji was put, not by
//! when it was heard of: what gathered while ticketd was down is not too much at once. Nothing here
//! can fail. It also knows which emoji were left lately, for they are heard of again.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    clients::Reaction,
    model::ids::{PostId, UserId},
};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// How long it is remembered what was taken: the same may be heard of again.
const KEPT: SignedDuration = SignedDuration::from_mins(15);

/// Emoji without a channel that are remembered.
const UNPLACED_MAX: usize = 1_000;

/// What is to be done about an emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is taken.
    Taken,
    /// It is one too many; `tell` if its owner has yet to hear of it.
    Left { tell: bool },
}

#[derive(Default)]
struct Recent {
    taken: Vec<(Timestamp, PostId)>,
    told: Option<Timestamp>,
}

/// What was taken lately, by person.
pub(super) struct Pace {
    most: usize,
    people: HashMap<UserId, Recent>,
    unplaced: VecDeque<Reaction>,
}

impl Pace {
    pub(super) fn new(per_minute: NonZeroU32) -> Self {
        let most = usize::try_from(per_minute.get()).unwrap_or(usize::MAX);
        Self { most, people: HashMap::new(), unplaced: VecDeque::new() }
    }

    /// Whether the emoji that `user` put under `post` at this time is taken. One that was is again.
    pub(super) fn judge(&mut self, user: &UserId, post: &PostId, at: Timestamp) -> Verdict {
        self.people.retain(|_, recent| {
            recent.taken.retain(|(taken, _)| at.duration_since(*taken) < KEPT);
            !recent.taken.is_empty()
        });
        let recent = self.people.entry(user.clone()).or_default();
        if recent.taken.iter().any(|(_, known)| known == post) {
            return Verdict::Taken;
        }
        let near =
            |(taken, _): &&(Timestamp, PostId)| *taken <= at && at.duration_since(*taken) < MINUTE;
        if recent.taken.iter().filter(near).count() < self.most {
            recent.taken.push((at, post.clone()));
            return Verdict::Taken;
        }
        let tell = recent.told.is_none_or(|told| at.duration_since(told) >= MINUTE);
        if tell {
            recent.told = Some(at);
        }
        Verdict::Left { tell }
    }

    /// Whether it is news that the form of this emoji has no channel. Put again, it is.
    pub(super) fn is_first_unplaced(&mut self, reaction: &Reaction) -> bool {
        if self.unplaced.contains(reaction) {
            return false;
        }
        if self.unplaced.len() >= UNPLACED_MAX {
            self.unplaced.pop_front();
        }
        self.unplaced.push_back(reaction.clone());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::ChannelId;

    #[test]
    fn a_minute_holds_so_many_and_whoever_has_more_is_told_once() {
        let user = |letter: &str| UserId::parse(&letter.repeat(26)).unwrap();
        let post = |letter: &str| PostId::parse(&letter.repeat(26)).unwrap();
        let (left, told) = (Verdict::Left { tell: false }, Verdict::Left { tell: true });
        let mut pace = Pace::new(NonZeroU32::new(2).unwrap());
        for (second, who, under, verdict) in [
            (0, "a", "1", Verdict::Taken),
            (10, "a", "2", Verdict::Taken),
            (20, "a", "3", told),
            (30, "a", "4", left),
            (30, "b", "4", Verdict::Taken),
            // Heard of once more.
            (10, "a", "2", Verdict::Taken),
            (20, "a", "3", left),
            (61, "a", "5", Verdict::Taken),
            (65, "a", "6", left),
            (69, "a", "7", left),
            (81, "a", "8", Verdict::Taken),
            (85, "a", "9", told),
            (2_000, "a", "1", Verdict::Taken),
        ] {
            let at = Timestamp::from_second(second).unwrap();
            assert_eq!(pace.judge(&user(who), &post(under), at), verdict, "{who} {under} {second}");
        }
        assert_eq!(pace.people.len(), 1, "who is silent is forgotten");
    }

    #[test]
    fn an_emoji_without_a_channel_is_news_once() {
        let put = |at: i64| Reaction {
            user: UserId::parse(&"u".repeat(26)).unwrap(),
            post: PostId::parse(&"p".repeat(26)).unwrap(),
            emoji: "ghost".to_owned(),
            channel: ChannelId::parse(&"c".repeat(26)).unwrap(),
            created: Timestamp::from_second(at).unwrap(),
        };
        let mut pace = Pace::new(NonZeroU32::MIN);
        for (at, first) in [(0, true), (0, false), (1, true), (0, false), (1, false)] {
            assert_eq!(pace.is_first_unplaced(&put(at)), first, "{at}");
        }
        for at in 0..5_000 {
            pace.is_first_unplaced(&put(at));
        }
        assert_eq!(pace.unplaced.len(), UNPLACED_MAX);
    }
}
