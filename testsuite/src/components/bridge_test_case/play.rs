//! The course of a test with a bridge: run after run, and in each feature after feature.

use std::time::Duration;

use ami::{Action, Event};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::case::{Ast, Failure, Happening, Stage, TestCase};
use crate::components::bridge_test_case::channels::Channels;
use crate::components::bridge_test_case::{Feature, Party, Run};
use crate::components::originate;
use crate::files::Id;
use crate::job::Reason;
use crate::matching::Fields;

/// The time before and after a digit. The server loses digits that follow faster.
const PRESS: Duration = Duration::from_millis(250);

/// The sound that the parties exchange, below the suite's folder.
const AUDIO: &str = "lib/python/asterisk/audio";

/// The place of Bob's server where he waits for features.
const HOLDING: [(&str, &str); 3] = [("Context", "holding"), ("Exten", "s"), ("Priority", "1")];

/// Returns the sentence that tells why a server has none of the features of its `features.conf`: it
/// gives up the whole file for an option that it does not know, such as `automon` since 22.
fn refusal(unit: &Ast) -> Option<String> {
    const REFUSED: &str = "In features.conf: ";
    let errors = unit.boot_errors();
    let at = errors.iter().position(|line| line.contains(REFUSED))?;
    // The line before has the option.
    let why = at.checked_sub(1).and_then(|at| errors[at].split_once("config_options.c: "));
    let why = why.map_or(&*errors[at], |(_, why)| why);
    Some(format!("the server under test refused its features.conf: {why}"))
}

/// The step of a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// The parties are called, bridged, and hear each other.
    Audio,
    /// Both heard each other, and not all channels are known.
    Channels,
    /// The feature of this number is tried.
    Feature(usize),
    /// All features were tried, and the calls are to end.
    End,
}

/// The test while it runs.
pub(super) struct Play {
    runs: Vec<Run>,
    stage: Stage,
    test: TestCase,
    /// The logins to the server under test, Alice's and Bob's.
    asts: [Option<Ast>; 3],
    /// The run that is under way, from 0; none before the logins.
    at: Option<usize>,
    step: Step,
    channels: Channels,
    /// The party who hangs up when Bob enters the bridge again.
    hangs_up: Option<Party>,
    /// Set if no more is to come: all runs are over, or the test was given up.
    is_over: bool,
    /// Alice's call was refused, which has failed and ended the test.
    is_refused: CancellationToken,
}

impl Play {
    pub(super) fn new(runs: Vec<Run>, stage: Stage) -> Self {
        let test = stage.test().clone();
        Self {
            runs,
            stage,
            test,
            asts: [None, None, None],
            at: None,
            step: Step::Audio,
            channels: Channels::default(),
            hangs_up: None,
            is_over: false,
            is_refused: CancellationToken::new(),
        }
    }

    pub(super) async fn run(mut self) -> Result<(), Failure> {
        while let Some(happening) = self.stage.next().await {
            match happening {
                Happening::Connected(ast) => self.connected(ast),
                Happening::Event(ast, event) if self.at.is_some() && !self.is_over => {
                    self.take(&ast, &event).await?;
                }
                // No run can go on now. A test that has failed does not wait for its calls.
                Happening::Stopping(_) => self.judge(),
                _ => {}
            }
        }
        Ok(())
    }

    fn connected(&mut self, ast: Ast) {
        let at = usize::try_from(ast.number() - 1).unwrap_or(usize::MAX);
        if let Some(slot) = self.asts.get_mut(at) {
            *slot = Some(ast);
        }
        if self.at.is_some() || self.is_over {
            return;
        }
        if let [Some(unit), Some(_), Some(_)] = &self.asts {
            let has_features = self.runs.iter().any(|run| !run.features.is_empty());
            match has_features.then(|| refusal(unit)).flatten() {
                None => self.begin(0),
                Some(refusal) => {
                    self.is_over = true;
                    self.test.fail(refusal);
                    self.test.stop();
                }
            }
        }
    }

    /// The login to a party's server, or with `None` to the one under test. There are all three
    /// when a run is under way.
    fn ast(&self, party: Option<Party>) -> Result<Ast, Failure> {
        let id = party.map_or_else(Id::default, Party::id);
        let ast = self.asts.iter().flatten().find(|ast| ast.id() == id);
        ast.cloned().ok_or_else(|| format!("there is no login to server {id}").into())
    }

    /// Begins a run: Alice calls.
    fn begin(&mut self, at: usize) {
        self.test.reset_timeout();
        self.at = Some(at);
        self.step = Step::Audio;
        self.channels = Channels::default();
        self.hangs_up = None;
        let (Some(run), Ok(alice)) = (self.runs.get(at), self.ast(Some(Party::Alice))) else {
            return;
        };
        self.test.print(format!("run {} of {}: {}", at + 1, self.runs.len(), run.originate));
        let audio = self.test.suite().join(AUDIO).display().to_string();
        let call = Action::new("Originate")
            .field("Channel", &run.originate)
            .field("Context", "default")
            .field("Exten", "test_call")
            .field("Priority", "1")
            .field("Variable", format!("TALK_AUDIO={audio}"));
        let (test, channel) = (self.test.clone(), run.originate.clone());
        let (place, is_refused) = (self.place(), self.is_refused.clone());
        self.test.spawn(async move {
            let call = alice.ami().call(call).timeout(originate::LIMIT);
            if let Err(error) = call.await
                && error.fault() != ami::Fault::Link
            {
                let error = anyhow::Error::from(error);
                is_refused.cancel();
                test.fail(format!("{place}: originating {channel}: {error:#}"));
                test.stop();
            }
        });
    }

    async fn take(&mut self, ast: &Ast, event: &Event) -> Result<(), Failure> {
        let party = [Party::Alice, Party::Bob].into_iter().find(|it| it.id() == ast.id());
        match party {
            Some(party) => self.take_of_party(party, event),
            None if ast.id() == Id::default() => self.take_of_unit(event).await?,
            None => return Ok(()),
        }
        // What the servers tell comes in no order between them.
        if self.step == Step::Channels
            && let Some([alice, bob]) = self.channels.units()
        {
            self.check_identities(&alice, &bob).await?;
            self.try_feature(0).await?;
        }
        if self.channels.are_over() {
            self.next_run();
        }
        Ok(())
    }

    fn take_of_party(&mut self, party: Party, event: &Event) {
        let text = |name: &str| event.field(name).unwrap_or_default();
        if event.is("Hangup") {
            self.channels.own_hangup(party, event);
        } else if event.is("UserEvent") && text("UserEvent") == "Connected" {
            self.channels.connected(party, event);
        } else if event.is("UserEvent")
            && text("UserEvent") == "TalkDetect"
            && self.step == Step::Audio
        {
            if text("Result") == "pass" {
                self.step = Step::Channels;
            } else {
                let name = party.name();
                self.fail(&format!("{name} did not hear the other: TalkDetect says fail"));
                self.is_over = true;
                self.test.stop();
            }
        }
    }

    async fn take_of_unit(&mut self, event: &Event) -> Result<(), Failure> {
        let has_bob_entered = self.channels.unit_event(event);
        if has_bob_entered && let Some(party) = self.hangs_up.take() {
            self.hang_up(party).await?;
        }
        let text = |name: &str| event.field(name).unwrap_or_default();
        if let Step::Feature(at) = self.step
            && event.is("TestEvent")
            && text("State") == "FEATURE_DETECTION"
        {
            self.judge_feature(at, &text("Result"), &text("Feature"));
            self.try_feature(at + 1).await?;
        }
        Ok(())
    }

    /// Checks to whom the server under test says that the parties are connected, and has Bob wait
    /// where he can press digits.
    async fn check_identities(&mut self, alice: &str, bob: &str) -> Result<(), Failure> {
        let unit = self.ast(None)?;
        let of = [(Party::Alice, alice, bob), (Party::Bob, bob, alice)];
        for (party, channel, peer) in of {
            for (variable, expected) in
                [("CONNECTEDLINE(all)", party.other().identity()), ("BRIDGEPEER", peer)]
            {
                let found = unit.ami().variable(channel, variable).await;
                let found = found.unwrap_or_else(|error| format!("({error:#})"));
                if found != expected {
                    let name = party.name();
                    self.fail(&format!(
                        "{variable} of {name}'s channel is {found:?}, expected {expected:?}"
                    ));
                }
            }
        }
        let own = self.channels.own(Party::Bob).unwrap_or_default();
        let redirect = Action::new("Redirect").field("Channel", own);
        let redirect = HOLDING.iter().fold(redirect, |it, (name, value)| it.field(name, *value));
        if let Err(error) = self.ast(Some(Party::Bob))?.ami().call(redirect).await {
            self.note(&format!("Bob cannot wait in holding: {error:#}"));
        }
        Ok(())
    }

    /// Presses the digits of a feature, or ends the calls if all were tried.
    async fn try_feature(&mut self, at: usize) -> Result<(), Failure> {
        self.test.reset_timeout();
        let Some(feature) = self.feature(at) else {
            return self.end_calls().await;
        };
        let (who, digits) = (feature.who, feature.digits().collect::<Vec<_>>());
        self.test.print(format!("{} presses {}", who.name(), digits.iter().collect::<String>()));
        self.step = Step::Feature(at);
        let own = self.channels.own(who).unwrap_or_default().to_owned();
        let ast = self.ast(Some(who))?;
        for digit in digits {
            sleep(PRESS).await;
            let press = Action::new("PlayDTMF").field("Channel", &own);
            let pressed = ast.ami().call(press.field("Digit", digit.to_string())).await;
            if let Err(error) = pressed {
                self.note(&format!("{} cannot press {digit}: {error:#}", who.name()));
            }
            sleep(PRESS).await;
        }
        Ok(())
    }

    fn judge_feature(&self, at: usize, result: &str, found: &str) {
        let Some(feature) = self.feature(at) else {
            return;
        };
        let Feature { who, what, detected, .. } = feature;
        let (who, is_success) = (who.name(), result == "success");
        if !*detected && is_success {
            self.fail(&format!(
                "{who}'s {what} was detected as {found:?}, expected that it is not"
            ));
        } else if *detected && !is_success {
            self.fail(&format!("{who}'s {what} was not detected: the result is {result:?}"));
        } else if *detected && found != *what {
            self.fail(&format!("{who}'s {what} was detected as {found:?}"));
        }
    }

    /// Tells the dialplan that all features were tried, and has the party hang up who is to do so.
    async fn end_calls(&mut self) -> Result<(), Failure> {
        self.step = Step::End;
        let told = Action::new("UserEvent").field("UserEvent", "features_executed");
        if let Err(error) = self.ast(None)?.ami().call(told).await {
            self.note(&format!("features_executed: {error:#}"));
        }
        match self.now().and_then(|run| run.hangup) {
            Some(party) if self.channels.are_bridged() => self.hang_up(party).await,
            // The call of the parties may have been transferred, and comes back.
            hangup => {
                self.hangs_up = hangup;
                Ok(())
            }
        }
    }

    async fn hang_up(&self, party: Party) -> Result<(), Failure> {
        let own = self.channels.own(party).unwrap_or_default();
        let hangup = Action::new("Hangup").field("Channel", own);
        if let Err(error) = self.ast(Some(party))?.ami().call(hangup).await {
            self.note(&format!("{} cannot hang up: {error:#}", party.name()));
        }
        Ok(())
    }

    fn next_run(&mut self) {
        if self.step != Step::End {
            self.fail("all channels have hung up before all features were tried");
        }
        let next = self.at.map_or(0, |at| at + 1);
        if next < self.runs.len() {
            return self.begin(next);
        }
        self.is_over = true;
        self.test.set_passed(true);
        self.test.stop();
    }

    /// Fails the test if it ends before all runs are over.
    fn judge(&mut self) {
        if std::mem::replace(&mut self.is_over, true) || self.is_refused.is_cancelled() {
            return;
        }
        let awaited = match (self.at, self.step) {
            (None, _) => "the logins to the three servers",
            (_, Step::Audio) => "the UserEvent TalkDetect of a party",
            (_, Step::Channels) => "all four channels to be known",
            (_, Step::Feature(_)) => "the TestEvent FEATURE_DETECTION of the server under test",
            (_, Step::End) => "the hangup of all four channels",
        };
        let what = format!("{}: it ended while it waited for {awaited}", self.place());
        self.test.fail_with(Reason { what, details: self.channels.told() });
    }

    fn now(&self) -> Option<&Run> {
        self.runs.get(self.at?)
    }

    fn feature(&self, at: usize) -> Option<&Feature> {
        self.now()?.features.get(at)
    }

    /// The run and the feature, for people.
    fn place(&self) -> String {
        let run = format!("run {} of {}", self.at.unwrap_or(0) + 1, self.runs.len());
        let Step::Feature(at) = self.step else {
            return run;
        };
        let count = self.now().map_or(0, |run| run.features.len());
        let feature = self.feature(at).map(|it| format!("{} {}", it.who.name(), it.what));
        format!("{run}, feature {} of {count} ({})", at + 1, feature.unwrap_or_default())
    }

    fn fail(&self, what: &str) {
        let what = format!("{}: {what}", self.place());
        self.test.fail_with(Reason { what, details: self.channels.told() });
    }

    fn note(&self, what: &str) {
        self.test.note(format!("{}: {what}", self.place()));
    }
}
