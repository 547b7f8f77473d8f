//! Requests of FastAGI.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use ami::agi::AgiError;
use testsuite::{TestCase, TestResult};

use super::{call, result};

/// Answers two requests, one of them by a hang-up.
pub(super) async fn answers(test: TestCase) -> TestResult {
    let mut requests = test.fast_agi(1).await?;
    if test.fast_agi(1).await.is_ok() {
        test.fail("two listeners have one port");
    }
    let ast = test.start().await?;
    let mut results = ast.watch(result());
    test.originate(call());
    let session = requests.next().await?;
    let request = session.request();
    let told = (request.script(), request.query("name"), request.arguments());
    if told != ("greet", Some("Ann"), &["first".to_owned()][..]) {
        test.fail(format!("the request is {request:?}"));
    }
    session.set_variable("RESULT", "pass").await?;
    session.end().await?;
    let result = results.next().await?;
    test.set_passed(result.text("result").as_deref() == Some("pass"));

    test.originate(call());
    let session = requests.next().await?;
    session.hangup().await?;
    match session.over().await {
        AgiError::HungUp => Ok(()),
        other => Err(other.into()),
    }
}

/// Waits for a second request, and gets what is none.
pub(super) async fn waits(test: TestCase) -> TestResult {
    let mut requests = test.fast_agi(1).await?;
    test.start().await?;
    test.originate(call());
    requests.next().await?;
    TcpStream::connect(requests.address())?.write_all(b"hello\n")?;
    test.set_timeout(Duration::from_secs(1));
    requests.next().await?;
    Ok(())
}
