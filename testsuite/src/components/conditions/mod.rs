//! Conditions: what has to be so before a test begins and when it ends, whatever the test does.
//!
//! A condition is a component: it looks at the servers when they have booted, and again when the
//! test ends. `testconditions` of a test or of all tests name it. Most of ours read what a command
//! of the CLI prints, each in a file here ([`Check`]); this file asks, waits and tells.
//!
//! A mismatch at the end may last for a moment only, while a call is being taken down. So the
//! servers are looked at until all is well, for a few seconds.

use std::collections::BTreeMap;
use std::time::Duration;

use instance::CliError;
use tokio::time::{Instant, sleep};

use crate::case::{Ast, Component, Happening, Life, Stage, Step, TestCase};
use crate::components::Kind;
use crate::files::{ConfigError, GlobalConfig, ModuleConfig, Node, Section, TestConfig};
use crate::job::Reason;

mod channels;
mod file_descriptors;
mod locks;
mod module_references;
mod taskprocessors;
mod threads;

/// The conditions that every program has.
pub(super) const KINDS: [Kind; 8] = [
    channels::KIND,
    channels::PJSIP,
    channels::SIP,
    file_descriptors::KIND,
    locks::KIND,
    module_references::KIND,
    taskprocessors::KIND,
    threads::KIND,
];

/// The keys that every condition has.
pub(super) const KEYS: [&str; 2] = ["name", "enabled"];

/// The time that it may take until all is well at the end. The end waits for components for 5 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// The reason for which a look tells nothing.
const CUT: &str = "the server did not show the whole list: lines of it are missing";

/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The conditions that are checked in a test: its own, then those of all tests that it does not
/// name itself.
pub(super) fn of<'a>(
    config: &'a TestConfig,
    global: &'a GlobalConfig,
) -> impl Iterator<Item = &'a ModuleConfig> {
    let own = &config.conditions;
    let is_named = |it: &&ModuleConfig| !own.iter().any(|own| own.typename == it.typename);
    let all = own.iter().chain(global.conditions.iter().filter(is_named));
    all.filter(|it| is_enabled(&it.section))
}

/// Returns whether `enabled` does not say otherwise.
fn is_enabled(section: &Node) -> bool {
    section.get("enabled").is_none_or(|it| {
        let is_no =
            |text: &str| ["false", "no", "off"].iter().any(|no| text.eq_ignore_ascii_case(no));
        it.is_true() && !it.text().is_some_and(is_no)
    })
}

/// The type of a condition: the one that the global configuration defines, or else the name itself.
pub(super) fn type_of<'a>(
    name: &'a str,
    place: &Node,
    global: &'a GlobalConfig,
) -> Result<&'a str, ConfigError> {
    match global.definitions.get(name) {
        None => Ok(name),
        Some([Some(before), Some(_)]) => Ok(before),
        Some(_) => {
            let what = format!("{name} is not defined for both before and after the test");
            Err(place.error(what).unsupported())
        }
    }
}

/// The names that a server tells, and the number of each.
type Seen = BTreeMap<String, usize>;

/// A look at a server, and what is wrong with what it shows.
trait Check: Send + Sync + 'static {
    /// The name of the condition.
    fn name(&self) -> &'static str;

    /// The command whose output is read.
    fn command(&self) -> &'static str;

    /// The reason for which a server may not have the command.
    fn missing(&self) -> &'static str;

    /// Returns whether the output is all of it: under load a server drops lines that its console
    /// does not take in time.
    fn is_whole(&self, printed: &str) -> bool {
        let _ = printed;
        true
    }

    /// Reads the output.
    fn read(&self, printed: &str) -> Seen;

    /// Lists what is wrong before the test.
    fn before(&self, seen: &Seen) -> Vec<String> {
        let _ = seen;
        Vec::new()
    }

    /// Lists what is wrong after it.
    fn after(&self, before: &Seen, after: &Seen) -> Vec<String>;
}

/// Returns whether a list, below lines of heading, has as many rows as its last line says.
fn has_all_rows(printed: &str, heading: usize) -> bool {
    let lines: Vec<_> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let Some((last, rows)) = lines.split_last() else {
        return false;
    };
    let number = last.split_whitespace().next().and_then(|it| it.parse::<usize>().ok());
    number.is_some_and(|number| number + heading == rows.len())
}

/// Builds the component of a check.
fn component(section: &Section, check: impl Check) -> Box<dyn Component> {
    section.ignore(&KEYS);
    Box::new(Condition { check, before: BTreeMap::new() })
}

/// Names of which there is another number than before.
fn changes(before: &Seen, after: &Seen) -> Vec<String> {
    let number = |seen: &Seen, name: &str| seen.get(name).copied().unwrap_or_default();
    let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let change = |name: &String| {
        let (was, is) = (number(before, name), number(after, name));
        (was != is).then(|| format!("{name}: {was} before the test, {is} after it"))
    };
    names.into_iter().filter_map(change).collect()
}

/// Counts names.
fn counted(names: impl Iterator<Item = String>) -> Seen {
    names.fold(Seen::new(), |mut seen, name| {
        *seen.entry(name).or_default() += 1;
        seen
    })
}

struct Condition<C> {
    check: C,
    /// The first look at each server, by its number. None of one that cannot show it.
    before: BTreeMap<u32, Seen>,
}

impl<C: Check> Component for Condition<C> {
    fn name(&self) -> &str {
        self.check.name()
    }

    fn booted<'a>(&'a mut self, test: &'a TestCase) -> Step<'a> {
        Box::pin(async move {
            for ast in test.asts() {
                let seen = match self.first_look(&ast).await {
                    Ok(Some(seen)) => seen,
                    Ok(None) => return Err(CUT.into()),
                    Err(CliError::NoSuchCommand { .. }) => {
                        self.note_missing(&ast, test);
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                self.tell(&ast, "before", self.check.before(&seen), test);
                self.before.insert(ast.number(), seen);
            }
            Ok(())
        })
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            while let Some(what) = stage.next().await {
                if let Happening::Stopping(_pending) = what {
                    self.look_again(stage.test()).await;
                }
            }
            Ok(())
        })
    }
}

impl<C: Check> Condition<C> {
    /// Looks at a server. `None` if it did not show all.
    async fn look(&self, ast: &Ast) -> Result<Option<Seen>, CliError> {
        let printed = ast.cli(self.check.command()).await?;
        Ok(self.check.is_whole(&printed).then(|| self.check.read(&printed)))
    }

    /// Looks at a server until it shows all, or time is up.
    async fn first_look(&self, ast: &Ast) -> Result<Option<Seen>, CliError> {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.look(ast).await?;
            if seen.is_some() || Instant::now() >= end {
                return Ok(seen);
            }
            sleep(PAUSE).await;
        }
    }

    fn note_missing(&self, ast: &Ast, test: &TestCase) {
        let (name, number, why) = (self.check.name(), ast.number(), self.check.missing());
        test.note(format!("{name}: Asterisk {number} is not looked at: {why}"));
    }

    /// Looks at all servers until all is well, or time is up.
    async fn look_again(&self, test: &TestCase) {
        let end = Instant::now() + PATIENCE;
        for ast in test.asts() {
            let Some(before) = self.before.get(&ast.number()) else { continue };
            loop {
                let wrong = match self.look(&ast).await {
                    Ok(Some(seen)) => self.check.after(before, &seen),
                    Ok(None) => vec![CUT.to_owned()],
                    // A server that has ended has nothing to show; how it ended is judged anyway.
                    Err(CliError::Socket(_)) if ast.instance().pid().is_none() => break,
                    Err(error) => vec![format!("{:#}", anyhow::Error::from(error))],
                };
                if !wrong.is_empty() && Instant::now() < end {
                    sleep(PAUSE).await;
                    continue;
                }
                self.tell(&ast, "after", wrong, test);
                break;
            }
        }
    }

    /// Fails the test and ends it, if something is wrong.
    fn tell(&self, ast: &Ast, when: &str, wrong: Vec<String>, test: &TestCase) {
        if wrong.is_empty() {
            return;
        }
        let (name, number) = (self.check.name(), ast.number());
        let what =
            format!("{name}: Asterisk {number} does not meet this condition {when} the test");
        test.fail_with(Reason { what, details: wrong });
        test.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::components::{Registry, build};
    use crate::files::Document;

    fn config(text: &str) -> TestConfig {
        TestConfig::of(Document::parse(Path::new("t.yaml"), text).unwrap())
    }

    /// The conditions of a test and of all tests, as they are built.
    fn built(own: &str, global: &GlobalConfig) -> Result<Vec<String>, ConfigError> {
        let text = format!(
            "properties: {{testconditions: [{own}]}}\ntest-modules: {{test-object: {{typename: test_case.TestCaseModule, config-section: none}}}}\nnone: {{}}\n"
        );
        let built = build(&config(&text), global, None, &Registry::new())?;
        Ok(built.into_iter().map(|it| it.typename).collect())
    }

    #[test]
    fn conditions_are_the_tests_own_and_those_of_all_tests() {
        const OBJECT: &str = "test_case.TestCaseModule";
        let all = "properties: {testconditions: [{name: locks}, {name: channels}]}";
        let defined = |types: [Option<&str>; 2]| GlobalConfig {
            conditions: config(all).conditions,
            definitions: [("channels", types), ("memory", [Some("x.Memory"); 2])]
                .map(|(name, types)| (name.to_owned(), types.map(|it| it.map(str::to_owned))))
                .into(),
            ..GlobalConfig::default()
        };
        let global = defined([Some("channel_test_condition.ChannelTestCondition"); 2]);
        assert_eq!(built("", &GlobalConfig::default()).unwrap(), [OBJECT]);
        assert_eq!(built("", &global).unwrap(), ["locks", "channels", OBJECT]);
        assert_eq!(
            built("{name: channels, allowedchannels: 1}", &global).unwrap(),
            ["channels", "locks", OBJECT]
        );
        for no in ["False", "'False'", "no"] {
            let own = format!("{{name: channels, enabled: {no}}}, {{name: locks, enabled: {no}}}");
            assert_eq!(built(&own, &global).unwrap(), [OBJECT], "{no}");
        }
        for (own, global, why) in [
            ("{name: memory}", &global, "this program has no x.Memory for the condition memory"),
            ("{name: nobody}", &global, "this program has no condition nobody"),
            ("", &defined([Some("a"), None]), "channels is not defined for both before and after"),
        ] {
            let error = built(own, global).unwrap_err();
            assert!(error.is_unsupported() && error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn a_list_that_lacks_a_line_is_not_whole() {
        let printed = "\nProcessor   Processed   In Queue\nstasis/a-01   0   0\nstasis/b-02   12   0\n\n2 taskprocessors\n\n";
        assert!(has_all_rows(printed, 1));
        for missing in ["Processor", "stasis/a", "stasis/b", "2 taskprocessors"] {
            let lines = printed.lines().filter(|line| !line.starts_with(missing));
            let cut = lines.map(|line| format!("{line}\n")).collect::<String>();
            assert!(!has_all_rows(&cut, 1), "without {missing}");
        }
        assert!(has_all_rows("0x7f01 1 a b\n1 threads listed.\n", 0) && !has_all_rows("", 0));
    }

    #[test]
    fn names_are_compared_with_their_numbers() {
        let seen = |names: &[&str]| counted(names.iter().map(|it| (*it).to_owned()));
        let told = changes(&seen(&["a", "b", "b", "c"]), &seen(&["b", "b", "b", "c", "d"]));
        assert_eq!(
            told,
            [
                "a: 1 before the test, 0 after it",
                "b: 2 before the test, 3 after it",
                "d: 0 before the test, 1 after it"
            ]
        );
    }
}
