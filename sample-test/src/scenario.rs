//! The test itself: originate, watch the dialplan, wait for its verdict.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::time::Duration;

use ami::{Error, Event, Fault, Filter, Item, Originate};
use instance::Instance;
use tokio::time::{Instant, sleep_until};

use crate::report::Report;

/// The end of the test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Passed,
    Failed(String),
}

/// The time that the events of a call that failed may still be on their way: inside the server they
/// go another way than the word that it failed, which may overtake them.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// Calls `Local/s@default` and watches until the dialplan says how it went.
pub(crate) async fn run(instance: &Instance, report: &Report, timeout: Duration) -> Verdict {
    // Subscribed before anything can happen.
    let mut events = instance.ami().subscribe(Filter::all());
    report.say("originating Local/s@default: the monkeys are told to rise up");
    let originate = Originate::to_application("Local/s@default", "Echo", "").timeout(timeout);
    let mut originated = pin!(instance.ami().originate(originate));
    let mut outcome = None;
    let mut dialplan = Dialplan::default();
    let mut deadline = Instant::now() + timeout;
    loop {
        tokio::select! {
            item = events.next() => match item {
                Some(Item::Event(event)) => {
                    report.detail(&format!("{event:?}"));
                    if let Some(verdict) = dialplan.follow(&event, report) {
                        return verdict;
                    }
                }
                Some(missed) => report.say(&format!("events are missing here: {missed:?}")),
                None => return disconnected(instance).await,
            },
            result = &mut originated, if outcome.is_none() => {
                match &result {
                    Ok(call) => report.say(&format!("originated: {} answered", call.channel())),
                    // The dialplan may have had its say before.
                    Err(Error::Originate { .. }) => deadline = deadline.min(Instant::now() + STRAGGLERS),
                    // The end of the connection is told above, with its reason.
                    Err(error) if error.fault() == Fault::Link => {}
                    Err(error) => return Verdict::Failed(format!("Local/s@default: {error:#}")),
                }
                outcome = Some(result);
            }
            () = sleep_until(deadline) => {
                // What came in time counts, also if this task was late.
                while let Ok(Some(Item::Event(event))) = now(events.next()).await {
                    if let Some(verdict) = dialplan.follow(&event, report) {
                        return verdict;
                    }
                }
                return Verdict::Failed(match outcome {
                    Some(Err(error)) => format!("Local/s@default: {error:#}"),
                    _ => format!(
                        "no UserEvent TestResult within {} s; the last step was {}",
                        timeout.as_secs_f64(),
                        dialplan.last,
                    ),
                });
            }
        }
        if let Some(Err(error)) = &outcome
            && dialplan.is_over()
        {
            return Verdict::Failed(format!("Local/s@default: {error:#}"));
        }
    }
}

/// The output of a future that is ready without waiting.
async fn now<F: Future>(future: F) -> Result<F::Output, tokio::time::error::Elapsed> {
    tokio::time::timeout(Duration::ZERO, future).await
}

/// The connection has ended: why?
async fn disconnected(instance: &Instance) -> Verdict {
    let reason = instance.ami().ended().await;
    let exited = tokio::time::timeout(Duration::from_secs(1), instance.exited()).await;
    Verdict::Failed(match exited {
        Ok(status) => format!("Asterisk ended in the middle of the test ({status})"),
        Err(_) => format!("the connection to Asterisk ended: {reason:#}"),
    })
}

/// The steps that the dialplan has done so far.
struct Dialplan {
    last: String,
    /// The sound that each channel is playing.
    playing: HashMap<String, String>,
    /// The channels that are up; nothing before there was one.
    channels: Option<HashSet<String>>,
}

impl Default for Dialplan {
    fn default() -> Self {
        let last = "none: the dialplan was never entered".to_owned();
        Self { last, playing: HashMap::new(), channels: None }
    }
}

impl Dialplan {
    fn follow(&mut self, event: &Event, report: &Report) -> Option<Verdict> {
        let field = |name| event.text(name).unwrap_or_default();
        if event.is("Newexten") {
            let (application, data) = (field("Application"), field("AppData"));
            let step = format!(
                "{},{},{} {application}({data})",
                field("Context"),
                field("Extension"),
                field("Priority")
            );
            report.say(&step);
            report.waiting(&step);
            self.last = step;
            if application.eq_ignore_ascii_case("Playback") {
                self.playing.insert(field("Channel").into_owned(), data.into_owned());
            }
        } else if event.is("Newchannel") {
            self.channels.get_or_insert_default().insert(field("Uniqueid").into_owned());
        } else if event.is("Hangup") {
            self.channels.get_or_insert_default().remove(&*field("Uniqueid"));
        } else if event.is("VarSet") && field("Variable") == "PLAYBACKSTATUS" {
            return self.played(&field("Channel"), &field("Value"), report);
        } else if event.is("UserEvent") && field("UserEvent") == "TestResult" {
            return Some(match &*field("result") {
                "pass" => self.passed(report),
                other => Verdict::Failed(format!("the dialplan says: result:{other}")),
            });
        }
        None
    }

    /// Returns whether there were channels and all are gone, so that nothing more can come.
    fn is_over(&self) -> bool {
        self.channels.as_ref().is_some_and(HashSet::is_empty)
    }

    /// `Playback` goes on in the dialplan also without its file.
    fn played(&mut self, channel: &str, status: &str, report: &Report) -> Option<Verdict> {
        let sound = self.playing.remove(channel).unwrap_or_default();
        if status == "SUCCESS" {
            report.say(&format!("played {sound} to its end"));
            return None;
        }
        Some(Verdict::Failed(format!(
            "Playback({sound}) did not play its sound (PLAYBACKSTATUS is {status}): is the file there, and the module of its format?"
        )))
    }

    fn passed(&self, report: &Report) -> Verdict {
        if let Some(sound) = self.playing.values().next() {
            return Verdict::Failed(format!(
                "the dialplan says pass, but nothing says that {sound} was played"
            ));
        }
        report.say("the dialplan says pass: monkeys detected");
        Verdict::Passed
    }
}
