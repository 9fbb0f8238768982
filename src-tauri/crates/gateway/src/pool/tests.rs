#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;
use crate::serve::session::{Said, Session};
use crate::server::subscriptions::{Subscriber, Topic};
use crate::upstream::Link;
use crate::upstream::outbox::Outbox;
use crate::user::User;

/// A pool without a keeper: the test starts and ends connections.
struct Scene {
    pool: Arc<Pool>,
    inbox: Arc<Inbox>,
}

fn limits(min_connections: usize, max_connections: usize) -> PoolLimits {
    PoolLimits {
        min_connections,
        max_connections,
        acquire_timeout: Duration::from_secs(60),
        idle_timeout: Duration::ZERO,
        max_retries: 0,
    }
}

impl Scene {
    fn new(sharing: Sharing, min_connections: usize, max_connections: usize) -> Self {
        Self::of(limits(min_connections, max_connections), sharing, 1)
    }

    fn of(limits: PoolLimits, sharing: Sharing, in_flight_limit: usize) -> Self {
        let inbox = Inbox::stand_in();
        let pool = Pool::new(limits, sharing, in_flight_limit, Arc::clone(&inbox));
        pool.begin();
        Self { pool, inbox }
    }

    fn shared(min_connections: usize, max_connections: usize) -> Self {
        Self::new(Sharing::Shared, min_connections, max_connections)
    }

    /// One that is being started.
    fn coming(&self) -> Arc<Connection> {
        let link = Link::Stdio(Outbox::new(1_000));
        let closing = CancellationToken::new();
        let connection = Connection::new(link, Arc::clone(&self.inbox), closing);
        self.pool.expect(&connection);
        connection
    }

    /// One that is in use.
    fn ready(&self) -> Arc<Connection> {
        let connection = self.coming();
        assert!(self.pool.add(Arc::clone(&connection)));
        connection
    }

    fn session(&self) -> Arc<Session> {
        let sessions = &self.inbox.sessions;
        let none = Said::default();
        sessions
            .open(wire::Version::LATEST, none, None, "", None)
            .unwrap()
    }

    /// Somebody waits for a connection.
    async fn waiter(&self, client: Claimant<'_>) -> JoinHandle<Result<Lease, Refused>> {
        let before = self.pool.counts().waiting;
        let (pool, client) = (Arc::clone(&self.pool), client.waits());
        let waiter = tokio::spawn(async move { pool.acquire(client.claimant()).await });
        while self.pool.counts().waiting == before {
            tokio::task::yield_now().await;
        }
        waiter
    }
}

#[tokio::test]
async fn one_that_leaves_counts_until_it_is_gone() {
    let scene = Scene::shared(0, 1);
    let leaving = scene.ready();
    assert_eq!(scene.pool.evict().len(), 1);
    let waiter = scene.waiter(Claimant::NOBODY).await;
    assert!(
        !scene.pool.wants_another(),
        "its process may still be there"
    );

    assert!(scene.pool.remove(&leaving).is_none());
    assert!(scene.pool.wants_another());
    let next = scene.ready();
    let lease = waiter.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(lease.connection(), &next));
}

#[tokio::test]
async fn where_there_is_room_nobody_waits_for_one_that_leaves() {
    let scene = Scene::shared(0, 2);
    scene.ready();
    assert_eq!(scene.pool.evict().len(), 1);
    let _waiter = scene.waiter(Claimant::NOBODY).await;
    assert!(scene.pool.wants_another());
}

#[tokio::test]
async fn one_that_hangs_counts_until_it_is_gone() {
    let scene = Scene::shared(1, 1);
    let hung = scene.ready();
    assert!(scene.pool.set_aside(&hung).is_some());
    assert!(!scene.pool.wants_another() && !scene.pool.has_room());
    scene.pool.remove(&hung);
    assert!(scene.pool.wants_another() && scene.pool.has_room());
}

#[tokio::test]
async fn one_that_could_not_be_started_counts_until_it_is_gone() {
    let scene = Scene::shared(1, 1);
    let coming = scene.coming();
    assert!(!scene.pool.wants_another());
    coming.closing.cancel();
    assert!(!scene.pool.add(Arc::clone(&coming)));
    assert!(!scene.pool.wants_another());
    scene.pool.remove(&coming);
    assert!(scene.pool.wants_another());
}

#[tokio::test]
async fn a_session_that_waits_for_its_own_connection_is_helped_by_no_other() {
    let scene = Scene::new(Sharing::Session, 0, 4);
    let session = scene.session();
    let own = scene.ready();
    drop(
        scene
            .pool
            .acquire(Claimant::Session(&session))
            .await
            .unwrap(),
    );
    own.distrust();
    let waiter = scene.waiter(Claimant::Session(&session)).await;
    assert!(!scene.pool.wants_another());

    let other = scene.session();
    let newcomer = scene.waiter(Claimant::Session(&other)).await;
    assert!(scene.pool.wants_another(), "another session has none");
    scene.ready();
    newcomer.await.unwrap().unwrap();
    assert!(!scene.pool.wants_another());
    scene.pool.reinstate(&own);
    let lease = waiter.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(lease.connection(), &own));
}

#[tokio::test]
async fn a_session_is_told_why_it_gets_no_connection_while_others_work_on_theirs() {
    let scene = Scene::new(Sharing::Session, 0, 4);
    let (first, second) = (scene.session(), scene.session());
    scene.ready();
    let lease = scene.pool.acquire(Claimant::Session(&first)).await.unwrap();
    let further = scene.waiter(Claimant::Session(&first)).await;
    let newcomer = scene.waiter(Claimant::Session(&second)).await;

    scene.pool.refuse(&Words::new("no licence", "没有许可证"));

    let told = |refused: Result<Lease, Refused>| match refused {
        Err(Refused::Unavailable(why)) => why.en,
        other => panic!("{other:?}"),
    };
    assert_eq!(told(newcomer.await.unwrap()), "no licence");
    assert_eq!(
        told(scene.pool.acquire(Claimant::Session(&second)).await),
        "no licence"
    );
    drop(lease);
    further.await.unwrap().unwrap();
    scene.pool.allow();
    let _waits = scene.waiter(Claimant::Session(&second)).await;
}

#[tokio::test]
async fn who_waits_no_more_leaves_nothing_behind() {
    let scene = Scene::shared(0, 1);
    let waiter = scene.waiter(Claimant::NOBODY).await;
    assert!(scene.pool.is_busy() && scene.pool.wants_another());
    waiter.abort();
    assert!(waiter.await.unwrap_err().is_cancelled());
    assert!(!scene.pool.is_busy() && !scene.pool.wants_another());
    assert_eq!(scene.pool.counts().waiting, 0);
}

#[tokio::test]
async fn the_connection_of_a_session_that_has_left_goes_also_where_it_is_the_oldest() {
    let scene = Scene::new(Sharing::Session, 0, 4);
    let (first, second) = (scene.session(), scene.session());
    let (one, two) = (scene.ready(), scene.ready());
    drop(scene.pool.acquire(Claimant::Session(&first)).await.unwrap());
    drop(
        scene
            .pool
            .acquire(Claimant::Session(&second))
            .await
            .unwrap(),
    );
    assert!(scene.pool.evict().is_empty(), "both may come back");
    scene.inbox.sessions.close(&first);
    drop(first);
    let evicted = scene.pool.evict();
    assert_eq!(evicted.len(), 1);
    assert!(Arc::ptr_eq(&evicted[0], &one) && two.is_open());
}

#[tokio::test]
async fn nobody_is_put_behind_a_call_while_another_process_is_on_its_way() {
    let scene = Scene::of(limits(1, 2), Sharing::Shared, 8);
    scene.ready();
    let busy = scene.pool.acquire(Claimant::NOBODY).await.unwrap();
    let coming = scene.coming();
    let first = scene.waiter(Claimant::NOBODY).await;
    let second = scene.waiter(Claimant::NOBODY).await;
    assert_eq!(scene.pool.counts().waiting, 2);
    assert_eq!(busy.connection().in_flight(), 1);

    assert!(scene.pool.add(Arc::clone(&coming)));
    let lease = first.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(lease.connection(), &coming));
    drop(second.await.unwrap().unwrap());
}

#[tokio::test]
async fn a_session_that_does_nothing_makes_room_for_one_that_waits() {
    let scene = Scene::new(Sharing::Session, 1, 2);
    let (first, second, third) = (scene.session(), scene.session(), scene.session());
    let (one, two) = (scene.ready(), scene.ready());
    drop(scene.pool.acquire(Claimant::Session(&first)).await.unwrap());
    let lease = scene
        .pool
        .acquire(Claimant::Session(&second))
        .await
        .unwrap();
    assert!(scene.pool.evict().is_empty(), "nobody waits");
    let stream = first.outbound.attach(1 << 20);
    let newcomer = scene.waiter(Claimant::Session(&third)).await;
    assert!(scene.pool.evict().is_empty(), "one listens, one works");

    drop(lease);
    let evicted = scene.pool.evict();
    assert_eq!(evicted.len(), 1);
    assert!(Arc::ptr_eq(&evicted[0], &two));
    drop(stream);
    assert!(scene.pool.evict().is_empty(), "one place is enough");
    scene.pool.remove(&two);
    let next = scene.ready();
    let lease = newcomer.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(lease.connection(), &next) && one.is_open());
}

#[tokio::test]
async fn who_waited_in_vain_is_told_for_what() {
    let shared = Scene::shared(1, 1);
    let only = shared.ready();
    let lease = shared.pool.acquire(Claimant::NOBODY).await.unwrap();
    assert_eq!(shared.pool.scarcity(Claimant::NOBODY), Scarcity::Busy);
    drop(lease);
    shared.pool.set_aside(&only);
    assert_eq!(shared.pool.scarcity(Claimant::NOBODY), Scarcity::Absent);

    let own = Scene::new(Sharing::Session, 1, 2);
    let sessions = [own.session(), own.session(), own.session()];
    own.ready();
    own.ready();
    for session in &sessions[..2] {
        drop(own.pool.acquire(Claimant::Session(session)).await.unwrap());
    }
    let scarcity = |session| own.pool.scarcity(Claimant::Session(session));
    assert_eq!(scarcity(&sessions[2]), Scarcity::Taken);
    assert_eq!(scarcity(&sessions[0]), Scarcity::Busy);
}

#[tokio::test]
async fn no_user_gets_what_another_has_used_and_each_finds_its_own_again() {
    let scene = Scene::of(limits(0, 4), Sharing::Session, 1);
    let (ann, ben) = (User::new("ann"), User::new("ben"));
    let (ann, ben) = (Claimant::User(Some(&ann)), Claimant::User(Some(&ben)));
    let one = scene.ready();
    let lease = scene.pool.acquire(ann).await.unwrap();
    // One of the same user stands in line, and in nobody else's way.
    let further = scene.waiter(ann).await;
    let other = scene.waiter(ben).await;
    let nobody = scene.waiter(Claimant::NOBODY).await;
    assert!(scene.pool.wants_another());
    let two = scene.ready();
    let of_ben = other.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(of_ben.connection(), &two));
    let three = scene.ready();
    let of_nobody = nobody.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(of_nobody.connection(), &three));
    assert!(
        !scene.pool.wants_another(),
        "the further one waits for its own"
    );
    drop((lease, of_ben, of_nobody));
    let lease = further.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(lease.connection(), &one));

    // A user may come back; who is nobody cannot be told from the next one.
    drop(lease);
    let evicted = scene.pool.evict();
    assert_eq!(evicted.len(), 1);
    assert!(Arc::ptr_eq(&evicted[0], &three));
}

#[tokio::test]
async fn where_a_subscription_lives_is_not_idle() {
    let scene = Scene::shared(0, 1);
    scene.ready();
    let topic = Topic::Resource("file:///a".to_owned());
    let subscriber = Subscriber::Session(scene.session());
    let subscriptions = &scene.inbox.subscriptions;
    subscriptions.add(&topic, &subscriber, None);
    assert!(scene.pool.evict().is_empty());
    subscriptions.remove(&topic, &subscriber);
    assert_eq!(scene.pool.evict().len(), 1);
}
