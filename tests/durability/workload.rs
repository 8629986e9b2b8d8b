//! The traced process: a few tasks, each of them remembering and forgetting logins of its own
//! users one after the other, with a transaction over several tables beside each fifth, over a restart
//! and a rotation of the master key.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret;
use ticketd::model::ids::UserId;
use ticketd::model::keys::{CaseId, CommentId, MailboxName};
use ticketd::model::login::RedmineLogin;
use ticketd::store::{Cursor, Desk, Keyring, SenderCount, Store, StoreError};

/// Holds the directory to work in.
pub(crate) const ENV: &str = "TICKETD_TEST_WORKLOAD";
pub(crate) const TASKS: usize = 4;
const OPS_A_TASK: usize = 240;
pub(crate) const OPS: usize = TASKS * OPS_A_TASK;

/// One step of a task: an even step makes a new user, the odd one after it changes that user or
/// forgets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) task: usize,
    pub(crate) step: usize,
}

impl Op {
    pub(crate) fn is_first_of_its_user(self) -> bool {
        self.step.is_multiple_of(2)
    }

    /// What the user's row holds after it.
    pub(crate) fn expected(&self) -> Option<(u64, String)> {
        let api_key = format!("key of task {} step {}", self.task, self.step);
        (self.step % 4 != 3).then_some((self.step as u64, api_key))
    }

    /// Whether a transaction of the desk goes with it.
    pub(crate) fn transacts(self) -> bool {
        self.step.is_multiple_of(5)
    }

    pub(crate) fn parse(text: &str) -> Self {
        let (task, step) = text.trim_end().split_once(' ').unwrap();
        Self { task: task.parse().unwrap(), step: step.parse().unwrap() }
    }
}

pub(crate) fn ops_of(task: usize) -> impl Iterator<Item = Op> {
    (0..OPS_A_TASK).map(move |step| Op { task, step })
}

/// Ids as Mattermost's: they spread from the first letter on. The last ten tell them apart.
pub(crate) fn user(op: Op) -> UserId {
    let first = op.step / 2 * 2;
    let spread = (first * TASKS + op.task) * 7_919_391 % 100_000_000;
    UserId::parse(&format!("{spread:08}qoutf8pg{:02}{first:08}", op.task)).unwrap()
}

pub(crate) fn seen(login: &RedmineLogin) -> (u64, String) {
    (login.redmine_id, login.api_key.expose_secret().to_owned())
}

fn desk_names(op: Op) -> (u64, CaseId, CommentId, MailboxName) {
    let who = (op.task * OPS_A_TASK + op.step) as u64;
    let case = CaseId::new(who + 1).unwrap();
    let comment = CommentId::parse(&op.step.to_string()).unwrap();
    (who, case, comment, MailboxName::parse(&format!("{}-{}", op.task, op.step)).unwrap())
}

/// One transaction over three of the desk's tables.
fn transact(desk: &Desk, op: Op) -> Result<(), StoreError> {
    let (who, case, comment, mailbox) = desk_names(op);
    let synced = jiff::Timestamp::UNIX_EPOCH;
    desk.write(|tx| {
        tx.put_sender(who, SenderCount { mails: 1, ..SenderCount::default() })?;
        tx.know_comment(case, &comment, synced)?;
        tx.put_cursor(&mailbox, &Cursor { state: "x".repeat(300), synced, since: synced })
    })
}

/// How many of the three rows are there.
pub(crate) fn transacted(desk: &Desk, op: Op) -> Result<usize, StoreError> {
    let (who, case, comment, mailbox) = desk_names(op);
    let rows = [
        desk.sender(who)?.mails > 0,
        desk.comment_is_known(case, &comment)?,
        desk.cursor(&mailbox)?.is_some(),
    ];
    Ok(rows.into_iter().filter(|there| *there).count())
}

fn old_keys() -> Keyring {
    Keyring::parse(&"a1".repeat(32).into()).unwrap()
}

pub(crate) fn new_keys() -> Keyring {
    Keyring::parse(&format!("{}\n{}", "b2".repeat(32), "a1".repeat(32)).into()).unwrap()
}

pub(crate) fn run(path: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open(path, old_keys()).unwrap();
        work(&store, 0..OPS_A_TASK / 3).await;
        store.close().await.unwrap();
        let store = Store::open(path, old_keys()).unwrap();
        let rotation = {
            let store = store.clone();
            tokio::spawn(async move { store.reseal(new_keys()).await.unwrap() })
        };
        work(&store, OPS_A_TASK / 3..OPS_A_TASK * 2 / 3).await;
        rotation.await.unwrap();
        drop(store);
        let store = Store::open(path, new_keys()).unwrap();
        work(&store, OPS_A_TASK * 2 / 3..OPS_A_TASK).await;
        store.close().await.unwrap();
    });
}

async fn work(store: &Store, steps: std::ops::Range<usize>) {
    // Unbuffered: each line is one `write`.
    let out = Arc::new(File::from(std::io::stdout().as_fd().try_clone_to_owned().unwrap()));
    let tasks = (0..TASKS).map(|task| {
        let (store, steps, out) = (store.clone(), steps.clone(), Arc::clone(&out));
        tokio::spawn(async move {
            for step in steps {
                let op = Op { task, step };
                let say = |word| (&*out).write_all(format!("{word} {task} {step}\n").as_bytes());
                say("begin").unwrap();
                match op.expected() {
                    Some((redmine_id, api_key)) => {
                        let login = format!("login-{task}-{step}");
                        let row = RedmineLogin { redmine_id, login, api_key: api_key.into() };
                        store.logins().remember(&user(op), &row).unwrap();
                    }
                    None => assert!(store.logins().forget(&user(op)).unwrap()),
                }
                if op.transacts() {
                    transact(store.desk(), op).unwrap();
                }
                store.barrier().await.unwrap();
                say("acked").unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}
