//! A scenario: channels, events with their actions, and the results that the actions have to set.

use std::pin::Pin;
use std::time::Duration;

use ami::{Action, Event, Fault};
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use super::actions::{self, Half, Media, What};
use super::channels::Channel;
use super::events::Trigger;
use crate::case::{Ast, TestCase};
use crate::files::Node;
use crate::job::Reason;
use crate::matching::Fields;

/// The time that the server may take to answer an action. A call is answered when the channel is,
/// and whatever is sent meanwhile has to wait for that.
const ANSWER: Duration = Duration::from_secs(3_600);

/// Delays and answers of the server that are awaited.
pub(super) type Pending = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>;

/// Something that was awaited.
pub(super) enum Done {
    /// The delay of a channel's call, in a scenario.
    CallDelay { scenario: usize, channel: usize },
    /// The delay of a step.
    StepDelay { scenario: usize, trigger: usize },
    /// The answer to a variable that was set.
    Set { scenario: usize, trigger: usize, answer: Result<(), ami::Error> },
    /// The answer to an action that nothing waits for.
    Answered { what: String, answer: Result<(), ami::Error> },
}

/// The connection of a scenario, and what it waits for.
pub(super) struct Link<'a> {
    pub(super) ast: &'a Ast,
    pub(super) test: &'a TestCase,
    pub(super) pending: &'a Pending,
}

impl Link<'_> {
    fn wait(&self, delay: Duration, done: Done) {
        self.pending.push(Box::pin(async move {
            sleep(delay).await;
            done
        }));
    }

    /// Sends an action whose answer matters to no action after it.
    fn send(&self, what: String, action: Action) {
        let call = self.ast.ami().call(action).timeout(ANSWER);
        self.pending
            .push(Box::pin(async { Done::Answered { what, answer: call.await.map(drop) } }));
    }

    /// Sends an action that may be answered with a list: its items are events like others.
    fn send_for_list(&self, what: String, action: Action) {
        let list = self.ast.ami().list(action).also_to_subscribers().timeout(ANSWER);
        self.pending.push(Box::pin(async {
            let answer = list.collect().await.map(drop).map_err(|error| error.error);
            Done::Answered { what, answer }
        }));
    }
}

/// Returns whether the server refused something. A connection that ends before an answer comes is
/// no refusal.
pub(super) fn is_refusal(error: &ami::Error) -> bool {
    error.fault() != Fault::Link && !matches!(error, ami::Error::Disconnected { .. })
}

/// A scenario, before and while it is played.
pub(super) struct Scenario {
    place: Node,
    /// The place among all, from 0, and their number.
    at: usize,
    of: usize,
    channels: Vec<Channel>,
    /// The events of no channel, then those of each channel.
    triggers: Vec<Trigger>,
    results: Vec<Expected>,
    /// Actions that were left out, and why.
    left_out: Vec<String>,
    is_over: bool,
}

/// A result that some action has to set.
struct Expected {
    text: String,
    is_set: bool,
}

/// The progress of a step.
enum Progress {
    Done,
    /// The server has to answer first.
    Awaited,
}

impl Scenario {
    pub(super) fn new(
        place: Node,
        (at, of): (usize, usize),
        channels: Vec<Channel>,
        triggers: Vec<Trigger>,
        results: Vec<String>,
    ) -> Self {
        let results = results.into_iter().map(|text| Expected { text, is_set: false }).collect();
        Self { place, at, of, channels, triggers, results, left_out: Vec::new(), is_over: false }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Makes the calls with which the scenario begins.
    pub(super) fn begin(&mut self, link: &Link<'_>) {
        link.test.print(format!("{} begins", self.name()));
        link.test.reset_timeout();
        self.triggers.iter_mut().for_each(|it| it.connect(link.ast));
        for channel in 0..self.channels.len() {
            let Channel { starts_by_itself, delay, .. } = self.channels[channel];
            if starts_by_itself && delay.is_zero() {
                self.call(channel, link);
            } else if starts_by_itself {
                link.wait(delay, Done::CallDelay { scenario: self.at, channel });
            }
        }
    }

    /// Counts an event, without effect. Returns which descriptions it matches.
    pub(super) fn count(&mut self, ast: &Ast, event: &Event) -> Vec<bool> {
        self.triggers.iter_mut().map(|it| it.matches(ast, event)).collect()
    }

    /// Takes an event: the events of no channel see it first, then those of each channel and the
    /// channel itself.
    pub(super) fn see(&mut self, event: &Event, link: &Link<'_>) {
        let matching = self.count(link.ast, event);
        self.trigger(None, &matching, event, link);
        for channel in 0..self.channels.len() {
            self.trigger(Some(channel), &matching, event, link);
            self.channels[channel].see(event);
        }
    }

    /// Begins the actions of an event, if it belongs to the channel.
    fn trigger(&mut self, own: Option<usize>, matching: &[bool], event: &Event, link: &Link<'_>) {
        for (at, _) in matching.iter().enumerate().filter(|(_, matches)| **matches) {
            if self.is_over {
                return;
            }
            if self.triggers[at].own != own {
                continue;
            }
            let channel = own.map(|channel| &self.channels[channel]);
            let is_own = channel.zip(event.field("Channel")).is_none_or(|(it, of)| it.owns(&of));
            if self.triggers[at].take(event, is_own) {
                self.advance(at, link);
            }
        }
    }

    /// Goes on after something that was awaited.
    pub(super) fn resume(&mut self, done: Done, link: &Link<'_>) {
        match done {
            Done::CallDelay { channel, .. } => self.call(channel, link),
            Done::StepDelay { trigger, .. } => {
                self.triggers[trigger].end_delay();
                self.advance(trigger, link);
            }
            Done::Set { trigger, answer: Ok(()), .. } => {
                if let Some(What::Play { channel, media, value }) = self.what(trigger) {
                    self.channels[channel].remember(media, value);
                    self.redirect(trigger, channel, Some(media), link);
                }
                self.triggers[trigger].end_step();
                self.advance(trigger, link);
            }
            Done::Set { trigger, answer: Err(error), .. } => {
                self.triggers[trigger].refuse(format!("{error:#}"));
            }
            Done::Answered { .. } => {}
        }
    }

    /// Does the actions of an event, as far as they have to wait for nothing.
    fn advance(&mut self, at: usize, link: &Link<'_>) {
        while let Some(step) = self.triggers[at].step() {
            if !self.triggers[at].is_due() {
                let done = Done::StepDelay { scenario: self.at, trigger: at };
                link.wait(step.delay, done);
                return;
            }
            match self.perform(at, step.what.clone(), link) {
                Progress::Done => self.triggers[at].end_step(),
                Progress::Awaited => return,
            }
        }
        let trigger = &mut self.triggers[at];
        trigger.finish();
        self.is_over = trigger.is_unexpected() || self.is_done();
    }

    fn perform(&mut self, at: usize, what: What, link: &Link<'_>) -> Progress {
        match what {
            What::Call(channel) => self.call(channel, link),
            What::CallUnknown(id) => {
                let what = self.leave_out(at, &format!("the scenario has no channel with id {id}"));
                link.test.note(what);
            }
            What::Play { channel, media, value } => {
                return self.play(at, channel, (media, &value), link);
            }
            What::Hangup(channel) => self.redirect(at, channel, None, link),
            What::Expected(result) => {
                self.results[result].is_set = true;
                link.test.print(format!("{}: {}", self.name(), self.results[result].text));
                link.test.reset_timeout();
            }
            What::Fail(message) => self.fail(at, message, link.test),
            What::Send { action, fields, to } => self.send(at, (&action, &fields), to, link),
        }
        Progress::Done
    }

    fn call(&mut self, channel: usize, link: &Link<'_>) {
        let channel = &mut self.channels[channel];
        link.test.print(format!("originating {}", channel.name));
        link.send(format!("the call of {} to {}", channel.id, channel.name), channel.start());
    }

    /// Has the controller of a channel play something to the application.
    fn play(
        &mut self,
        at: usize,
        channel: usize,
        (media, value): (Media, &str),
        link: &Link<'_>,
    ) -> Progress {
        let Some(set) = self.channels[channel].set(media, value) else {
            self.redirect(at, channel, Some(media), link);
            return Progress::Done;
        };
        let call = link.ast.ami().call(set).timeout(ANSWER);
        let scenario = self.at;
        link.pending.push(Box::pin(async move {
            Done::Set { scenario, trigger: at, answer: call.await.map(drop) }
        }));
        Progress::Awaited
    }

    fn redirect(&mut self, at: usize, channel: usize, media: Option<Media>, link: &Link<'_>) {
        let it = &self.channels[channel];
        match it.redirect(media) {
            Ok(redirect) => {
                let what = self.action(at, &format!("the redirect of {}", it.id));
                link.send(what, redirect);
            }
            Err(why) => {
                let why = format!("channel {}: {why}", it.id);
                self.leave_out(at, &why);
            }
        }
    }

    fn send(
        &mut self,
        at: usize,
        (action, fields): (&str, &[(String, String)]),
        to: Option<(usize, Half)>,
        link: &Link<'_>,
    ) {
        let half = to.map(|(channel, half)| {
            let it = &self.channels[channel];
            let name = match half {
                Half::App => it.app(),
                Half::Controller => it.controller(),
            };
            name.ok_or_else(|| format!("channel {}: its halves are not known", it.id))
        });
        match half.transpose() {
            Ok(name) => {
                let message = actions::message(action, fields, name);
                link.send_for_list(self.action(at, action), message);
            }
            Err(why) => {
                self.leave_out(at, &why);
            }
        }
    }

    fn fail(&self, at: usize, message: Option<String>, test: &TestCase) {
        let trigger = &self.triggers[at];
        let message = message.unwrap_or_else(|| "an event came that must not".to_owned());
        let place = trigger.step().map_or(&self.place, |step| &step.place);
        let what = place.error(format!("{message} ({})", self.name())).to_string();
        test.fail_with(Reason { what, details: vec![trigger.summary().to_owned()] });
    }

    /// Takes note of an action that is left out, and returns that note.
    fn leave_out(&mut self, at: usize, why: &str) -> String {
        let note = format!("{} is left out: {why}", self.action(at, "the action"));
        self.left_out.push(note.clone());
        note
    }

    /// A text about the step of an event that is under way, with its place.
    fn action(&self, at: usize, what: &str) -> String {
        match self.triggers[at].step() {
            Some(step) => step.place.error(format!("{}: {what}", step.action)).to_string(),
            None => what.to_owned(),
        }
    }

    fn what(&self, at: usize) -> Option<What> {
        self.triggers[at].step().map(|step| step.what.clone())
    }

    /// Returns whether all results are set and all events came that have to.
    fn is_done(&self) -> bool {
        let is_run = |it: &Trigger| it.has_run() || it.is_unexpected();
        self.results.iter().all(|it| it.is_set) && self.triggers.iter().all(is_run)
    }

    /// Judges the scenario by its results.
    pub(super) fn judge(&mut self, test: &TestCase) {
        let missing: Vec<_> = self.results.iter().filter(|it| !it.is_set).collect();
        if missing.is_empty() {
            if !self.is_over && !self.is_done() {
                let open = self.open().join("; ");
                test.note(format!("{} has all results, and did not end: {open}", self.name()));
            }
            test.set_passed(true);
        } else {
            let missing: Vec<_> = missing.iter().map(|it| format!("{:?}", it.text)).collect();
            let what = format!("{}: results missing: {}", self.name(), missing.join(", "));
            let mut details = self.open();
            details.extend(self.channels.iter().map(Channel::told));
            details.append(&mut self.left_out);
            test.fail_with(Reason { what: self.place.error(what).to_string(), details });
        }
        self.is_over = true;
    }

    /// The events that have to come and whose actions are not done.
    fn open(&self) -> Vec<String> {
        let open = self.triggers.iter().filter(|it| !it.is_unexpected());
        open.flat_map(Trigger::open).collect()
    }

    /// Judges how often the events came.
    pub(super) fn judge_counts(&self, test: &TestCase) {
        self.triggers.iter().for_each(|it| it.judge(test));
    }

    pub(super) fn name(&self) -> String {
        format!("scenario {} of {}", self.at + 1, self.of)
    }
}
