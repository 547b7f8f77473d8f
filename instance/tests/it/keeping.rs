//! The folders that stay, and who is told where: from processes of their own, so that their error
//! output can be read.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ami::{Action, Matcher};
use instance::{BuildError, Builder, FoundRun, Instance, Sandbox, Stop, blocking};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, waitid};

use crate::support::{AGES, Scratch, builder};

/// The child's deed, and the place of its sandboxes.
const DEED: &str = "INSTANCE_TEST_DEED";
const ROOT: &str = "INSTANCE_TEST_ROOT";

/// Runs this program again, to do one thing in a process of its own.
fn child(deed: &str, root: &Scratch) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "keeping::a_child", "--nocapture", "--test-threads=1"]);
    command.env(DEED, deed).env(ROOT, &root.0).env_remove("ASTERISK_KEEP");
    command
}

/// The body of the child: a test as users write it. Without a deed it has nothing to do.
#[tokio::test]
async fn a_child() -> Result<(), Box<dyn Error>> {
    let (Ok(deed), Some(root)) = (std::env::var(DEED), std::env::var_os(ROOT)) else {
        return Ok(());
    };
    let builder = builder(22).await.root(&root);
    match &*deed {
        "never booted" => {
            let _sandbox = builder.build()?;
            Err("this error is part of the test".into())
        }
        "cancelled" => cancelled(builder, &root).await,
        "held by a static" => {
            static HELD: Mutex<Option<Instance>> = Mutex::new(None);
            *HELD.lock()? = Some(builder.build()?.boot().await?);
            Err("this error is part of the test".into())
        }
        "two" => {
            let sandboxes = Builder::build_all([builder.clone(), builder])?;
            let mut instances = Sandbox::boot_all(sandboxes).await?;
            instances.pop().ok_or("two instances")?.stop().await?;
            used(&instances[0], "none").await
        }
        "two dropped" => {
            let sandboxes = Builder::build_all([builder.clone(), builder])?;
            let instances = Sandbox::boot_all(sandboxes).await?;
            used(&instances[1], "none").await
        }
        "blocking" => std::thread::spawn(move || {
            let instance = blocking::boot(builder.build()?)?;
            instance.call(Action::new("ThereIsNone"))?;
            Ok(())
        })
        .join()
        .unwrap_or_else(|_| Err("a panic".into()))
        .map_err(|error: Box<dyn Error + Send + Sync>| error.to_string().into()),
        "restarted" => {
            let instance = builder.build()?.boot().await?;
            instance.shut_down(Stop::Now).await;
            instance.restart().await?;
            used(&instance, "none").await
        }
        "expects" => {
            let instance = builder.boot().await?;
            instance.expect(Matcher::event("Never"), Duration::ZERO).await?;
            Ok(())
        }
        "expects blocking" => std::thread::spawn(move || {
            let instance = blocking::boot(builder)?;
            instance.expect(Matcher::event("Never"), Duration::ZERO)?;
            Ok(())
        })
        .join()
        .unwrap_or_else(|_| Err("a panic".into()))
        .map_err(|error: Box<dyn Error + Send + Sync>| -> Box<dyn Error> { error }),
        "starts" => {
            builder.file("manager.conf", "[general]\n").boot().await?;
            Ok(())
        }
        "passes" => {
            let instance = builder.boot().await?;
            instance.expect(Matcher::event("FullyBooted"), AGES).await?;
            instance.stop().await?;
            Ok(())
        }
        "crashes" => {
            let instance = builder.boot().await?;
            let pid = instance.pid().and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
            kill_process(pid.ok_or("no process")?, Signal::SEGV)?;
            instance.expect(Matcher::event("Never"), AGES).await?;
            Ok(())
        }
        "killed without its first guard" => killed_without_its_first_guard(&builder).await,
        "not heeded" => used(&builder.keep_on_drop(false).build()?.boot().await?, "none").await,
        other => used(&builder.build()?.boot().await?, other).await,
    }
}

/// Gives up the boot of two when the first of them is up: the second one never says that it is
/// ready.
async fn cancelled(builder: Builder, root: &OsStr) -> Result<(), Box<dyn Error>> {
    let silent = Scratch::new();
    let second = Builder::new(silent.server("exec sleep 1000").await).root(root);
    let sandboxes = Builder::build_all([builder, second])?;
    let log = sandboxes[0].logs().join("full.txt");
    let up = async {
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("logged on")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = Sandbox::boot_all(sandboxes) => Err("the boot ended".into()),
        () = up => Ok(()),
    }
}

async fn killed_without_its_first_guard(builder: &Builder) -> Result<(), Box<dyn Error>> {
    let _first = builder.clone().build()?;
    let guard = guard().ok_or("no guard")?;
    kill_process(guard, Signal::KILL)?;
    waitid(WaitId::Pid(guard), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
    let _second = builder.clone().build()?;
    kill_process(getpid(), Signal::KILL)?;
    std::future::pending().await
}

/// Uses an instance, and fails by its error.
async fn used(instance: &Instance, stop: &str) -> Result<(), Box<dyn Error>> {
    match stop {
        "killed" => drop(instance.shut_down(Stop::Kill).await),
        "stopped" => drop(instance.shut_down(Stop::Now).await),
        "panic" => panic!("this panic is part of the test"),
        _ => {}
    }
    instance.ami().call(Action::new("ThereIsNone")).await?;
    Ok(())
}

/// The process that cleans up if this one is killed.
fn guard() -> Option<Pid> {
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let read = |pid: u32, file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let ours = format!("PPid:\t{}\n", std::process::id());
    let guard = pids.find(|&pid| {
        String::from_utf8_lossy(&read(pid, "status")).contains(&ours)
            && String::from_utf8_lossy(&read(pid, "cmdline")).contains("asterisk-instance-guard")
    });
    Pid::from_raw(guard?.try_into().ok()?)
}

/// The folders of runs that are left, and what the child said of them on its error output.
fn left(deed: &str, root: &Scratch, keep: Option<&str>) -> (Vec<PathBuf>, Vec<PathBuf>, Output) {
    let mut command = child(deed, root);
    command.envs(keep.map(|keep| ("ASTERISK_KEEP", keep)));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let told = said.lines().filter_map(|line| line.strip_prefix("the sandbox is kept: "));
    // Behind the path stands the test whose thread it was.
    let without_test = |told: &str| match told.split_once(" (test ") {
        Some((path, rest)) => format!("{path}{}", rest.split_once(')').unwrap().1),
        None => told.to_owned(),
    };
    let told = told.map(|told| without_test(told).into()).collect();
    let found = FoundRun::all(&root.0).unwrap();
    (found.iter().map(|run| run.path().to_owned()).collect(), told, output)
}

#[test]
fn an_instance_that_is_dropped_in_use_keeps_its_folder_and_says_so_once() {
    for deed in [
        "question mark",
        "blocking",
        "two",
        "two dropped",
        "restarted",
        "panic",
        "expects",
        "expects blocking",
        "starts",
    ] {
        let root = Scratch::new();
        let (kept, told, output) = left(deed, &root, None);
        assert!(!output.status.success(), "{deed}: {output:?}");
        assert_eq!(kept.len(), 1, "{deed}: {output:?}");
        assert_eq!(told, kept, "{deed}: {output:?}");
        assert!(kept[0].join("ast1/var/log/asterisk/full.txt").exists(), "{deed}");
    }
}

#[test]
fn an_instance_that_was_shut_down_or_is_not_heeded_leaves_nothing_when_dropped() {
    for deed in ["stopped", "killed", "never booted", "cancelled", "not heeded", "passes"] {
        let root = Scratch::new();
        let (kept, told, output) = left(deed, &root, None);
        let passes = ["cancelled", "passes"].contains(&deed);
        assert_eq!(output.status.success(), passes, "{deed}: {output:?}");
        assert_eq!((kept, told), (vec![], vec![]), "{deed}: {output:?}");
    }
}

#[test]
fn an_instance_whose_server_crashed_says_so_where_it_says_that_its_folder_is_kept() {
    let root = Scratch::new();
    let (kept, told, output) = left("crashes", &root, None);
    let crashed = "; the server of instance 1 crashed (signal 11)";
    let expected: Vec<_> =
        kept.iter().map(|path| PathBuf::from(format!("{}{crashed}", path.display()))).collect();
    assert_eq!((kept.len(), told), (1, expected), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    let error = "Error: instance 1: expected Never: the server has ended (signal: 11 (SIGSEGV)";
    assert!(said.contains(error), "{said}");
}

#[test]
fn the_environment_says_which_folders_stay() {
    for (keep, deed, stays) in [
        ("always", "stopped", true),
        ("always", "question mark", true),
        ("failed", "question mark", true),
        ("never", "question mark", false),
        ("never", "panic", false),
        ("", "stopped", false),
    ] {
        let root = Scratch::new();
        let (kept, told, output) = left(deed, &root, Some(keep));
        assert_eq!(kept.len(), usize::from(stays), "{keep}, {deed}: {output:?}");
        assert_eq!(told, kept, "{keep}, {deed}: {output:?}");
    }
    let root = Scratch::new();
    let (kept, _, output) = left("stopped", &root, Some("yes"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("yes") && kept.is_empty(), "{said}");
    let told = BuildError::Keep { value: "yes".to_owned() }.to_string();
    assert_eq!(told, "ASTERISK_KEEP=yes: expected always, failed or never");
}

#[test]
fn all_runs_of_a_process_that_ends_are_removed_also_if_a_guard_was_killed_before() {
    for (foreign, deed, signal) in [
        (false, "killed without its first guard", Some(9)),
        (true, "killed without its first guard", Some(9)),
        // Of a static nothing is dropped at the end of a process.
        (false, "held by a static", None),
    ] {
        let root = Scratch::new();
        let first = format!("asterisk-instance-{}", rustix::process::geteuid());
        if foreign {
            root.file(&first, "not a folder of ours");
        }
        let output = child(deed, &root).output().unwrap();
        assert_eq!(output.status.signal(), signal, "{output:?}");
        assert!(!output.status.success(), "{output:?}");
        let mut places = fs::read_dir(&root.0).unwrap().map(|place| place.unwrap().path());
        let home = places.find(|place| place.ends_with(&first) != foreign).unwrap();
        let begun = Instant::now();
        // Its lock stays.
        while fs::read_dir(&home).unwrap().count() > 1 {
            assert!(begun.elapsed() < AGES, "{:?}", FoundRun::all(&root.0));
        }
    }
}
