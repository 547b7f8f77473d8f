//! Components and their test, without a server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ami::Action;
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::alone::Alone;
use super::{Component, Happening, Life, Needs, Setting, Signal, Stage, Step, TestCase, Watcher};
use crate::ari::AriEvent;
use crate::files::Id;
use crate::job::{INTERRUPTED, Outcome, Weight};
use crate::matching::Fields;

type Diary = Arc<Mutex<Vec<String>>>;

fn told(diary: &Diary) -> String {
    std::mem::take(&mut *diary.lock().unwrap()).join(" ")
}

/// Notes what it sees, with its own name.
struct Notes(&'static str, Diary);

impl Watcher for Notes {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        let what = match what {
            Happening::Started => "started".to_owned(),
            Happening::Connected(ast) => format!("connected{}", ast.id()),
            Happening::Reconnected(ast) => format!("reconnected{}", ast.id()),
            Happening::Event(ast, event) => format!("{}{}", event.name(), ast.id()),
            Happening::Ari(event, _) => event.kind().to_owned(),
            Happening::Signal(signal) => {
                format!("{}:{}", signal.name(), signal.field("to").unwrap_or_default())
            }
            Happening::Stopping(_) => "stopping".to_owned(),
            Happening::Stopped(ended) => {
                test.set_passed(true);
                format!("stopped{}", ended.len())
            }
        };
        self.1.lock().unwrap().push(format!("{}.{what}", self.0));
    }
}

/// A component that is a function.
struct Acts<F>(F);

impl<F: FnOnce(Stage) -> Life + Send + 'static> Component for Acts<F> {
    fn name(&self) -> &str {
        "acts"
    }

    fn run(self: Box<Self>, stage: Stage) -> Life {
        (self.0)(stage)
    }
}

#[tokio::test]
async fn components_are_told_in_their_order_and_the_object_last() {
    let (alone, diary) = (Alone::new(2).await, Diary::default());
    alone.add("o", Box::new(Notes("o", Arc::clone(&diary))), true);
    alone.add("a", Box::new(Notes("a", Arc::clone(&diary))), false);
    alone.add("b", Box::new(Notes("b", Arc::clone(&diary))), false);
    let account = alone
        .play(async |alone| {
            assert_eq!(told(&diary), "a.started b.started o.started");
            alone.connect(1).await;
            assert_eq!(told(&diary), "a.connected0 b.connected0 o.connected0");
            alone.event(2, "Event: X").await;
            alone.event(1, "Event: Y").await;
            assert_eq!(told(&diary), "a.X1 b.X1 o.X1 a.Y0 b.Y0 o.Y0");
            alone.test.signal(Signal::new("call").with("to", 7));
            tokio::task::yield_now().await;
        })
        .await;
    let rest = "a.call:7 b.call:7 o.call:7 a.stopping b.stopping o.stopping a.stopped0 b.stopped0 o.stopped0";
    assert_eq!(told(&diary), rest);
    assert_eq!(account.outcome, Outcome::Passed);
}

#[tokio::test(start_paused = true)]
async fn the_object_hears_of_a_login_last_also_right_behind_a_boot() {
    let (alone, diary) = (Alone::new(2).await, Diary::default());
    for (name, is_object) in [("o", true), ("a", false), ("b", false)] {
        alone.add(name, Box::new(Notes(name, Arc::clone(&diary))), is_object);
    }
    alone.begin().await;
    let begin = "a.started b.started o.started a.connected0 b.connected0 o.connected0 a.connected1 b.connected1 o.connected1 a.stopping";
    let told = told(&diary);
    assert!(told.starts_with(begin), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_test_that_a_component_ends_at_once_has_begun_all_the_same() {
    let (alone, diary) = (Alone::new(2).await, Diary::default());
    let acts = Acts(|mut stage: Stage| -> Life {
        Box::pin(async move {
            stage.next().await;
            stage.test().stop();
            stage.stopped().await;
            Ok(())
        })
    });
    alone.add("acts", Box::new(acts), true);
    alone.add("n", Box::new(Notes("n", Arc::clone(&diary))), false);
    alone.begin().await;
    let all = "n.started n.connected0 n.connected1 n.stopping n.stopped0";
    assert_eq!(told(&diary), all);
}

#[tokio::test]
async fn a_component_acts_in_sequence_and_what_happens_meanwhile_waits() {
    let (alone, diary) = (Alone::new(2).await, Diary::default());
    let noted = Arc::clone(&diary);
    let (open, is_open) = oneshot::channel();
    let acts = Acts(move |mut stage: Stage| -> Life {
        Box::pin(async move {
            let ast = stage.connected(Id::of(2)).await.ok_or("no login")?;
            ast.ami().call(Action::new("Hangup")).await?;
            is_open.await?;
            while let Some(what) = stage.next().await {
                if let Happening::Event(_, event) = what {
                    noted.lock().unwrap().push(event.name().into_owned());
                }
            }
            Ok(())
        })
    });
    alone.add("acts", Box::new(acts), false);
    alone
        .play(async |alone| {
            alone.connect(1).await;
            alone.connect(2).await;
            assert_eq!(alone.action(2).await.name(), "Hangup");
            alone.event(2, "Event: X").await;
            assert_eq!(told(&diary), "", "it waits for something else");
            open.send(()).unwrap();
        })
        .await;
    assert_eq!(told(&diary), "X");
}

#[tokio::test]
async fn an_error_and_a_panic_fail_the_test_by_name_and_end_it() {
    for (fault, outcome) in [("error", Outcome::Failed), ("panic", Outcome::Faulty)] {
        let alone = Alone::new(1).await;
        let acts = Acts(move |mut stage: Stage| -> Life {
            Box::pin(async move {
                stage.connected(Id::default()).await;
                assert_ne!(fault, "panic", "this is wrong");
                Err(Box::from(std::io::Error::other("this is wrong")))
            })
        });
        alone.add("own.Acts", Box::new(acts), false);
        let diary = Diary::default();
        alone.add("notes", Box::new(Notes("n", Arc::clone(&diary))), false);
        let account = alone
            .play(async |alone| {
                alone.connect(1).await;
                alone.ended().await;
            })
            .await;
        assert_eq!(account.outcome, outcome, "{:?}", account.reasons);
        let why = &account.reasons[0].what;
        assert!(why.starts_with("own.Acts: ") && why.contains("this is wrong"), "{why}");
        // Others are not in it.
        assert!(told(&diary).ends_with("n.stopping n.stopped0"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_components_but_not_for_long() {
    // One that works behind the end is waited for.
    let (alone, diary) = (Alone::new(1).await, Diary::default());
    let (done, is_done) = oneshot::channel();
    let noted = Arc::clone(&diary);
    let acts = Acts(move |mut stage: Stage| -> Life {
        Box::pin(async move {
            while let Some(what) = stage.next().await {
                if let Happening::Stopping(pending) = what {
                    tokio::time::sleep(Duration::from_secs(4)).await;
                    noted.lock().unwrap().push("let go".to_owned());
                    drop(pending);
                } else if let Happening::Stopped(_) = what {
                    noted.lock().unwrap().push("judged".to_owned());
                    stage.test().set_passed(true);
                }
            }
            let _ = done.send(());
            Ok(())
        })
    });
    alone.add("acts", Box::new(acts), false);
    alone.add("notes", Box::new(Notes("n", Arc::clone(&diary))), false);
    let account = alone.play(async |_| ()).await;
    is_done.await.unwrap();
    assert_eq!(told(&diary), "n.started n.stopping let go judged n.stopped0");
    assert!(account.passed() && account.notes.is_empty(), "{:?}", account.notes);

    // One that does not come to an end fails the test.
    let alone = Alone::new(1).await;
    alone.add("stuck", Box::new(Acts(stuck)), false);
    alone.add("notes", Box::new(Notes("n", diary)), false);
    let account = alone.play(async |_| ()).await;
    assert_eq!(account.notes, ["stuck was still busy when the test ended"]);
    assert_eq!(account.reasons[0].what, "stuck did not come to an end");
}

/// The life of a component that does not come to an end.
fn stuck(stage: Stage) -> Life {
    Box::pin(async move {
        std::future::pending::<()>().await;
        drop(stage);
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn an_event_of_ari_that_takes_too_long_is_told_and_the_next_component_hears_of_it() {
    let (alone, diary) = (Alone::new(0).await, Diary::default());
    alone.add("stuck", Box::new(Acts(stuck)), false);
    alone.test.add(Box::new(Notes("n", Arc::clone(&diary))));
    let event = AriEvent::new(serde_json::json!({"type": "Dial"}));
    let account = alone.play(async |alone| alone.test.tell_of_ari(event.clone()).await).await;
    let note = "stuck took more than 30 s for a Dial: those behind it did not wait any longer";
    assert_eq!(account.notes[0], note);
    assert!(told(&diary).contains("Dial"), "{}", told(&diary));
}

#[tokio::test(start_paused = true)]
async fn who_wants_the_end_of_all_waits_for_no_component() {
    let alone = Alone::new(1).await;
    alone.add("stuck", Box::new(Acts(stuck)), false);
    let begun = tokio::time::Instant::now();
    let account = alone.play(async |alone| alone.cancelled.cancel()).await;
    let reasons: Vec<_> = account.reasons.iter().map(|it| &*it.what).collect();
    assert_eq!(reasons, [INTERRUPTED]);
    // The clock goes on only where everybody waits.
    assert!(begun.elapsed() < super::actors::JUDGING, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn no_test_that_has_to_fail_is_met_by_what_is_wrong_with_itself() {
    async fn outcome(story: impl AsyncFnOnce(&mut Alone)) -> Outcome {
        Alone::new(1).await.play(story).await.outcome
    }
    let panics = async |alone: &mut Alone| {
        alone.test.spawn(async { panic!("this task is wrong") });
        tokio::task::yield_now().await;
    };
    assert_eq!(outcome(panics).await, Outcome::Faulty);
    let late = async |alone: &mut Alone| alone.test.add(Box::new(Acts(stuck)));
    assert_eq!(outcome(late).await, Outcome::Faulty);
    let alone = Alone::new(1).await;
    alone.add("stuck", Box::new(Acts(stuck)), false);
    assert_eq!(alone.play(async |_| ()).await.outcome, Outcome::Faulty);
    // A failure that somebody tells is one that can be expected.
    assert_eq!(outcome(async |alone| alone.test.fail("no call")).await, Outcome::Failed);
}

/// Hears first, and looks at the servers before the test begins.
struct Looks {
    diary: Diary,
    finds: Option<&'static str>,
}

impl Component for Looks {
    fn hears_first(&self) -> bool {
        true
    }

    fn booted<'a>(&'a mut self, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            assert_ne!(self.finds, Some("panic"), "this is wrong");
            self.diary.lock().unwrap().push(format!("looked{}", test.asts().len()));
            self.finds.map_or(Ok(()), |it| Err(it.into()))
        })
    }

    fn run(self: Box<Self>, stage: Stage) -> Life {
        Box::new(Notes("first", self.diary)).run(stage)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_all_have_looked_at_the_servers_and_an_object_may_hear_first() {
    for (finds, reason) in [
        (None, "no verdict"),
        (Some("a stray channel"), "looks: a stray channel"),
        (Some("panic"), "looks: it panicked"),
    ] {
        let (alone, diary) = (Alone::new(1).await, Diary::default());
        alone.add("n", Box::new(Notes("n", Arc::clone(&diary))), false);
        alone.add("looks", Box::new(Looks { diary: Arc::clone(&diary), finds }), true);
        let account = alone.begin().await;
        let told = told(&diary);
        let looked = if finds == Some("panic") { "" } else { "looked0 " };
        let begun = "first.started n.started first.connected0 n.connected0 first.stopping";
        assert!(told.starts_with(&format!("{looked}{begun}")), "{told}");
        let reasons = format!("{:?} no verdict", account.reasons);
        assert!(reasons.contains(reason), "{reasons}");
        assert_eq!(account.passed(), finds.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn components_hear_of_the_logins_that_are_asked_for_alone() {
    /// Asks for a number of logins.
    struct Asks(u32);

    impl Watcher for Asks {
        fn needs(&self, needs: &mut Needs) {
            needs.logins(self.0);
        }

        fn see(&mut self, _: &Happening, _: &TestCase) {}
    }

    for (asked, begin) in [
        (0, "n.started n.stopping"),
        (1, "n.started n.connected0 n.stopping"),
        (2, "n.started n.connected0 n.connected1 n.stopping"),
    ] {
        let (alone, diary) = (Alone::new(2).await, Diary::default());
        alone.add("asks", Box::new(Asks(asked)), true);
        alone.add("n", Box::new(Notes("n", Arc::clone(&diary))), false);
        alone.begin().await;
        let told = told(&diary);
        assert!(told.starts_with(begin), "{asked}: {told}");
    }
}

/// A component that cannot be prepared the first time.
struct Hesitates {
    tried: bool,
    diary: Diary,
}

impl Component for Hesitates {
    fn prepare<'a>(&'a mut self, _: &'a mut Setting) -> Step<'a> {
        let first = !std::mem::replace(&mut self.tried, true);
        Box::pin(async move { if first { Err("not yet".into()) } else { Ok(()) } })
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            stage.stopped().await;
            self.diary.lock().unwrap().push("judged".to_owned());
            Ok(())
        })
    }
}

#[tokio::test]
async fn components_stay_when_the_first_boot_cannot_be_prepared() {
    let (alone, diary) = (Alone::new(1).await, Diary::default());
    let hesitates = Hesitates { tried: false, diary: Arc::clone(&diary) };
    alone.add("hesitates", Box::new(hesitates), false);
    let actors = &alone.test.shared.actors;
    let error = actors.prepare(&alone.test, Vec::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "hesitates: not yet");
    actors.prepare(&alone.test, Vec::new()).await.unwrap();
    alone.play(async |_| ()).await;
    assert_eq!(told(&diary), "judged");
}

/// A component that is wrong before the boot, in a call or in what that returns.
struct PanicsEarly(bool);

impl Component for PanicsEarly {
    fn prepare<'a>(&'a mut self, _: &'a mut Setting) -> Step<'a> {
        assert!(!self.0, "at once");
        Box::pin(async { panic!("later") })
    }

    fn run(self: Box<Self>, stage: Stage) -> Life {
        stuck(stage)
    }
}

#[tokio::test]
async fn a_panic_before_the_boot_is_told_by_name() {
    for (at_once, why) in [(true, "at once"), (false, "later")] {
        let alone = Alone::new(1).await;
        alone.add("own.Early", Box::new(PanicsEarly(at_once)), false);
        let prepared = alone.test.shared.actors.prepare(&alone.test, Vec::new()).await;
        assert_eq!(prepared.unwrap_err().to_string(), format!("own.Early: it panicked: {why}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_is_ending_when_it_was_stopped_and_when_its_time_runs_out() {
    for is_stopped in [true, false] {
        let alone = Alone::new(0).await;
        let test = alone.test.clone();
        let account = alone
            .play(async |_| {
                assert!(test.is_ending().now_or_never().is_none());
                if is_stopped {
                    return;
                }
                test.shared.clock.start();
                test.set_timeout(Duration::from_secs(1));
                std::future::pending().await
            })
            .await;
        assert_eq!(account.outcome == Outcome::TimedOut, !is_stopped);
        assert!(test.is_ending().now_or_never().is_some());
        assert_eq!(test.was_stopped(), is_stopped);
    }
}

#[tokio::test]
async fn a_component_that_comes_late_fails_the_test() {
    let (alone, diary) = (Alone::new(1).await, Diary::default());
    let test = alone.test.clone();
    let account = alone.play(async |_| test.add(Box::new(Notes("n", Arc::clone(&diary))))).await;
    assert!(account.reasons[0].what.ends_with("Notes was added when the servers had been booted"));
    assert_eq!(told(&diary), "");
}

#[test]
fn a_test_is_as_heavy_as_its_servers_and_processes() {
    let mut needs = Needs::default();
    assert_eq!((needs.weight(), needs.server_count()), (Weight::of_servers(1), 1));
    needs.servers(2);
    needs.servers(1);
    needs.processes(1);
    needs.processes(2);
    assert_eq!((needs.weight(), needs.server_count()), (Weight::of_processes(11), 2));
}

#[tokio::test]
async fn calls_are_open_until_their_hangup_and_their_records_until_the_last_one() {
    let alone = Alone::new(1).await;
    let told = alone.ast(1).calls_told();
    let open = || (!told.borrow().are_over(), !told.borrow().are_recorded());
    for (event, expected) in [
        ("Event: Newchannel\nUniqueid: 1", (true, false)),
        ("Event: CEL\nEventName: CHAN_START\nLinkedID: 1", (true, true)),
        ("Event: CEL\nEventName: LINKEDID_END\nLinkedID: 2", (true, true)),
        ("Event: Hangup\nUniqueid: 1", (false, true)),
        ("Event: CEL\nEventName: LINKEDID_END\nLinkedID: 1", (false, false)),
        ("Event: CEL\nEventName: CHAN_START\nLinkedID: 3", (false, true)),
        // No call: it stays until the server ends.
        ("Event: Newchannel\nChannel: Message/ast_msg_queue\nUniqueid: 4", (false, true)),
    ] {
        let message = ami::Message::parse(event).unwrap();
        alone.ast(1).follow_calls(&ami::Event::from_message(message).unwrap());
        assert_eq!(open(), expected, "{event}");
    }
    alone.ast(1).forget_calls();
    assert_eq!(open(), (false, false));
}
