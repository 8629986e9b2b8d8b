//! Compares what was delivered with what became of it, by what the stand-ins hold.

use ticketd::sandbox::{Mattermost, PostSnapshot, Submission};

use crate::place::Place;
use crate::plan::{Plan, Talk};
use crate::tracker::{Issue, Tracker};

/// What is wrong, by number and in words.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Mails without issue or comment, files, notices and agents' comments that never came.
    pub(crate) lost: usize,
    pub(crate) double_issues: usize,
    /// Comments, files, and agents' comments sent by mail.
    pub(crate) double_comments: usize,
    pub(crate) double_notices: usize,
    /// Of conversations in the chat, and what stands in their threads.
    pub(crate) double_posts: usize,
    /// What is as it must be.
    pub(crate) there: usize,
    pub(crate) words: Vec<String>,
}

/// What there is of one thing that must be there once.
enum Kind {
    Issue,
    Comment,
    Notice,
    Post,
}

impl Verdict {
    pub(crate) fn is_clean(&self) -> bool {
        self.words.is_empty()
    }

    fn once(&mut self, kind: &Kind, found: usize, what: &str) {
        match (found, kind) {
            (1, _) => {
                self.there += 1;
                return;
            }
            (0, _) => self.lost += 1,
            (more, Kind::Issue) => self.double_issues += more - 1,
            (more, Kind::Comment) => self.double_comments += more - 1,
            (more, Kind::Notice) => self.double_notices += more - 1,
            (more, Kind::Post) => self.double_posts += more - 1,
        }
        self.words.push(format!("{what}: {found} times"));
    }
}

/// Judges the mail road: every letter is in its conversation's one issue, once.
pub(crate) fn judge(plan: &Plan, place: &Place) -> Verdict {
    let (issues, mails) = (place.tracker.issues(), place.post.submissions());
    let posts = place.chat.as_ref().map(Mattermost::bot_posts);
    let mut verdict = Verdict::default();
    for (number, talk) in plan.talks.iter().enumerate() {
        let ours: Vec<_> = issues.iter().filter(|issue| is_of(issue, talk)).collect();
        verdict.once(&Kind::Issue, ours.len(), &format!("issue of conversation {number}"));
        for letter in &talk.letters {
            let word = &letter.word;
            let found = ours.iter().map(|issue| mentions(issue, word)).sum();
            let first = ours.iter().any(|issue| issue.description.contains(word));
            let kind = if first { Kind::Issue } else { Kind::Comment };
            verdict.once(&kind, found, &format!("mail {word} of conversation {number}"));
            for file in (0..letter.files).map(|nth| letter.file(nth)) {
                let hung = ours.iter().flat_map(|issue| &issue.files);
                let hung = hung.filter(|there| **there == file).count();
                verdict.once(&Kind::Comment, hung, &format!("file {file}"));
            }
        }
        for comment in &talk.comments {
            let sent = mails.iter().filter(|mail| mail.text.contains(comment)).count();
            verdict.once(&Kind::Comment, sent, &format!("mail of the comment {comment}"));
        }
        let notices = mails.iter().filter(|mail| is_notice(mail, talk)).count();
        verdict.once(&Kind::Notice, notices, &format!("notice of conversation {number}"));
        if let Some(posts) = &posts {
            verdict.announced(number, talk, posts);
        }
    }
    let roots = posts.iter().flatten().filter(|post| post.root_id.is_empty()).count();
    if posts.is_some() && roots > plan.talks.len() && verdict.double_posts == 0 {
        verdict.double_posts += roots - plan.talks.len();
        verdict.words.push(format!("{roots} posts in all"));
    }
    if issues.len() > plan.talks.len() && verdict.double_issues == 0 {
        verdict.double_issues += issues.len() - plan.talks.len();
        verdict.words.push(format!("{} issues in all", issues.len()));
    }
    verdict
}

impl Verdict {
    /// Each conversation has one post, and in its thread stands once what was said in it.
    fn announced(&mut self, number: usize, talk: &Talk, posts: &[PostSnapshot]) {
        let about = format!("{}**", talk.letters[0].subject());
        let roots: Vec<_> = posts
            .iter()
            .filter(|post| post.root_id.is_empty() && post.message.contains(&about))
            .collect();
        self.once(&Kind::Post, roots.len(), &format!("post of conversation {number}"));
        let words = talk.letters.iter().map(|letter| &letter.word).chain(&talk.comments);
        for word in words {
            let says = |post: &&PostSnapshot| {
                let line = post.message.split("\n\nAttachments").next().unwrap_or_default();
                roots.iter().any(|root| root.id == post.root_id) && line.contains(word)
            };
            let found = posts.iter().filter(says).count();
            self.once(&Kind::Post, found, &format!("line of {word} of conversation {number}"));
        }
    }
}

/// Judges a worker that only makes issues: every letter is there, once.
pub(crate) fn judge_letters(plan: &Plan, tracker: &Tracker) -> Verdict {
    let issues = tracker.issues();
    let mut verdict = Verdict::default();
    for letter in plan.talks.iter().flat_map(|talk| &talk.letters) {
        let found = issues.iter().map(|issue| mentions(issue, &letter.word)).sum();
        verdict.once(&Kind::Issue, found, &letter.word);
    }
    verdict
}

/// The key of the conversation's first issue.
pub(crate) fn issue_of(talk: &Talk, tracker: &Tracker) -> Option<String> {
    tracker.issues().into_iter().find(|issue| is_of(issue, talk)).map(|issue| issue.key)
}

fn is_of(issue: &Issue, talk: &Talk) -> bool {
    talk.letters.iter().any(|letter| mentions(issue, &letter.word) > 0)
}

fn mentions(issue: &Issue, word: &str) -> usize {
    let comments = issue.comments.iter().filter(|comment| comment.contains(word));
    comments.count() + usize::from(issue.description.contains(word))
}

fn is_notice(mail: &Submission, talk: &Talk) -> bool {
    mail.rcpt_to.iter().any(|to| *to == talk.letters[0].from)
        && !talk.comments.iter().any(|comment| mail.text.contains(comment))
}
