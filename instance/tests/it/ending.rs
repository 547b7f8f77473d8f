//! The end of a server, and what it leaves.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ami::{Action, Originate};
use instance::{
    Builder, CliError, Finding, Instance, Modules, Sandbox, Server, Stop, Stopping, Want,
};
use tokio::time::timeout;

use crate::support::{
    AGES, MODULES, Scratch, VERSIONS, assert_gone, builder, is_alive, server, wrapped,
};

const DIALPLAN: &str = "[default]
exten => hold,1,Answer()
same => n,Wait(600)
exten => error,1,Log(ERROR,a bad thing happened)
exten => child,1,System(setsid sh -c 'echo $$ > <<astspooldir>>/child\\; exec sleep 1000' &)
exten => system,1,System(true)
";

async fn booted(major: u32) -> Instance {
    let modules = MODULES.iter().chain(&["app_verbose", "app_system"]).copied();
    let builder = builder(major).await.modules(Modules::list(modules));
    builder.file("extensions.conf", DIALPLAN).build().unwrap().boot().await.unwrap()
}

/// Runs an extension of the dialplan until nothing of its call is left.
async fn run(instance: &Instance, extension: &str) {
    let channel = format!("Local/{extension}@default");
    let call = Originate::to_application(&channel, "Wait", "1");
    // None of them answers.
    let _ = instance.ami().originate(call).await;
    // The response comes when the call failed; its channels end behind that.
    let begun = Instant::now();
    while !instance.channels().await.unwrap().is_empty() {
        assert!(begun.elapsed() < AGES, "the call does not end");
    }
}

fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[tokio::test]
async fn a_clean_life_has_no_findings() {
    for major in VERSIONS {
        let instance = booted(major).await;
        run(&instance, "system").await;
        let stopped = instance.stop().await.unwrap();
        assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, vec![]));
        assert_eq!(stopped.boot_errors, [""; 0]);
    }
}

#[tokio::test]
async fn an_error_in_the_log_is_a_finding() {
    for major in VERSIONS {
        let instance = booted(major).await;
        run(&instance, "error").await;
        let stopped = instance.stop().await.unwrap();
        let [Finding::Error(line)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert!(line.contains("a bad thing happened"), "{line}");
    }
}

#[tokio::test]
async fn channels_that_are_left_are_a_finding() {
    for major in VERSIONS {
        let instance = booted(major).await;
        let call = Originate::to_extension("Local/hold@default", "default", "hold", 1);
        instance.ami().originate(call).await.unwrap();
        let stopped = instance.stop().await.unwrap();
        let [Finding::Channels(names)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(stopped.stopping, Stopping::Now);
    }
}

#[tokio::test]
async fn a_child_that_left_its_process_group_is_ended_and_is_a_finding() {
    for major in VERSIONS {
        let instance = booted(major).await;
        run(&instance, "child").await;
        let file = instance.sandbox().spool().join("child");
        // The dialplan does not wait for it.
        let begun = Instant::now();
        let child: u32 = loop {
            // While it executes `sleep`, it has no environment, and nobody can tell whose it is.
            let text = fs::read_to_string(&file).unwrap_or_default();
            let process = Path::new("/proc").join(text.trim());
            let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            if name.trim() == "sleep" && !environment.is_empty() {
                break text.trim().parse().unwrap();
            }
            instance.ami().call(Action::new("Ping")).await.unwrap();
            assert!(begun.elapsed() < AGES, "no child");
        };
        assert!(is_alive(child));
        let folder = instance.sandbox().folder().to_owned();
        let stopped = instance.stop().await.unwrap();
        assert!(!is_alive(child));
        let [Finding::Processes(names)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert_eq!(names, &["sleep"]);
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn a_crash_is_told_with_what_it_left() {
    for major in VERSIONS {
        let instance = booted(major).await;
        signal(instance.pid().unwrap(), "-SEGV");
        assert_eq!(instance.exited().await.signal(), Some(11));
        let stopped = instance.shut_down(Stop::Now).await;
        assert_eq!(stopped.stopping, Stopping::WasOver);
        let [Finding::Crash(crash)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert_eq!(crash.signal, 11);
        let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
        if stopped.status.core_dumped() && pattern.starts_with('|') {
            assert!(crash.handler.is_some(), "{crash}");
        } else if stopped.status.core_dumped() {
            let core = crash.core.as_ref().unwrap();
            assert!(core.exists(), "{crash}");
        }
        let gdb = Command::new("gdb").arg("--version").output().is_ok_and(|it| it.status.success());
        let folder = instance.sandbox().folder().to_owned();
        if crash.core.is_some() && gdb {
            // The main thread waits in poll for a signal to act on.
            assert!(crash.backtrace.iter().any(|frame| frame.contains("poll")), "{crash}");
            let all = fs::read_to_string(crash.backtraces.as_ref().unwrap()).unwrap();
            assert!(all.matches("\nThread ").count() > 5, "{all}");
        }
        let has_core = crash.core.is_some();
        instance.stop().await.unwrap();
        // What the finding names is kept.
        assert_eq!(folder.exists(), has_core);
        if has_core {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[tokio::test]
async fn a_crash_at_the_exit_of_a_server_that_has_stopped_is_told_as_one() {
    for major in VERSIONS {
        let root = Scratch::new();
        let script = "\"$@\"; ulimit -c 0; kill -SEGV $$";
        let wrapped = wrapped(&root, &server(major).await, script).await;
        let builder = Builder::new(wrapped).modules(Modules::list(["pbx_config"]));
        let instance = builder.build().unwrap().boot().await.unwrap();
        let stopped = instance.stop().await.unwrap();
        let [Finding::Crash(crash)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert_eq!((stopped.stopping, crash.signal, crash.at_exit), (Stopping::Now, 11, true));
        assert!(crash.to_string().contains("at its exit"), "{crash}");
    }
}

#[tokio::test]
async fn a_crash_while_a_server_stops_is_not_one_at_its_exit() {
    for major in VERSIONS {
        let instance = booted(major).await;
        let pid = instance.pid().unwrap();
        // It takes the command and does not act on it.
        signal(pid, "-STOP");
        let (stopped, ()) = tokio::join!(instance.shut_down(Stop::Now), async {
            signal(pid, "-SEGV");
            signal(pid, "-CONT");
        });
        let [Finding::Crash(crash)] = &stopped.findings[..] else { panic!("{stopped:?}") };
        assert_eq!((stopped.stopping, crash.signal, crash.at_exit), (Stopping::Now, 11, false));
        let folder = instance.sandbox().folder().to_owned();
        instance.stop().await.unwrap();
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_a_finding_and_one_that_was_asked_is_not() {
    let root = Scratch::new();
    let real = server(22).await.command();
    let words = std::iter::once(real.get_program()).chain(real.get_args());
    let words = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>();
    let directories = server(22).await.directories().clone();
    let wrapped = root.server(&format!("{} \"$@\"; exit 7", words.join(" "))).await;
    drop(wrapped);
    root.replace("usr/lib/asterisk/modules", &directories.modules);
    root.replace("usr/share/asterisk", &directories.data);
    let wrapped = Server::find(&Want::Path(root.0.clone())).await.unwrap();
    let builder = Builder::new(wrapped).modules(Modules::list(["pbx_config"]));
    for asked in [true, false] {
        let instance = builder.clone().build().unwrap().boot().await.unwrap();
        if !asked {
            instance.cli("core stop now").await.unwrap();
            assert_eq!(instance.exited().await.code(), Some(7));
        }
        let stopped = instance.stop().await.unwrap();
        assert_eq!(stopped.status.code(), Some(7));
        let found =
            matches!(&stopped.findings[..], [Finding::Ended(status)] if status.code() == Some(7));
        assert_eq!(found, !asked, "{stopped:?}");
    }
}

#[tokio::test]
async fn a_command_that_the_death_of_the_server_cuts_short_is_an_error() {
    for major in VERSIONS {
        let instance = booted(major).await;
        assert_eq!(instance.channels().await.unwrap(), [""; 0]);
        // It cannot answer, and then it is gone.
        signal(instance.pid().unwrap(), "-STOP");
        let mut listed = std::pin::pin!(instance.channels());
        assert!(timeout(Duration::from_millis(100), &mut listed).await.is_err());
        instance.kill().await;
        let error = listed.await.unwrap_err();
        assert!(matches!(error, CliError::Cut { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn being_killed_on_request_is_no_crash() {
    let instance = booted(22).await;
    let stopped = instance.shut_down(Stop::Kill).await;
    assert_eq!((stopped.stopping, stopped.findings), (Stopping::Killed, vec![]));
    instance.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_by_signals_in_the_end() {
    let instance = booted(22).await;
    let folder = instance.sandbox().folder().to_owned();
    signal(instance.pid().unwrap(), "-STOP");
    let stopped = instance.stop().await.unwrap();
    assert_eq!(stopped.stopping, Stopping::Killed);
    assert_eq!(stopped.findings, [Finding::Stubborn(Stopping::Killed)]);
    assert!(stopped.took < Duration::from_secs(40), "{:?}", stopped.took);
    assert_gone(&folder);
}

#[tokio::test]
async fn the_report_of_a_sanitizer_is_a_finding_and_options_of_the_users_own_stay() {
    let root = Scratch::new();
    let script = r#"report="${ASAN_OPTIONS##*log_path=}.$$"
        echo "==7==ERROR: AddressSanitizer: heap-use-after-free" > "$report"
        echo "SUMMARY: AddressSanitizer: heap-use-after-free $UBSAN_OPTIONS" >> "$report"
        exit 1"#;
    let server = root.server(script).await;
    let error = Builder::new(server).build().unwrap().boot().await.unwrap_err();
    let [Finding::Sanitizer { path, summary }] = &error.findings[..] else { panic!("{error}") };
    assert!(path.starts_with(&error.folder), "{}", path.display());
    assert!(summary.starts_with("SUMMARY: AddressSanitizer: heap-use-after-free"), "{summary}");
    assert!(summary.contains("log_path="), "{summary}");
    assert!(error.to_string().contains("heap-use-after-free"), "{error}");
    fs::remove_dir_all(&error.folder).unwrap();
}

#[tokio::test]
async fn a_server_that_crashes_at_boot_says_so() {
    let root = Scratch::new();
    let server = root.server("kill -ABRT $$").await;
    let error = Builder::new(server).build().unwrap().boot().await.unwrap_err();
    let [Finding::Crash(crash)] = &error.findings[..] else { panic!("{error}") };
    assert_eq!(crash.signal, 6);
    fs::remove_dir_all(&error.folder).unwrap();
}

#[tokio::test]
async fn two_hundred_boots_sixteen_at_a_time() {
    let mut folders = Vec::new();
    for round in 0..13 {
        let major = VERSIONS[round % 2];
        let builder = builder(major).await;
        let sandboxes = Builder::build_all((0..16).map(|_| builder.clone())).unwrap();
        let instances = Sandbox::boot_all(sandboxes).await.unwrap();
        let mut addresses: Vec<_> = instances.iter().map(Instance::ami_address).collect();
        for instance in &instances {
            instance.ami().call(Action::new("Ping")).await.unwrap();
        }
        folders.push(instances[0].sandbox().folder().to_owned());
        for stopped in Instance::stop_all(instances).await {
            let stopped = stopped.unwrap();
            assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, vec![]));
        }
        addresses.sort();
        addresses.dedup();
        assert_eq!(addresses.len(), 16);
    }
    folders.iter().for_each(|folder| assert_gone(folder));
}

#[tokio::test]
async fn a_server_with_all_modules_stops_cleanly_right_behind_its_boot() {
    let rounds = async |major| {
        for _ in 0..20 {
            let builder = builder(major).await.modules(Modules::All);
            let instance = builder.build().unwrap().boot().await.unwrap();
            let stopped = instance.stop().await.unwrap();
            assert_eq!(stopped.stopping, Stopping::Now);
            assert!(stopped.status.success(), "{stopped:?}");
            assert_eq!(stopped.findings, []);
        }
    };
    tokio::join!(rounds(VERSIONS[0]), rounds(VERSIONS[1]));
}

#[tokio::test]
async fn of_several_that_boot_one_that_fails_ends_all() {
    let root = Scratch::new();
    let bad = Builder::new(root.server("echo the reason; exit 3").await);
    let good = builder(22).await;
    let sandboxes = Builder::build_all([good.clone(), bad, good]).unwrap();
    let error = Sandbox::boot_all(sandboxes).await.unwrap_err();
    assert_eq!(error.number, 2);
    assert!(error.to_string().contains("\ninstance 2 failed at"), "{error}");
    assert_eq!(crate::support::processes(&error.folder), [0; 0]);
    fs::remove_dir_all(&error.folder).unwrap();
}
