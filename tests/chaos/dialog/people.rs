//! People who want tickets: they open a form, send it in until they read that it was taken, and
//! press the buttons of its post.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use ticketd::sandbox::{OpenedDialog, PostSnapshot, PressResult, SubmitResult};
use tokio::time::{Instant, sleep, sleep_until};

use super::place::Place;
use super::plan::{Manner, What, Wish};
use super::words::Words;

/// Before something is looked at or tried again.
const PAUSE: Duration = Duration::from_millis(120);

/// What somebody was told of a wish.
#[derive(Default)]
pub(crate) struct Told {
    /// That there is a ticket.
    pub(crate) taken: bool,
    /// Its name, where it was said.
    pub(crate) names: BTreeSet<String>,
    /// What should not have been said.
    pub(crate) strange: Vec<String>,
}

/// Gets a wish fulfilled, or gives up.
pub(crate) async fn follow(place: &Place, words: &Words, wish: &Wish, began: Instant) -> Told {
    sleep_until(began + wish.at).await;
    let form = open(place, wish).await;
    let mut told = Told::default();
    match wish.manner {
        Manner::Once => told.take(send(place, words, wish, &form).await),
        Manner::GivesUp => told.take(try_to_send(place, words, wish, &form).await),
        Manner::Twice => {
            let both =
                tokio::join!(send(place, words, wish, &form), send(place, words, wish, &form));
            told.take(both.0);
            told.take(both.1);
        }
        Manner::Again => {
            told.take(send(place, words, wish, &form).await);
            sleep(PAUSE).await;
            told.take(send(place, words, wish, &form).await);
        }
    }
    if told.taken {
        if let Some(reply) = &wish.reply {
            say(place, wish, reply).await;
        }
        for press in 0..wish.presses.len() {
            told.strange.extend(push(place, words, wish, press).await);
        }
    }
    told
}

/// What sending a form in came to.
enum Sent {
    /// It closed.
    Closed,
    /// The ticket of this name was there before, or is not posted yet.
    Named(String),
    /// Nobody knows.
    Nothing,
    Strange(String),
}

impl Told {
    fn take(&mut self, sent: Sent) {
        self.taken |= matches!(sent, Sent::Closed | Sent::Named(_));
        match sent {
            Sent::Named(name) => drop(self.names.insert(name)),
            Sent::Strange(words) => self.strange.push(words),
            Sent::Closed | Sent::Nothing => {}
        }
    }
}

/// Types the command until the form is on the screen.
async fn open(place: &Place, wish: &Wish) -> OpenedDialog {
    let url = format!("{}ticket", place.door.url()).parse().unwrap();
    loop {
        let typed = place.chat.slash(wish.user, &format!("/ticket {}", wish.word));
        let _ = typed.send(&url).await;
        let opened = place.chat.dialogs().into_iter().rev();
        let ours = |form: &OpenedDialog| form.dialog["elements"][2]["default"] == json!(wish.word);
        if let Some(form) = opened.into_iter().find(ours) {
            return form;
        }
        sleep(PAUSE).await;
    }
}

async fn send(place: &Place, words: &Words, wish: &Wish, form: &OpenedDialog) -> Sent {
    loop {
        match try_to_send(place, words, wish, form).await {
            Sent::Nothing => sleep(PAUSE).await,
            sent => return sent,
        }
    }
}

async fn try_to_send(place: &Place, words: &Words, wish: &Wish, form: &OpenedDialog) -> Sent {
    let Wish { user, word, .. } = wish;
    let filled = json!({"cluster": "Berlin", "resource": "vm-7", "problem": word, "network": null});
    match place.chat.submit_dialog(user, form, filled).await {
        SubmitResult::Closed => Sent::Closed,
        SubmitResult::Failed => Sent::Nothing,
        SubmitResult::Refused { error, errors } => {
            place.home.note(&format!("{word} is told: {error} {errors:?}"));
            match super::words::name_in(&error) {
                Some(name) => Sent::Named(name),
                None if words.invites(user, &error) => Sent::Nothing,
                None => Sent::Strange(format!("{word} is told: {error} {errors:?}")),
            }
        }
    }
}

/// Says something in the ticket's thread.
async fn say(place: &Place, wish: &Wish, reply: &str) {
    let post = loop {
        if let Some(post) = posts_of(&place.chat.bot_posts(), &wish.word).pop() {
            break post;
        }
        sleep(PAUSE).await;
    };
    place.home.note(&format!("{} says {reply}", wish.user));
    let typed = place.chat.type_post(&post.channel_id, wish.user, &post.id, reply);
    assert!(!typed.is_empty(), "nobody may say {reply}");
}

/// An agent says something in the issue as soon as there is one.
pub(crate) async fn note(place: &Place, wish: &Wish) {
    let (Some(redmine), Some(note)) = (&place.redmine, &wish.note) else { return };
    let issue = loop {
        if let Some(issue) = place.issues_of(&wish.word).pop() {
            break issue.id;
        }
        sleep(PAUSE).await;
    };
    place.home.note(&format!("an agent says {note}"));
    redmine.comment_as("alice", issue, note).unwrap();
}

/// The posts of a wish.
pub(crate) fn posts_of(posts: &[PostSnapshot], word: &str) -> Vec<PostSnapshot> {
    let ours = posts.iter().filter(|post| is_ticket(post) && post.message.contains(word));
    ours.cloned().collect()
}

pub(crate) fn is_ticket(post: &PostSnapshot) -> bool {
    post.props["is_ticket"] == json!(true) && post.root_id.is_empty()
}

/// Presses a button until it is done; what should not have been said.
async fn push(place: &Place, words: &Words, wish: &Wish, nth: usize) -> Option<String> {
    let press = &wish.presses[nth];
    let (button, option) = match press.what {
        What::Take => ("take", None),
        What::Resolve => ("resolve", None),
        What::Reopen => ("reopen", None),
        What::Priority(word) => ("priority", Some(word)),
    };
    // The buttons are those of how the ticket stands.
    let post = loop {
        let there = posts_of(&place.chat.bot_posts(), &wish.word);
        if let Some(post) = there.into_iter().find(|post| has_button(post, button)) {
            break post.id;
        }
        sleep(PAUSE).await;
    };
    let mut unsure = false;
    loop {
        let pressed = match option {
            None => place.chat.press_button(press.user, &post, button).await,
            Some(option) => place.chat.choose(press.user, &post, button, option).await,
        };
        match pressed {
            PressResult::Done { ephemeral_text: said } if said.is_empty() => return None,
            PressResult::Done { ephemeral_text: said } => {
                place.home.note(&format!("{} is told of {button}: {said}", press.user));
                if words.is_so(press.user, &said) {
                    let strange = format!("{button} of {} was done before: {said}", wish.word);
                    return (!unsure).then_some(strange);
                }
                unsure = true;
            }
            PressResult::Failed => unsure = true,
            // The post shows already what came of it.
            PressResult::Refused(_) if unsure => return None,
            PressResult::Refused(status) => return Some(format!("{button}: {status}")),
        }
        sleep(PAUSE).await;
    }
}

fn has_button(post: &PostSnapshot, button: &str) -> bool {
    let buttons = post.props["attachments"][0]["actions"].as_array();
    buttons.into_iter().flatten().any(|action| action["id"] == json!(button))
}
