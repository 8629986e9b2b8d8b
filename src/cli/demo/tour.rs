//! The tour: what people type and write, what they get, and whether that is what they should get.
//!
//! A step is checked by the facts in its answer, not by its wording. One that does not hold is
//! told and counted; the tour goes on.

use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::{
    super::{Ending, tell},
    stage::Stage,
};
use crate::{locale::Texts, model::render};

mod chat;
mod mail;
mod portal;
mod tickets;

/// How long anything late is waited for.
const LIMIT: Duration = Duration::from_secs(10);
/// Lines of a long answer that are shown.
const LINES_SHOWN: usize = 14;

/// What is left of a tour.
pub(super) struct Walked {
    /// How many steps were not answered as they should be.
    pub(super) missed: u32,
    /// The portal's token for the API.
    pub(super) token: SecretString,
}

/// Walks through it all.
pub(super) async fn walk(stage: &Stage) -> Result<Walked, Ending> {
    let mut tour = Tour { stage, texts: Texts::load()?, missed: 0, letters: 0 };
    tour.signing_in().await?;
    tour.issues().await?;
    tour.other_people().await?;
    tour.bad_days().await?;
    tour.leaving().await?;
    tour.tickets().await?;
    tour.mails().await?;
    let token = tour.portal().await?;
    Ok(Walked { missed: tour.missed, token })
}

struct Tour<'a> {
    stage: &'a Stage,
    texts: Texts,
    missed: u32,
    /// Mails that people have written so far.
    letters: u32,
}

impl Tour<'_> {
    fn mark(&mut self, what: &str, fine: bool) {
        self.missed += u32::from(!fine);
        tell(&format!("    {} {what}", if fine { "ok" } else { "NOT AS IT SHOULD BE" }));
    }
}

fn chapter(title: &str) {
    tell(&format!("\n== {title}"));
}

/// The beginning of a text, set off from what the tour itself says.
fn show(text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(LINES_SHOWN) {
        tell(&format!("    {}", render::cut(line, 160)));
    }
}

/// Waits until something is there; whether it came in time.
async fn comes(there: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + LIMIT;
    while !there() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    there()
}
