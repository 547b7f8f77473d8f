//! Tests of what is traced and of what must not be. They are a program of their own, because the
//! decision whether a place is traced at all is shared by the whole process, and tests on other
//! threads would interfere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use ami::{Action, Config, Filter, Item, Login, Stray};
use tracing_subscriber::fmt::MakeWriter;

use crate::peer::{Peer, id};

#[path = "it/peer.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod peer;

/// The lock that runs one test after another, up to the end of its last task. A place that is first
/// reached while nobody listens may be taken for one that nobody ever listens to.
static TURN: Mutex<()> = Mutex::new(());

/// The text of everything that was traced.
#[derive(Clone, Default)]
struct Traces(Arc<Mutex<Vec<u8>>>);

impl Write for Traces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Traces {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Runs a test, and returns everything that was traced down to a level.
fn traced(level: tracing::Level, test: impl Future<Output = ()>) -> String {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let traces = Traces::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(traces.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test);
        // Dropping the runtime drops its tasks, which trace their ends.
        drop(runtime);
    });
    let bytes = traces.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn traces_tell_what_happens_and_no_secret() {
    // The answer to the challenge is as good as the secret while the connection lasts.
    let proofs = std::cell::RefCell::new(vec!["hush-hush".to_owned()]);
    let traced = traced(tracing::Level::TRACE, both_logins(&proofs));
    for part in [
        "logged in",
        "user=\"alice\"",
        "queued",
        "seen",
        "received",
        "Sign",
        "the connection ended",
    ] {
        assert!(traced.contains(part), "no {part:?} in {traced}");
    }
    assert_eq!(proofs.borrow().len(), 3);
    for proof in proofs.borrow().iter() {
        assert!(!traced.contains(proof), "{proof} in {traced}");
    }
}

/// Runs a session with each kind of login, in which the peer repeats the secret everywhere. The
/// proofs of the logins are added to `proofs`.
async fn both_logins(proofs: &std::cell::RefCell<Vec<String>>) {
    for login in [Login::Plain, Login::Challenge] {
        let (near, mut peer) = Peer::new();
        let config = Config::new("alice", "hush-hush").ask_permissions(false).login(login);
        let server = async {
            peer.send("Asterisk Call Manager/11.0.0\r\n").await;
            if login == Login::Challenge {
                peer.answer("Challenge", "Challenge: 840415273\r\n").await;
            }
            let action = peer.answer("Login", "").await;
            let proof = action.lines().find_map(|line| {
                line.strip_prefix("Key: ").or_else(|| line.strip_prefix("Secret: "))
            });
            proofs.borrow_mut().push(proof.unwrap().to_owned());
            let id = id(&peer.action().await);
            peer.send(format!("Response: Success\r\nActionID: {id}\r\nMD5secret: hush-hush\r\nLine-000000-000001: secret=hush-hush\r\n\r\n")).await;
            peer.send("Event: Sign\r\nToken: hush-hush\r\n\r\n").await;
            peer.send("Event: Cut\r\nSecret: hush-hush").await;
            drop(peer);
        };
        let call = async {
            let client = config.handshake(near).await.unwrap();
            let action = Action::new("Any").field("Secret", "hush-hush").field("Plain", "seen");
            client.call(action).await.unwrap();
            let _ = client.command("database put tokens alice hush-hush").await;
            client.ended().await;
        };
        tokio::join!(server, call);
    }
}

#[test]
fn a_call_that_is_answered_with_a_list_warns_of_it() {
    let traced = traced(tracing::Level::WARN, an_answer_that_is_a_list());
    assert!(traced.contains("WARN") && traced.contains("ask for it with `list`"), "{traced}");
}

async fn an_answer_that_is_a_list() {
    let (client, mut peer) = Peer::with_client().await;
    let mut strays = client.subscribe(Filter::none().with_strays());
    let server = async {
        let id = peer.id().await;
        peer.send(format!("Response: Success\r\nActionID: {id}\r\nEventList: start\r\n\r\n")).await;
        peer.send(format!("Event: DBGetResponse\r\nActionID: {id}\r\n\r\n")).await;
    };
    let (answer, ()) = tokio::join!(client.call(Action::new("DBGet")), server);
    answer.unwrap();
    match strays.next().await {
        Some(Item::Stray(stray)) => {
            assert!(matches!(&*stray, Stray::Unmatched(item) if item.head() == b"DBGetResponse"));
        }
        other => panic!("{other:?}"),
    }
}
