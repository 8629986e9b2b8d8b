//! `kill -9` at any moment: what was acknowledged holds, and the next start takes no notice.
//!
//! `KILL_ROUNDS` says how often, 25 by default.

use std::time::Duration;

use ticketd::model::ids::UserId;
use ticketd::sandbox::Redmine;
use ticketd::store::{Keyring, Store};
use tokio::time::{Instant, sleep};

use crate::daemon::Daemon;
use crate::site::Site;

const ROUNDS: usize = 25;
const USERS: usize = 6;
const ACCOUNTS: [&str; 4] = ["admin", "bot", "alice", "bob"];

/// A user of the chat, and what may stand in the store about them: more than one thing only
/// after a command that was not acknowledged.
struct Person {
    id: String,
    step: usize,
    allowed: Vec<Option<&'static str>>,
}

/// What a round has seen.
#[derive(Default)]
struct Count {
    acknowledged: usize,
    cut_short: usize,
}

impl Person {
    fn new(number: usize) -> Self {
        Self { id: format!("{number:a>26}"), step: number, allowed: vec![None] }
    }

    /// What the next command leaves behind: three logins to a logout.
    fn next(&mut self) -> Option<&'static str> {
        self.step += 1;
        (!self.step.is_multiple_of(4)).then(|| ACCOUNTS[self.step / 2 % ACCOUNTS.len()])
    }

    /// Commands one after the other until the daemon is gone.
    async fn work(&mut self, daemon: &Daemon, site: &Site) -> Count {
        let mut count = Count::default();
        loop {
            let next = self.next();
            let text = match next {
                Some(login) => format!("login {login} {}", Redmine::user_key(login)),
                None => "logout".to_owned(),
            };
            self.allowed.push(next);
            let Ok(said) = daemon.say_as(site, &self.id, &text).await else {
                count.cut_short += 1;
                return count;
            };
            let done = match next {
                Some(login) => {
                    said.text.contains("You are signed in to Redmine as")
                        && said.text.contains(login)
                }
                None => {
                    said.text.contains("You are signed out") || said.text.contains("not signed in")
                }
            };
            assert!(done, "{text}: {said:?}");
            self.allowed = vec![next];
            count.acknowledged += 1;
        }
    }

    /// Asks what the daemon knows of this person, and holds it against what it must.
    async fn check(&mut self, daemon: &Daemon, site: &Site) {
        let said = daemon.say_as(site, &self.id, "me").await.unwrap();
        let found = if said.text.contains("Please sign in first") {
            None
        } else {
            let known = |login: &&&str| said.text.contains(&format!("(`{login}`"));
            Some(*ACCOUNTS.iter().find(known).unwrap_or_else(|| panic!("{said:?}")))
        };
        assert!(
            self.allowed.contains(&found),
            "{}: {found:?} in place of {:?}\n{}",
            self.id,
            self.allowed,
            daemon.log()
        );
        self.allowed = vec![found];
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9() {
    let rounds = std::env::var("KILL_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let site = Site::new().await;
    let mut people: Vec<_> = (0..USERS).map(Person::new).collect();
    let (mut total, mut slowest) = (Count::default(), Duration::ZERO);
    let mut after_kill = Vec::new();
    for round in 0..=rounds {
        let began = Instant::now();
        let daemon = site.daemon().start().await;
        let health = daemon.get("/health").await;
        let took = began.elapsed();
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
        if round > 0 {
            after_kill.push(took);
            slowest = slowest.max(took);
        }
        for person in &mut people {
            person.check(&daemon, &site).await;
        }
        if round == rounds {
            daemon.stop().await;
            break;
        }
        // The moments of the kills are spread over the work, the first command included.
        let at = Duration::from_micros(500 + (round as u64 * 7_919) % 120_000);
        let counts = {
            let (daemon, site) = (&daemon, &site);
            let work = people.iter_mut().map(|person| person.work(daemon, site));
            let killing = async {
                sleep(at).await;
                daemon.signal(rustix::process::Signal::KILL);
            };
            tokio::join!(futures_util::future::join_all(work), killing).0
        };
        for count in counts {
            total.acknowledged += count.acknowledged;
            total.cut_short += count.cut_short;
        }
        let log = daemon.kill().await;
        assert!(!log.contains("ERROR") && !log.contains("cannot be read"), "{log}");
    }
    after_kill.sort();
    println!(
        "{rounds} kills, {} acknowledged commands, {} cut short",
        total.acknowledged, total.cut_short
    );
    println!("figure restart_after_kill_ms median {}", after_kill[rounds / 2].as_millis());
    println!("figure restart_after_kill_ms max {}", slowest.as_millis());

    let store = Store::open(&site.store(), Keyring::parse(&site.keys().into()).unwrap()).unwrap();
    let rows: Result<Vec<_>, _> = store.logins().all().collect();
    rows.expect("every row opens");
    for person in people {
        let row = store.logins().of(&UserId::parse(&person.id).unwrap()).unwrap();
        assert_eq!(row.as_ref().map(|row| row.login.as_str()), person.allowed[0]);
    }
}
