//! `bridge_test_case.BridgeTestCase`: two parties, each on a server of its own, who are bridged by
//! the server under test, hear each other, and press the digits of features.

mod channels;
mod play;

use instance::Builder;

use crate::case::{Component, Life, Needs, Setting, Stage, Step};
use crate::components::Kind;
use crate::components::bridge_test_case::play::Play;
use crate::files::{ConfigError, Id, Section};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["bridge_test_case.BridgeTestCase"], page: include_str!("page.md"), build };

/// The folder of the suite with the configuration of the three servers.
const CONFIGS: &str = "configs/bridge";

/// The digits of features, as the configuration of the server under test maps them.
const FEATURES: [(&str, char); 8] = [
    ("blindxfer", '1'),
    ("atxfer", '2'),
    ("disconnect", '3'),
    ("automon", '4'),
    ("automixmon", '5'),
    ("parkcall", '6'),
    ("atxferthreeway", '7'),
    ("unknown", '8'),
];

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let Some(runs) = section.part("test-runs", "test-runs have") else {
        return Err(section.error("expected `test-runs:`"));
    };
    runs.node().expect_items("test-runs")?;
    let runs = runs.items("a run has").iter().map(Run::read).collect::<Result<Vec<_>, _>>()?;
    if runs.is_empty() {
        return Err(section.error("expected at least one run in `test-runs:`"));
    }
    let servers = section.count("asterisk-instances")?.unwrap_or(3);
    let servers = u32::try_from(servers).ok().filter(|servers| (3..=64).contains(servers));
    let Some(servers) = servers else {
        return Err(section.error("asterisk-instances: expected three or more servers"));
    };
    Ok(Box::new(BridgeTestCase { runs, servers }))
}

/// The object of the test.
struct BridgeTestCase {
    runs: Vec<Run>,
    servers: u32,
}

/// A party of the call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Party {
    Alice,
    Bob,
}

/// A call from Alice to Bob, and what they do in it.
struct Run {
    originate: String,
    /// The party who hangs up when all features were tried.
    hangup: Option<Party>,
    features: Vec<Feature>,
}

/// The digits that a party presses, and what has to become of them.
struct Feature {
    who: Party,
    what: &'static str,
    digit: char,
    /// Set if the server has to detect the feature.
    detected: bool,
    /// The digits that follow a transfer's.
    exten: String,
}

impl Party {
    fn read(section: &Section, key: &str) -> Result<Option<Self>, ConfigError> {
        match section.text(key)? {
            None => Ok(None),
            Some("alice") => Ok(Some(Self::Alice)),
            Some("bob") => Ok(Some(Self::Bob)),
            Some(other) => Err(section.error(format!("{key} is {other:?}; expected alice or bob"))),
        }
    }

    /// The connection of the party's own server.
    fn id(self) -> Id {
        Id::of(match self {
            Self::Alice => 2,
            Self::Bob => 3,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Alice => "Alice",
            Self::Bob => "Bob",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Alice => Self::Bob,
            Self::Bob => Self::Alice,
        }
    }

    /// The identity that the other party's channel has to be connected to.
    fn identity(self) -> &'static str {
        match self {
            Self::Alice => "\"Alice\" <1234>",
            Self::Bob => "\"Bob\" <4321>",
        }
    }
}

impl Run {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let features = match section.part("features", "features have") {
            None => Vec::new(),
            Some(list) => {
                list.node().expect_items("features")?;
                list.items("a feature has").iter().map(Feature::read).collect::<Result<_, _>>()?
            }
        };
        Ok(Self {
            originate: section.expect_text("originate_channel")?.to_owned(),
            hangup: Party::read(section, "hangup")?,
            features,
        })
    }
}

impl Feature {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let Some(who) = Party::read(section, "who")? else {
            return Err(section.error("expected `who: alice` or `who: bob`"));
        };
        let name = section.expect_text("what")?;
        let Some(&(what, digit)) = FEATURES.iter().find(|(what, _)| *what == name) else {
            let known = FEATURES.map(|(what, _)| what).join(", ");
            return Err(section.error(format!("what is {name:?}; expected one of {known}")));
        };
        // Anything but this very text expects that the server does not detect the feature.
        let detected = section.text("success")? == Some("true");
        let exten = section.text("exten")?.unwrap_or_default().to_owned();
        Ok(Self { who, what, digit, detected, exten })
    }

    /// The digits to press.
    fn digits(&self) -> impl Iterator<Item = char> + '_ {
        let is_transfer = matches!(self.what, "blindxfer" | "atxfer");
        let exten = if is_transfer { &*self.exten } else { "" };
        std::iter::once(self.digit).chain(exten.chars())
    }
}

impl Component for BridgeTestCase {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(self.servers);
        needs.configs(CONFIGS);
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        Box::pin(async move {
            // On old servers the module listens on port 5060 of all addresses, which the PJSIP of
            // each server needs for its own.
            let has_sip = self.runs.iter().any(|run| run.originate.starts_with("SIP/"));
            for number in (1..=self.servers).filter(|_| !has_sip) {
                let noload = |it: Builder| it.append("modules.conf", "noload => chan_sip.so\n");
                setting.change(Id::of(number), noload)?;
            }
            Ok(())
        })
    }

    fn run(self: Box<Self>, stage: Stage) -> Life {
        Box::pin(Play::new(self.runs, stage).run())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};

    #[test]
    fn a_mistake_in_a_run_or_feature_is_told_with_its_place() {
        let run = |run: &str| format!("test-runs:\n  - {{originate_channel: X, {run}}}");
        for (yaml, told) in [
            ("{}".to_owned(), "expected `test-runs:`"),
            ("test-runs: []".to_owned(), "expected at least one run"),
            ("test-runs: [{hangup: bob}]".to_owned(), "expected `originate_channel:`"),
            (run("hangup: Bob"), "hangup is \"Bob\"; expected alice or bob"),
            (run("features: [{what: atxfer}]"), "expected `who: alice` or `who: bob`"),
            (run("features: [{who: bob}]"), "expected `what:`"),
            (run("features: [{who: bob, what: xfer}]"), "what is \"xfer\"; expected one of blind"),
            (
                "test-runs: [{originate_channel: X}]\nasterisk-instances: 2".to_owned(),
                "expected three or more servers",
            ),
        ] {
            let error = build(&section(&yaml)).err().unwrap();
            assert!(error.to_string().contains(told) && !error.is_unsupported(), "{error}");
        }
    }

    #[tokio::test]
    async fn a_refused_call_is_the_one_reason() {
        let alone = Alone::new(3).await;
        let object = build(&section("test-runs: [{originate_channel: refused}]")).unwrap();
        alone.add("bridge_test_case.BridgeTestCase", object, true);
        let account = alone
            .play(async |alone| {
                for number in 1..=3 {
                    alone.connect(number).await;
                }
                alone.ended().await;
            })
            .await;
        let told: Vec<_> = account.reasons.iter().map(|it| &*it.what).collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("run 1 of 1: originating refused:"), "{told:?}");
    }

    #[test]
    fn only_the_text_true_expects_a_detection_and_only_transfers_have_an_extension() {
        let feature = |yaml: &str| Feature::read(&section(yaml)).unwrap();
        for (success, detected) in [("'true'", true), ("True", false), ("'false'", false)] {
            let yaml = format!("{{who: alice, what: parkcall, success: {success}, exten: 5}}");
            let feature = feature(&yaml);
            assert_eq!(feature.detected, detected, "{success}");
            assert_eq!(feature.digits().collect::<String>(), "6");
        }
        let transfer = feature("{who: bob, what: atxfer, exten: '45'}");
        assert!(!transfer.detected && transfer.digits().collect::<String>() == "245");
    }
}
