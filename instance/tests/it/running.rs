//! While a server runs.

use std::error::Error as _;
use std::fs;
use std::time::Duration;

use ami::{Action, Filter, Item, Originate};
use futures_util::future::try_join_all;
use instance::{
    Builder, CallFile, CliError, Finding, Instance, LogFailure, Modules, Stop, Stopping, Want,
    blocking,
};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tokio::time::timeout;

use crate::support::{AGES, MODULES, VERSIONS, assert_gone, builder};

const DIALPLAN: &str = "[default]
exten => hold,1,Answer()
same => n,Wait(600)
exten => second,1,Answer()
same => n,Wait(1)
same => n,UserEvent(Over)
exten => short,1,Answer()
same => n,UserEvent(Short,given:${GIVEN})
same => n,Hangup()
";

/// A server with a dialplan, and with modules beside the usual ones.
async fn booted(major: u32, more: &[&str]) -> Instance {
    let modules = MODULES.iter().chain(more).copied();
    let builder =
        builder(major).await.modules(Modules::list(modules)).file("extensions.conf", DIALPLAN);
    builder.build().unwrap().boot().await.unwrap()
}

/// A call that stays up.
async fn hold(instance: &Instance) {
    let call = Originate::to_extension("Local/hold@default", "default", "hold", 1);
    instance.ami().originate(call).await.unwrap();
}

#[tokio::test]
async fn the_command_line_answers() {
    for major in VERSIONS {
        let instance = booted(major, &[]).await;
        let version = instance.cli("core show version").await.unwrap();
        assert!(version.starts_with(&format!("Asterisk {major}.")), "{version}");
        assert_eq!(version.lines().count(), 1, "{version}");
        // Longer than any buffer on the way.
        let help = instance.cli("core show help").await.unwrap();
        assert!(help.len() > 10_000 && help.contains("core show help"), "{}", help.len());
        let error = instance.cli("core shwo version").await.unwrap_err();
        assert!(matches!(error, CliError::NoSuchCommand { .. }), "{error}");
        for command in ["core show\nversion", &"x".repeat(500)] {
            let error = instance.cli(command).await.unwrap_err();
            assert!(matches!(error, CliError::Command { .. }), "{error}");
        }
        // More than the socket's backlog.
        let answers = try_join_all((0..20).map(|_| instance.cli("core show version"))).await;
        assert_eq!(answers.unwrap(), vec![version; 20]);
        instance.kill().await;
        let error = instance.cli("core show version").await.unwrap_err();
        assert!(matches!(error, CliError::Socket(_)), "{error}");
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_line_of_the_log_is_waited_for_before_and_after_it_comes() {
    for major in VERSIONS {
        let instance = booted(major, &["app_verbose"]).await;
        let mut log = instance.log();
        let ready = log.wait_for("Asterisk Ready", AGES).await.unwrap();
        assert!(ready.ends_with("asterisk.c: Asterisk Ready."), "{ready}");
        // It is not given twice.
        let error = log.wait_for("Asterisk Ready", Duration::from_millis(100)).await.unwrap_err();
        assert!(matches!(error.failure, LogFailure::Timeout(_)), "{error}");
        let shown = error.to_string();
        assert!(shown.contains("\"Asterisk Ready\"") && shown.contains("full.txt"), "{shown}");

        let mut waiting = std::pin::pin!(log.wait_for("rotated and going on", AGES));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        // A rotated file is another one.
        instance.cli("logger rotate").await.unwrap();
        instance
            .cli("dialplan add extension 1,1,Log,\"NOTICE,rotated and going on\" into default")
            .await
            .unwrap();
        let call = Originate::to_extension("Local/1@default", "default", "hold", 1);
        // It ends with the dialplan.
        let _ = instance.ami().originate(call).await;
        waiting.await.unwrap();

        let mut log = instance.log();
        let mut waiting = std::pin::pin!(log.wait_for("what never comes", AGES));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        instance.kill().await;
        let error = waiting.await.unwrap_err();
        assert!(matches!(error.failure, LogFailure::Exited(_)), "{error}");

        // A log begins with the life of its server.
        instance.restart().await.unwrap();
        let lines = instance.log().lines().unwrap();
        assert!(!lines.is_empty() && lines.iter().all(|line| !line.contains("rotated and")));
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn channels_are_told_and_a_graceful_stop_waits_for_them() {
    for major in VERSIONS {
        let instance = booted(major, &[]).await;
        assert_eq!(instance.channels().await.unwrap(), [""; 0]);
        let mut events = instance.ami().subscribe(Filter::named(["UserEvent"]));
        let call = Originate::to_application("Local/second@default", "Wait", "600");
        instance.ami().originate(call).await.unwrap();
        let channels = instance.channels().await.unwrap();
        assert_eq!(channels.len(), 2, "{channels:?}");
        let is_ours = |name: &String| name.starts_with("Local/second@default-");
        assert!(channels.iter().all(is_ours), "{channels:?}");

        let patience = Duration::from_secs(60);
        let (stopped, ()) = tokio::join!(instance.shut_down(Stop::Gracefully(patience)), async {
            // It refuses calls as soon as it is to stop, and most of what can be said to it.
            let short = || Originate::to_application("Local/short@default", "NoOp", "");
            while instance.ami().originate(short()).await.is_ok() {}
            let error = instance.cli("channel request hangup all").await.unwrap_err();
            assert!(matches!(error, CliError::ShuttingDown { .. }), "{error}");
        });
        assert_eq!(stopped.stopping, Stopping::Gracefully);
        assert!(stopped.status.success());
        let mut over = false;
        while let Some(item) = events.next().await {
            over |= matches!(item, Item::Event(event) if event.get("UserEvent") == Some(b"Over"));
        }
        assert!(over, "the call did not come to its own end");
        // The refusals are in the log.
        let refusal =
            |it: &Finding| matches!(it, Finding::Error(line) if line.contains("shutting down"));
        assert!(stopped.findings.iter().all(refusal), "{:?}", stopped.findings);
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn call_detail_records_and_channel_events_are_complete_after_the_stop() {
    for major in VERSIONS {
        let mut modules =
            vec!["cdr_csv", "cel_custom", "func_callerid", "func_channel", "func_strings"];
        // There the two kinds of records share their machinery.
        modules.extend((major == 22).then_some("res_cdrel_custom"));
        let instance = booted(major, &modules).await;
        assert_eq!(instance.cdr().unwrap(), []);
        for _ in 0..20 {
            let call = Originate::to_application("Local/short@default", "Wait", "1")
                .caller_id("\"A, \\\"B\\\"\" <100>");
            instance.ami().originate(call).await.unwrap();
        }
        let stopped = instance.shut_down(Stop::Now).await;
        assert_eq!(stopped.stopping, Stopping::Now);
        let records = instance.cdr().unwrap();
        // One for each half of a Local channel.
        assert_eq!(records.len(), 40, "{records:?}");
        for record in &records {
            assert_eq!(record.get("disposition"), Some("ANSWERED"), "{record:?}");
            assert_eq!(record.get("clid"), Some("\"A, \\\"B\\\"\" <100>"), "{record:?}");
            assert_eq!(record.get("uniqueid").map(str::is_empty), Some(false), "{record:?}");
        }
        let events = instance.cel().unwrap();
        for name in ["CHAN_START", "ANSWER", "HANGUP", "CHAN_END"] {
            let count = events.iter().filter(|event| event.get("eventtype") == Some(name)).count();
            assert_eq!(count, 40, "{name}");
        }
        assert!(
            events[0].get("channame").unwrap().starts_with("Local/short@default-"),
            "{:?}",
            events[0]
        );
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn records_of_any_file_have_the_names_of_their_configuration() {
    let custom = "[mappings]\nSimple.csv => ${CSV_QUOTE(${CDR(dst)})},${CDR(disposition)}\n";
    for major in VERSIONS {
        let mut modules = vec!["cdr_csv", "cdr_custom", "func_cdr", "func_strings"];
        modules.extend((major == 22).then_some("res_cdrel_custom"));
        // Newer servers have files with a section of their own.
        let fields = "[tabs.txt]\nseparator_character = \\t\nfields = dst, start(int64), src\n";
        let custom = custom.to_owned() + if major == 22 { fields } else { "" };
        let modules = MODULES.iter().copied().chain(modules);
        let builder = builder(major).await.modules(Modules::list(modules));
        let builder = builder
            .file("extensions.conf", DIALPLAN)
            .file("cdr_custom.conf", custom)
            .section("cdr.conf", "csv", [("accountlogs", "yes")]);
        let instance = builder.build().unwrap().boot().await.unwrap();
        let call =
            Originate::to_application("Local/short@default", "Wait", "1").with("Account", "acct");
        instance.ami().originate(call).await.unwrap();
        instance.shut_down(Stop::Now).await;
        let simple = instance.records("cdr-custom/Simple.csv").unwrap();
        assert_eq!(simple.len(), 2, "{simple:?}");
        for record in &simple {
            let names: Vec<_> = record.fields().map(|(name, _)| name).collect();
            assert_eq!(names, ["dst", "disposition"]);
            assert_eq!(record.get("disposition"), Some("ANSWERED"), "{record:?}");
        }
        let named = instance.records_named("cdr-custom/Simple.csv", ["to"]).unwrap();
        let names: Vec<_> = named[0].fields().map(|(name, _)| name).collect();
        assert_eq!(names, ["to", "2"]);
        // However the file is called.
        let whole = instance.sandbox().logs().join("cdr-custom/Simple.csv");
        assert_eq!(instance.records(whole).unwrap(), simple);
        assert_eq!(instance.records("./cdr-custom/Simple.csv").unwrap(), simple);
        let pipe = instance.sandbox().logs().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = instance.records("pipe").unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), "it is not a regular file");
        let of_account = instance.records("cdr-csv/acct.csv").unwrap();
        assert!(!of_account.is_empty());
        assert!(of_account.iter().all(|it| it.get("accountcode") == Some("acct")));
        if major == 22 {
            let tabs = instance.records("cdr-custom/tabs.txt").unwrap();
            assert_eq!(tabs.len(), 2, "{tabs:?}");
            let start: u64 = tabs[0].get("start").unwrap().parse().unwrap();
            assert!(start > 1_700_000_000, "{tabs:?}");
        }
        assert_eq!(instance.records("cdr-custom/none.csv").unwrap(), []);
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_file_makes_a_call() {
    for major in VERSIONS {
        let instance = booted(major, &["pbx_spool"]).await;
        let mut events = instance.ami().subscribe(Filter::named(["UserEvent"]));
        let call = CallFile::to_extension("Local/short@default", "default", "hold", 1)
            .variable("__GIVEN", "a;b")
            .archive(true);
        let file = instance.call_file(&call).unwrap();
        let Item::Event(event) = timeout(AGES, events.next()).await.unwrap().unwrap() else {
            panic!("events are missing");
        };
        assert_eq!(event.get("UserEvent"), Some(&b"Short"[..]));
        assert_eq!(event.get("given"), Some(&b"a;b"[..]));
        let archived =
            instance.sandbox().spool().join("outgoing_done").join(file.file_name().unwrap());
        instance.shut_down(Stop::Now).await;
        assert!(!file.exists() && archived.exists(), "{}", archived.display());
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_file_of_raw_keys_makes_a_call() {
    for major in VERSIONS {
        let instance = booted(major, &["pbx_spool"]).await;
        let mut events = instance.ami().subscribe(Filter::named(["UserEvent"]));
        // The keys' case does not matter, the last channel counts, and others are passed over.
        let call = CallFile::from_keys([
            ("channel", "Local/hold@default"),
            ("Application", "Wait"),
            ("Data", "1"),
            ("No such key", "x"),
            ("Channel", "Local/short@default"),
        ]);
        instance.call_file(&call.key("Set", "__GIVEN=raw")).unwrap();
        let Item::Event(event) = timeout(AGES, events.next()).await.unwrap().unwrap() else {
            panic!("events are missing");
        };
        assert_eq!(event.get("given"), Some(&b"raw"[..]));
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn changed_files_are_read_again() {
    for major in VERSIONS {
        let instance = booted(major, &[]).await;
        let file = instance.sandbox().etc().join("extensions.conf");
        fs::write(file, "[default]\nexten => changed,1,NoOp()\n").unwrap();
        instance.reload(Some("pbx_config")).await.unwrap();
        let dialplan = instance.cli("dialplan show default").await.unwrap();
        assert!(dialplan.contains("'changed'") && !dialplan.contains("'hold'"), "{dialplan}");
        let error = instance.reload(Some("app_nonesuch")).await.unwrap_err();
        assert!(error.response().is_some(), "{error}");
        // As often as it likes: the server tells its service manager of each.
        for _ in 0..40 {
            instance.reload(None).await.unwrap();
        }
        let stopped = instance.stop().await.unwrap();
        assert_eq!(stopped.stopping, Stopping::Now);
    }
}

#[tokio::test]
async fn the_use_of_the_machine_is_told() {
    let instance = booted(22, &[]).await;
    let idle = instance.resources().unwrap();
    assert!(idle.memory > 1_000_000 && idle.threads > 5 && idle.file_descriptors > 5, "{idle:?}");
    hold(&instance).await;
    let busy = instance.resources().unwrap();
    assert!(busy.threads > idle.threads, "{idle:?} {busy:?}");
    instance.kill().await;
    assert!(instance.resources().is_err());
    instance.stop().await.unwrap();
}

#[tokio::test]
async fn a_time_that_never_ends_is_one() {
    let sandbox = builder(22).await.file("extensions.conf", DIALPLAN).boot_timeout(Duration::MAX);
    let instance = sandbox.build().unwrap().boot().await.unwrap();
    instance.log().wait_for("Asterisk Ready", Duration::MAX).await.unwrap();
    let stopped = instance.shut_down(Stop::Gracefully(Duration::MAX)).await;
    assert_eq!(stopped.stopping, Stopping::Gracefully);
    instance.stop().await.unwrap();
}

#[test]
fn plain_functions_do_all_of_it() {
    let server =
        blocking::find_or_fetch(&Want::Major(22), |progress| eprintln!("{progress}")).unwrap();
    let builder =
        Builder::new(server).modules(Modules::list(MODULES)).file("extensions.conf", DIALPLAN);
    let sandboxes = Builder::build_all([builder.clone(), builder]).unwrap();
    let mut instances = blocking::boot_all(sandboxes).unwrap();
    let instance = instances.pop().unwrap();
    let folder = instance.sandbox().folder().to_owned();
    let mut events = instance.subscribe(Filter::named(["UserEvent"]));
    instance.originate(Originate::to_application("Local/short@default", "Wait", "1")).unwrap();
    let Item::Event(event) = events.next(AGES).unwrap() else { panic!("events are missing") };
    assert_eq!(event.get("UserEvent"), Some(&b"Short"[..]));
    let error = events.next(Duration::from_millis(10)).unwrap_err();
    assert_eq!(error, blocking::EventError::Timeout(Duration::from_millis(10)));
    instance.call(Action::new("Ping")).unwrap();
    let client = instance.asynchronous().ami();
    blocking::wait(client.call(Action::new("Ping"))).unwrap();
    assert!(instance.resources().unwrap().threads > 1 && instance.pid().is_some());
    assert_eq!((instance.cdr().unwrap(), instance.cel().unwrap()), (vec![], vec![]));
    assert_eq!(instance.records("cdr-custom/x.csv").unwrap(), []);
    assert_eq!(instance.records_named("x.csv", ["a"]).unwrap(), []);
    let call = CallFile::to_extension("Local/short@default", "default", "short", 1);
    assert!(instance.call_file(&call).unwrap().starts_with(instance.sandbox().spool()));
    assert!(instance.list(Action::new("CoreShowChannels")).is_ok());
    assert!(instance.command("core show uptime").unwrap().to_string().contains("uptime"));
    assert!(instance.cli("core show uptime").unwrap().contains("uptime"));
    instance.log().wait_for("Asterisk Ready", AGES).unwrap();
    instance.reload(None).unwrap();
    instance.restart().unwrap();
    assert_eq!(events.next(AGES).unwrap_err(), blocking::EventError::Ended);
    instance.kill();
    assert!(!instance.exited().success());
    // Where a runtime is, it works as well.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { instances[0].call(Action::new("Ping")) }).unwrap();
    assert_eq!(instances[0].shut_down(Stop::Now).stopping, Stopping::Now);
    instance.stop().unwrap();
    instances.pop().unwrap().stop().unwrap();
    assert_gone(&folder);
}
