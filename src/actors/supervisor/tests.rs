//! A child that fails on demand, and what becomes of it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use tokio::time::sleep;

use super::*;
use crate::actors::slot::{Slot, answers};

enum FragileMsg {
    /// Replies with the number of the life that it is in.
    Life(RpcReplyPort<usize>),
    /// Takes a while and is counted. No reply.
    Work,
    Panic,
    /// Waits for ever.
    Freeze,
    /// Holds its thread until the other end is dropped.
    Block(mpsc::Receiver<()>),
    /// Takes nothing new and ends when all is done.
    Leave,
    Ping(RpcReplyPort<()>),
}

struct Fragile;

impl Actor for Fragile {
    type Msg = FragileMsg;
    type State = (usize, Arc<Nursery>);
    type Arguments = Self::State;

    async fn pre_start(
        &self,
        _: ActorRef<FragileMsg>,
        state: Self::State,
    ) -> Result<Self::State, ActorProcessingErr> {
        if state.1.stillborn.load(SeqCst) {
            Err("it does not want to live".into())
        } else {
            Ok(state)
        }
    }

    async fn handle(
        &self,
        myself: ActorRef<FragileMsg>,
        message: FragileMsg,
        (life, nursery): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            FragileMsg::Life(reply) => drop(reply.send(*life)),
            FragileMsg::Work => {
                sleep(Duration::from_millis(10)).await;
                nursery.worked.fetch_add(1, SeqCst);
            }
            FragileMsg::Panic => panic!("as asked"),
            FragileMsg::Freeze => std::future::pending().await,
            FragileMsg::Block(until) => drop(until.recv()),
            FragileMsg::Leave => myself.drain()?,
            FragileMsg::Ping(reply) => drop(reply.send(())),
        }
        Ok(())
    }
}

/// The child as the supervisor knows it, and what its lives leave behind.
struct Nursery {
    name: &'static str,
    restart: Restart,
    me: std::sync::Weak<Nursery>,
    actor: Slot<FragileMsg>,
    lives: AtomicUsize,
    worked: AtomicUsize,
    stillborn: AtomicBool,
}

impl Nursery {
    fn new(name: &'static str, restart: Restart) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            name,
            restart,
            me: me.clone(),
            actor: Slot::empty(),
            lives: AtomicUsize::new(0),
            worked: AtomicUsize::new(0),
            stillborn: AtomicBool::new(false),
        })
    }

    fn send(&self, message: FragileMsg) {
        self.actor.get().expect("it lives").cast(message).unwrap();
    }

    /// The life that answers, if one does.
    async fn life(&self) -> Option<usize> {
        let actor = self.actor.get()?;
        match actor.call(FragileMsg::Life, Some(Duration::from_millis(500))).await {
            Ok(CallResult::Success(life)) => Some(life),
            _ => None,
        }
    }

    /// Waits until this life answers; returns how long that took.
    async fn reaches(&self, life: usize) -> Duration {
        let began = Instant::now();
        while self.life().await != Some(life) {
            sleep(Duration::from_millis(1)).await;
            assert!(began.elapsed() < Duration::from_secs(30), "life {life} does not come");
        }
        began.elapsed()
    }

    /// Waits until nobody is there to send to.
    async fn is_gone(&self) {
        while self.actor.get().is_some() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Child for Nursery {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn kind(&self) -> &'static str {
        "fragile"
    }

    fn restart(&self) -> Restart {
        self.restart
    }

    fn start(&self, supervisor: ActorCell) -> BoxFuture<'_, Result<ActorCell, SpawnErr>> {
        Box::pin(async move {
            let me = self.me.upgrade().expect("somebody holds it");
            let args = (self.lives.fetch_add(1, SeqCst) + 1, me);
            let (actor, _) = Actor::spawn_linked(None, Fragile, args, supervisor).await?;
            let cell = actor.get_cell();
            self.actor.set(Some(actor));
            Ok(cell)
        })
    }

    fn ping(&self, limit: Duration) -> BoxFuture<'_, bool> {
        Box::pin(answers(self.actor.get(), FragileMsg::Ping, limit))
    }

    fn gone(&self) {
        self.actor.set(None);
    }
}

async fn supervised(restart: Restart) -> (SupervisorHandle, Arc<Nursery>) {
    let supervisor = SupervisorHandle::spawn(Metrics::new()).await.unwrap();
    let child = Nursery::new("fragile/1", restart);
    supervisor.start(child.clone()).await.unwrap();
    assert_eq!(child.life().await, Some(1));
    (supervisor, child)
}

#[tokio::test]
async fn a_child_that_panics_is_back_within_100_ms() {
    let (supervisor, child) = supervised(Restart::Always).await;
    for life in 2..4 {
        child.send(FragileMsg::Panic);
        let took = child.reaches(life).await;
        assert!(took < Duration::from_millis(100), "life {life}: {took:?}");
    }
    assert!(!supervisor.failed().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_freezes_is_replaced() {
    let (supervisor, child) = supervised(Restart::Always).await;
    let began = Instant::now();
    child.send(FragileMsg::Freeze);
    child.send(FragileMsg::Work);
    child.reaches(2).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    sleep(Duration::from_secs(5)).await;
    assert_eq!(child.life().await, Some(2));
    assert_eq!(child.worked.load(SeqCst), 0, "what waited behind it is lost, as documented");
    assert!(supervisor.is_awake(Duration::from_secs(1)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_blocks_its_thread_is_replaced() {
    let (supervisor, child) = supervised(Restart::Always).await;
    let (hold, until) = mpsc::channel();
    child.send(FragileMsg::Block(until));
    let took = child.reaches(2).await;
    assert!(took < Duration::from_millis(3_500), "{took:?}");
    // The old life ends now, which must not be taken for the end of the new one.
    drop(hold);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(child.life().await, Some(2));
    assert!(!supervisor.failed().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_must_run_and_fails_too_often_is_given_up() {
    let (supervisor, child) = supervised(Restart::Always).await;
    for life in 1..=RESTARTS {
        child.send(FragileMsg::Panic);
        child.reaches(life + 1).await;
    }
    assert!(!supervisor.failed().is_cancelled());
    child.send(FragileMsg::Panic);
    tokio::time::timeout(Duration::from_secs(1), supervisor.failed().cancelled()).await.unwrap();
    sleep(WINDOW * 2).await;
    assert_eq!((child.lives.load(SeqCst), child.life().await), (RESTARTS + 1, None));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_freezes_again_and_again_is_given_up() {
    let (supervisor, child) = supervised(Restart::Always).await;
    let began = Instant::now();
    while !supervisor.failed().is_cancelled() {
        if child.life().await.is_some() {
            child.send(FragileMsg::Freeze);
        }
        sleep(Duration::from_millis(50)).await;
        assert!(began.elapsed() < WINDOW * 2, "it is never given up");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_far_apart_are_forgiven() {
    let (supervisor, child) = supervised(Restart::Always).await;
    for life in 1..=3 * RESTARTS {
        child.send(FragileMsg::Panic);
        child.reaches(life + 1).await;
        sleep(WINDOW / 4).await;
    }
    assert!(!supervisor.failed().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_come_back_is_given_up() {
    let (supervisor, child) = supervised(Restart::Always).await;
    child.stillborn.store(true, SeqCst);
    child.send(FragileMsg::Panic);
    tokio::time::timeout(Duration::from_secs(1), supervisor.failed().cancelled()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_on_demand_rests_alone_and_comes_back() {
    let (supervisor, child) = supervised(Restart::OnDemand).await;
    for _ in 0..=RESTARTS {
        child.send(FragileMsg::Panic);
        child.is_gone().await;
        sleep(Duration::from_millis(100)).await;
        assert_eq!(child.life().await, None, "nobody has asked for it");
        let _ = supervisor.start(child.clone()).await;
    }
    assert_eq!(supervisor.start(child.clone()).await, Err(StartFault::Resting));
    assert_eq!(child.lives.load(SeqCst), RESTARTS + 1);

    let other = Nursery::new("fragile/2", Restart::OnDemand);
    assert_eq!(supervisor.start(other.clone()).await, Ok(()), "others are not touched");
    assert_eq!(other.life().await, Some(1));
    sleep(WINDOW).await;
    assert_eq!(supervisor.start(child.clone()).await, Ok(()));
    assert_eq!(child.life().await, Some(RESTARTS + 2));
    assert!(!supervisor.failed().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_start_is_told() {
    let supervisor = SupervisorHandle::spawn(Metrics::new()).await.unwrap();
    let child = Nursery::new("fragile/1", Restart::OnDemand);
    child.stillborn.store(true, SeqCst);
    assert_eq!(supervisor.start(child.clone()).await, Err(StartFault::NotStarted));
    child.stillborn.store(false, SeqCst);
    assert_eq!(supervisor.start(child.clone()).await, Ok(()));
    assert_eq!(child.life().await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn one_that_leaves_has_a_successor_at_once_and_ends_without_harm() {
    let (supervisor, child) = supervised(Restart::OnDemand).await;
    let old = child.actor.get().unwrap();
    child.send(FragileMsg::Leave);
    for _ in 0..5 {
        child.send(FragileMsg::Work);
    }
    while old.get_status() < ActorStatus::Draining {
        tokio::task::yield_now().await;
    }
    assert_eq!(supervisor.start(child.clone()).await, Ok(()));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(old.get_status(), ActorStatus::Stopped);
    assert_eq!((child.worked.load(SeqCst), child.life().await), (5, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_is_queued() {
    let (supervisor, child) = supervised(Restart::Always).await;
    for _ in 0..20 {
        child.send(FragileMsg::Work);
    }
    supervisor.drain(Duration::from_secs(5)).await;
    assert_eq!(child.worked.load(SeqCst), 20);
    assert_eq!(supervisor.start(child.clone()).await, Err(StartFault::Late));
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_the_frozen() {
    let (supervisor, child) = supervised(Restart::Always).await;
    let began = Instant::now();
    child.send(FragileMsg::Freeze);
    supervisor.drain(Duration::from_secs(5)).await;
    assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
    assert!(!supervisor.is_awake(Duration::from_secs(1)).await);
}
