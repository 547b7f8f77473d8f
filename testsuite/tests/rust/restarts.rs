//! Servers that restart in the middle of a test.

use testsuite::{Happening, TestCase, TestResult, Watcher};

use super::{call, result};

/// Notes the logins and user events, for whoever waits for them.
struct Logins(tokio::sync::mpsc::UnboundedSender<String>);

impl Watcher for Logins {
    fn see(&mut self, what: &Happening, _: &TestCase) {
        let noted = match what {
            Happening::Connected(_) => "login".to_owned(),
            Happening::Reconnected(_) => "login again".to_owned(),
            Happening::Event(_, event) if event.is("UserEvent") => "event".to_owned(),
            _ => return,
        };
        let _ = self.0.send(noted);
    }
}

/// A server that the test restarts, and then one that restarts without it, which it allows.
pub(super) async fn restarts(test: TestCase) -> TestResult {
    let (sender, mut noted) = tokio::sync::mpsc::unbounded_channel();
    test.add(Box::new(Logins(sender)));
    let ast = test.start().await?;
    let mut expect = async |what: &str| {
        let noted = noted.recv().await.unwrap_or_default();
        if noted == what { Ok(()) } else { Err(format!("{noted}, expected {what}")) }
    };
    expect("login").await?;
    for restarts in 1..=3 {
        ast.originate(call()).await?;
        expect("event").await?;
        match restarts {
            1 => drop(ast.restart().await?),
            2 => drop(ast.instance().restart().await?),
            _ => break,
        }
        expect("login again").await?;
    }
    let transcript = ast.sandbox().folder().join("ast1.ami.3");
    if !transcript.exists() {
        test.fail("the transcript does not go on");
    }
    Ok(())
}

/// A server that is restarted without the test, which does not allow that.
pub(super) async fn cut_off(test: TestCase) -> TestResult {
    let ast = test.start().await?;
    let mut results = ast.watch(result());
    ast.instance().restart().await?;
    match results.next().await {
        Ok(event) => Err(format!("there is an event: {event:?}").into()),
        Err(_) => Ok(()),
    }
}
