//! The sample test of the Asterisk wiki's page "Writing a Python Test", as a program.
//!
//! [`sample`] is the page's test, step by step. What a program needs that people run stands apart:
//! the options in `options.rs`, and in `report.rs` the lines that it prints.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use instance::ami::{Matcher, Originate};
use instance::{Builder, Instance, Modules};

use crate::options::Options;
use crate::report::Report;

mod logs;
mod options;
mod report;

/// The modules that the dialplan of the sample needs.
const MODULES: [&str; 11] = [
    "pbx_config",
    "app_playback",
    "app_echo",
    "app_userevent",
    "app_dial",
    "format_gsm",
    "codec_gsm",
    "chan_bridge_media",
    "func_channel",
    "bridge_simple",
    "res_timing_timerfd",
];

/// The time that the events of a call may be behind the word that it failed.
const BEHIND: Duration = Duration::from_secs(1);

/// The test of the page.
async fn sample(options: &Options, report: &Report) -> anyhow::Result<()> {
    // Make a sandbox of the test's configuration.
    let sandbox = Builder::new(options.server(report).await?)
        .configs(options.folder.join("configs/ast1"))
        .modules(Modules::list(MODULES))
        .keep(options.keep)
        // Ctrl-C is no failure. The report keeps what is one.
        .keep_on_drop(false)
        .build()?;
    report.created(&sandbox)?;
    // Start Asterisk and log in.
    let asterisk = sandbox.boot().await?;
    // Test.
    let tested = report.follow(&asterisk, monkeys_rise_up(&asterisk, options, report)).await;
    // Stop Asterisk.
    report.stopped(asterisk, tested).await
}

/// Calls the dialplan, and expects that it says pass once the monkeys have been heard.
async fn monkeys_rise_up(
    asterisk: &Instance,
    options: &Options,
    report: &Report,
) -> anyhow::Result<()> {
    report.say("originating Local/s@default: the monkeys are told to rise up");
    let call = Originate::to_application("Local/s@default", "Echo", "").timeout(options.timeout);
    let result = Matcher::event("UserEvent").header("UserEvent", "TestResult");
    let result = tokio::select! {
        result = asterisk.expect(&result, options.timeout) => result?,
        // A dialplan that never answers may have said all before its call failed.
        Err(failed) = report.originated(asterisk.ami().originate(call)) => {
            let result = asterisk.expect(&result, BEHIND).await;
            result.map_err(|_| failed).context("Local/s@default")?
        }
    };
    match result.text("result").as_deref() {
        Some("pass") => sounds_were_played(asterisk).await?,
        other => bail!("the dialplan says: result:{}", other.unwrap_or_default()),
    }
    report.say("the dialplan says pass: monkeys detected");
    Ok(())
}

/// Expects that each sound was played. A dialplan goes on where one cannot be played.
async fn sounds_were_played(asterisk: &Instance) -> anyhow::Result<()> {
    let playback = Matcher::event("Newexten").header("Application", "Playback");
    let played = Matcher::event("VarSet").header("Variable", "PLAYBACKSTATUS");
    loop {
        let step = match asterisk.expect(&playback, Duration::ZERO).await {
            Ok(step) => step,
            Err(none) if none.dropped > 0 => {
                return Err(none).context("not every sound is known to have been played");
            }
            Err(_) => return Ok(()),
        };
        let sound = step.text("AppData").unwrap_or_default();
        let status = asterisk.expect(&played, Duration::ZERO).await;
        let status = status.with_context(|| format!("nothing says that {sound} was played"))?;
        let status = status.text("Value").unwrap_or_default();
        ensure!(
            status == "SUCCESS",
            "Playback({sound}) did not play its sound (PLAYBACKSTATUS is {status}): is the file \
             there, and the module of its format?"
        );
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (options, report) = match Options::parse() {
        Ok(options) => {
            let report = Report::new(options.verbose);
            (options, report)
        }
        Err(code) => return code,
    };
    let verdict = tokio::select! {
        verdict = sample(&options, &report) => verdict,
        () = options::interrupted() => Err(anyhow::Error::msg("interrupted")),
    };
    report.end(verdict)
}
