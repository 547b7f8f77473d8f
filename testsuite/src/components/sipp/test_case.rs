//! `sipp.SIPpTestCase`: sets of scenarios, one after another, and `sipp.SIPpAMIActionTestCase`,
//! which sends an action of AMI as well.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::ami_action::{AmiAction, Answering};
use super::set::{Performance, Playing, Set};
use crate::case::{
    Ast, Component, FailToken, Failure, Happening, Life, Needs, Setting, Stage, Step, TestCase,
};
use crate::components::Kind;
use crate::files::{ConfigError, Section};

/// The object that runs scenarios.
pub(in crate::components) const KIND: Kind =
    Kind { names: &["sipp.SIPpTestCase"], page: include_str!("sipp_test_case.md"), build };

/// The object that sends an action of AMI besides.
pub(in crate::components) const AMI_ACTION_KIND: Kind = Kind {
    names: &["sipp.SIPpAMIActionTestCase"],
    page: include_str!("sipp_ami_action_test_case.md"),
    build: build_with_action,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    Ok(Box::new(read(section)?))
}

fn build_with_action(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let object = read(section)?;
    let action = section.part("ami-action", "ami-action has");
    let action = action.ok_or_else(|| section.error("expected `ami-action:`"))?;
    Ok(Box::new(SippTestCase { action: Some(AmiAction::read(&action)?), ..object }))
}

fn read(section: &Section) -> Result<SippTestCase, ConfigError> {
    // Objects log in to all servers; how, is read with the keys that every object has.
    section.ignore(&["connect-ami"]);
    for occasion in ["start", "stop"] {
        let text = |key: String| section.text(&key).map(|it| it.map(str::to_owned));
        let module = text(format!("{occasion}_callback_module"))?;
        let method = text(format!("{occasion}_callback_method"))?;
        if let (Some(module), Some(method)) = (module, method) {
            let what = format!("the object needs the Python callback {module}.{method}");
            return Err(section.error(what).unsupported());
        }
    }
    let Some(sets) = section.part("test-iterations", "test-iterations have") else {
        let what = "without test-iterations scenarios come from the test's own Python";
        return Err(section.error(what).unsupported());
    };
    sets.node().expect_items("test-iterations")?;
    let (mut pairs, sets) = (0, sets.items("a set of scenarios has"));
    let sets: Vec<_> =
        sets.iter().map(|set| Set::read(set, &mut pairs)).collect::<Result<_, _>>()?;
    if sets.is_empty() {
        return Err(section.error("no scenarios"));
    }
    let servers = section.count("asterisk-instances")?.unwrap_or(1).max(1);
    let servers = u32::try_from(servers)
        .map_err(|_| section.error("asterisk-instances: that is too many"))?;
    Ok(SippTestCase {
        sets,
        next: 0,
        fail_on_any: section.truth("fail-on-any").unwrap_or(true),
        stops: section.truth("stop-after-scenarios").unwrap_or(true),
        servers,
        logins: 0,
        last: None,
        is_over: false,
        action: None,
        token: None,
    })
}

struct SippTestCase {
    sets: Vec<Set>,
    next: usize,
    fail_on_any: bool,
    /// The last set ends the test.
    stops: bool,
    servers: u32,
    /// The number of servers that the test is logged in to.
    logins: usize,
    /// The connection of the last login.
    last: Option<Ast>,
    /// All sets have ended.
    is_over: bool,
    action: Option<AmiAction>,
    /// A token that stays until the action has succeeded.
    token: Option<FailToken>,
}

impl Component for SippTestCase {
    fn needs(&self, needs: &mut Needs) {
        needs.servers(self.servers);
        let width = self.sets.iter().map(Set::width).max().unwrap_or_default();
        needs.processes(u32::try_from(width).unwrap_or(u32::MAX));
        self.sets.iter().for_each(|it| it.needs(needs));
    }

    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let test = setting.test();
        test.fail_when_late();
        let checked = self.sets.iter().try_for_each(|it| it.check(test));
        Box::pin(std::future::ready(checked))
    }

    fn run(mut self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            self.token = self.action.as_ref().map(|it| test.fail_token(it.awaited()));
            let (killed, fail_on_any) = (CancellationToken::new(), self.fail_on_any);
            let scene = Performance { test: test.clone(), fail_on_any, killed };
            let mut playing = FuturesUnordered::<Playing>::new();
            let mut answers = FuturesUnordered::<Answering>::new();
            loop {
                tokio::select! {
                    biased;
                    Some(()) = playing.next() => {
                        if playing.is_empty() {
                            playing.extend(self.start_next(&scene)?);
                            answers.extend(self.send_at(true));
                            self.stop_at_end(&playing, &answers, &test);
                        }
                    }
                    Some(answer) = answers.next() => {
                        self.answered(answer, &test);
                        self.stop_at_end(&playing, &answers, &test);
                    }
                    what = stage.next() => match what {
                        Some(Happening::Connected(ast)) => {
                            if self.is_last(ast, &test) {
                                playing.extend(self.start_next(&scene)?);
                                answers.extend(self.send_at(false));
                            }
                        }
                        Some(Happening::Stopping(_guard)) => {
                            scene.killed.cancel();
                            // No process of ours outlives the servers.
                            while playing.next().await.is_some() {}
                        }
                        Some(_) => {}
                        None => return Ok(()),
                    },
                }
            }
        })
    }
}

impl SippTestCase {
    /// Takes note of a login. Returns whether it is the last.
    fn is_last(&mut self, ast: Ast, test: &TestCase) -> bool {
        let needs = test.needs();
        let all = (1..=needs.server_count()).filter(|number| needs.hears_of(*number)).count();
        self.logins += 1;
        self.last = Some(ast);
        self.logins == all
    }

    /// Starts the next set, if there is one and the test is not to end.
    fn start_next(&mut self, scene: &Performance) -> Result<Vec<Playing>, Failure> {
        let Some(set) = self.sets.get(self.next).filter(|_| !scene.test.was_stopped()) else {
            self.is_over = true;
            return Ok(Vec::new());
        };
        self.next += 1;
        let which = format!("set {} of {}", self.next, self.sets.len());
        let which = if self.sets.len() > 1 { &*which } else { "" };
        set.start(which, scene)
    }

    /// Sends the action of AMI, if it is time: at the last login, or behind all scenarios.
    fn send_at(&self, end: bool) -> Option<Answering> {
        let is_time = end == self.is_over;
        let action = self.action.as_ref().filter(|it| it.is_at_end() == end && is_time)?;
        Some(action.send(self.last.as_ref()?))
    }

    fn answered(&mut self, answer: Result<(), String>, test: &TestCase) {
        if let Some(token) = self.token.take() {
            token.remove();
        }
        if let Err(why) = answer {
            test.fail(why);
        }
    }

    /// Ends the test behind the last set, and behind the action if that was sent then.
    fn stop_at_end(
        &self,
        playing: &FuturesUnordered<Playing>,
        answers: &FuturesUnordered<Answering>,
        test: &TestCase,
    ) {
        let waits = self.action.as_ref().is_some_and(AmiAction::is_at_end) && !answers.is_empty();
        if self.is_over && self.stops && playing.is_empty() && !waits {
            test.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    const ONE: &str = "{key-args: {scenario: a.xml}}";

    #[test]
    fn a_test_is_as_heavy_as_its_widest_set() {
        let pair = format!("{{coordinated-sender: {ONE}, coordinated-receiver: {ONE}}}");
        let yaml = format!(
            "{{asterisk-instances: 2, test-iterations: [{{scenarios: [{ONE}]}}, {{scenarios: [{pair}, {ONE}]}}]}}"
        );
        let mut needs = Needs::default();
        build(&section(&yaml)).unwrap().needs(&mut needs);
        let mut expected = Needs::default();
        expected.servers(2);
        expected.processes(3);
        assert_eq!(needs.weight(), expected.weight());
        assert!(needs.sipp_features().is_some());
    }

    #[test]
    fn what_needs_python_is_unsupported() {
        for (yaml, told) in [
            ("{}", "without test-iterations scenarios come from the test's own Python"),
            (
                "{test-iterations: [], start_callback_module: m, start_callback_method: f}",
                "needs the Python callback m.f",
            ),
        ] {
            let error = build(&section(yaml)).err().unwrap();
            assert!(error.is_unsupported() && error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        let half = format!("test-iterations: [{{scenarios: [{{coordinated-sender: {ONE}}}]}}]");
        for (yaml, told) in [
            ("test-iterations: []", "no scenarios"),
            ("test-iterations: [{}]", "no scenarios"),
            ("test-iterations: [{scenarios: []}]", "no scenarios"),
            ("test-iterations: 3", "test-iterations: expected a list, found a value"),
            ("test-iterations: [{scenarios: [{}]}]", "expected a scenario: `key-args:`"),
            (&half, "a pair has a coordinated-sender and a coordinated-receiver"),
        ] {
            let error = build(&section(yaml)).err().unwrap();
            assert!(!error.is_unsupported() && error.to_string().contains(told), "{error}");
        }
        let yaml = format!("test-iterations: [{{scenarios: [{ONE}]}}]");
        let error = build_with_action(&section(&yaml)).err().unwrap();
        assert!(error.to_string().contains("expected `ami-action:`"), "{error}");
    }
}
