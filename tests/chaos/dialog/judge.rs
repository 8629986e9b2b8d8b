//! Compares what people were told with what stands in the chat.

use std::collections::{BTreeMap, BTreeSet};

use ticketd::sandbox::{PostSnapshot, Redmine, RedmineIssue};

use super::people::{Told, is_ticket, posts_of};
use super::place::Place;
use super::plan::{Plan, What, Wish};
use super::words::Words;

/// What is wrong, by number and in words.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Tickets that somebody was told of without a post, lines and states that never came.
    pub(crate) lost: usize,
    /// Posts, lines and confirmations beyond the first.
    pub(crate) double_posts: usize,
    /// Numbers that no ticket has, or two.
    pub(crate) number_gaps: usize,
    /// Lines of a thread in another order.
    pub(crate) disorder: usize,
    /// What is as it must be.
    pub(crate) there: usize,
    pub(crate) words: Vec<String>,
}

/// Judges what has become of each wish; of one without words from its person nothing is missing.
pub(crate) fn judge(
    plan: &Plan,
    told: &BTreeMap<usize, Told>,
    place: &Place,
    words: &Words,
) -> Verdict {
    let posts = place.chat.bot_posts();
    let mut verdict = Verdict::default();
    for (nth, wish) in plan.wishes.iter().enumerate() {
        let told = told.get(&nth);
        let taken = told.is_some_and(|told| told.taken);
        let ours = posts_of(&posts, &wish.word);
        verdict.once(ours.len(), taken, &format!("post of {}", wish.word));
        let names = ours.iter().filter_map(|post| post.props["ticket_id"].as_str());
        let said = told.iter().flat_map(|told| &told.names).map(String::as_str);
        let names: BTreeSet<&str> = names.chain(said).collect();
        if names.len() > 1 {
            verdict.words.push(format!("{} has more than one name: {names:?}", wish.word));
        }
        if let Some(post) = ours.first() {
            let mut thread: Vec<_> =
                posts.iter().filter(|reply| reply.root_id == post.id).collect();
            // What an agent said comes between the lines of the presses.
            let note = wish.note.as_ref();
            let (notes, lines) = thread
                .drain(..)
                .partition(|line| note.is_some_and(|note| line.message.contains(note)));
            let notes: Vec<&PostSnapshot> = notes;
            if note.is_some() {
                verdict.once(notes.len(), taken, &format!("line of the note on {}", wish.word));
            }
            verdict.thread(wish, taken, post, lines, words);
            if let Some(redmine) = &place.redmine {
                verdict.issue(wish, taken, post, redmine, &place.issues_of(&wish.word));
            }
            verdict.confirmations(post, place, &posts);
        }
        verdict.words.extend(told.iter().flat_map(|told| told.strange.clone()));
    }
    let tickets: Vec<_> = posts.iter().filter(|post| is_ticket(post)).collect();
    verdict.number_gaps = gaps(tickets.iter().filter_map(|post| post.props["ticket_id"].as_str()));
    if verdict.number_gaps > 0 {
        verdict.words.push(format!("{} numbers are missing or there twice", verdict.number_gaps));
    }
    verdict
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.words.is_empty()
    }

    fn once(&mut self, found: usize, needed: bool, what: &str) {
        match found {
            0 if !needed => return,
            0 => self.lost += 1,
            1 => {
                self.there += 1;
                return;
            }
            more => self.double_posts += more - 1,
        }
        self.words.push(format!("{what}: {found} times"));
    }

    /// Each press has left its line, in order, and the post shows how the ticket stands.
    fn thread(
        &mut self,
        wish: &Wish,
        taken: bool,
        post: &PostSnapshot,
        lines: Vec<&PostSnapshot>,
        words: &Words,
    ) {
        let presses = if taken { &wish.presses[..] } else { &[] };
        let wanted: Vec<_> = presses.iter().map(|press| words.line(press)).collect();
        let found: Vec<_> = lines.into_iter().map(|line| line.message.clone()).collect();
        let mut left = found.clone();
        for line in &wanted {
            match left.iter().position(|there| there == line) {
                Some(at) => drop(left.remove(at)),
                None => self.lost += 1,
            }
        }
        self.there += found.len() - left.len();
        self.double_posts += left.len();
        if found != wanted {
            self.disorder += usize::from(left.is_empty() && found.len() == wanted.len());
            self.words.push(format!("thread of {}: {found:?}, not {wanted:?}", wish.word));
        }
        let shown = post.props["attachments"][0]["text"].as_str().unwrap_or_default();
        let standing = words.standing(presses);
        if presses.is_empty() || standing.iter().all(|line| shown.contains(line)) {
            self.there += 1;
        } else {
            self.lost += 1;
            self.words.push(format!("post of {}: {shown:?}, not {standing:?}", wish.word));
        }
    }

    /// The ticket is one issue, which says all that was said and no more, and stands as it does.
    fn issue(
        &mut self,
        wish: &Wish,
        taken: bool,
        post: &PostSnapshot,
        redmine: &Redmine,
        issues: &[RedmineIssue],
    ) {
        self.once(issues.len(), true, &format!("issue of {}", wish.word));
        let Some(issue) = issues.first() else { return };
        let ours = redmine.notes(issue.id).into_iter().filter(|note| note.author == "bot");
        let ours: Vec<_> = ours.map(|note| note.text).collect();
        if let Some(reply) = &wish.reply {
            let found = ours.iter().filter(|note| note.contains(reply)).count();
            self.once(found, taken, &format!("note of what was said to {}", wish.word));
        }
        let others =
            ours.iter().filter(|note| !wish.reply.iter().any(|reply| note.contains(reply)));
        let others = others.count();
        if others > 0 {
            self.double_posts += others;
            self.words.push(format!("issue of {} says {ours:?}", wish.word));
        }
        let presses = if taken { &wish.presses[..] } else { &[] };
        let last = presses.iter().rev().find_map(|press| match press.what {
            What::Resolve => Some(true),
            What::Reopen => Some(false),
            What::Take | What::Priority(_) => None,
        });
        let closed = last.unwrap_or_default();
        let shown = post.props["attachments"][0]["text"].as_str().unwrap_or_default();
        if issue.closed == closed && shown.contains(&format!("#{}", issue.id)) {
            self.there += 1;
        } else {
            self.lost += 1;
            let Wish { word, .. } = wish;
            self.words.push(format!("issue of {word}: {:?}, the post {shown:?}", issue.status));
        }
    }

    /// A confirmation may be missing after a kill: the post is there. It never comes twice.
    fn confirmations(&mut self, post: &PostSnapshot, place: &Place, posts: &[PostSnapshot]) {
        let link = format!("/pl/{}", post.id);
        let late = place.chat.delayed().iter().filter(|one| one.text().contains(&link)).count();
        let direct = posts.iter().filter(|one| one.message.contains(&link)).count();
        if late + direct > 1 {
            self.double_posts += late + direct - 1;
            self.words.push(format!("{} confirmations with {link}", late + direct));
        }
    }
}

/// How many numbers are missing below the highest of their day, or there more than once.
fn gaps<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    let mut days: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for name in names {
        let (day, count) = name.rsplit_once('-').unwrap_or((name, "0"));
        days.entry(day).or_default().push(count.parse().unwrap_or_default());
    }
    let of_day = |counts: &Vec<usize>| {
        let distinct: BTreeSet<_> = counts.iter().collect();
        let highest = counts.iter().max().copied().unwrap_or_default();
        (highest - distinct.len().min(highest)) + (counts.len() - distinct.len())
    };
    days.values().map(of_day).sum()
}
