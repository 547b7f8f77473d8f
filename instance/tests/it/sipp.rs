//! SIPp: a real one, found or fetched.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use instance::sipp::{Feature, Sipp};

use crate::support::Scratch;

/// SIPp with a built-in scenario and one call, which writes into a folder of its own.
fn command(sipp: &Sipp, folder: &Scratch, arguments: &[&str]) -> Command {
    let mut command = sipp.command();
    command.args(["-nostdin", "-m", "1", "-i", &address()]).args(arguments);
    command.current_dir(&folder.0).env("TERM", "vt100");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Kills what a test that fails leaves.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns a loopback address that no other process takes for its own.
fn address() -> String {
    let [.., a, b] = std::process::id().to_be_bytes();
    format!("127.93.{a}.{b}")
}

#[tokio::test]
async fn two_of_them_have_a_call_with_each_other() {
    let (sipp, folder) = (Sipp::find().await.unwrap(), Scratch::new());
    assert!(sipp.described().starts_with(&format!("SIPp v{}", sipp.version())), "{sipp:?}");
    assert!(sipp.has(Feature::Pcap) && sipp.has(Feature::RtpStream), "{}", sipp.described());
    let called = command(&sipp, &folder, &["-sn", "uas", "-p", "5060"]).spawn().unwrap();
    let mut called = Running(called);
    let target = format!("{}:5060", address());
    // The call is tried until somebody listens: SIP sends it again over UDP.
    let calling =
        ["-sn", "uac", "-p", "5070", "-d", "0", "-timeout", "60", "-timeout_error", &target];
    let status = command(&sipp, &folder, &calling).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(called.0.wait().unwrap().code(), Some(0));
    // A call that nobody answers fails.
    let calling = ["-sn", "uac", "-p", "5070", "-recv_timeout", "100", "-timeout", "60", &target];
    let status = command(&sipp, &folder, &calling).status().unwrap();
    assert!(!status.success(), "{status}");
}

#[tokio::test]
async fn the_variable_names_one_and_its_faults_are_told() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "sipp::named", "--nocapture"]).env("SIPP", "/bin/true");
    let output = child.env(NAMED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = "the program that SIPP named, /bin/true, cannot be used: it did not say";
    assert!(said.contains(expected), "{said}");
}

/// Set for the child that finds what `SIPP` names.
const NAMED: &str = "INSTANCE_TEST_SIPP_NAMED";

/// The child's part. Elsewhere it has nothing to do.
#[tokio::test]
async fn named() {
    if std::env::var_os(NAMED).is_none() {
        return;
    }
    let found = tokio::time::timeout(Duration::from_secs(60), Sipp::find()).await.unwrap();
    println!(
        "{}",
        found.map_or_else(|error| crate::support::chain(&error), |it| format!("{it:?}"))
    );
}
