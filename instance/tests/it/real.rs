//! Real servers.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use ami::{Action, Config, Filter, Item};
use instance::{BootFailure, Modules, Server, Stage, Stopping, Want};
use tokio::time::timeout;

use crate::support::{
    AGES, MODULES, Scratch, VERSIONS, assert_gone, builder, chain, processes, server, wrapped,
};

#[tokio::test]
async fn a_server_boots_answers_and_leaves_nothing() {
    for major in VERSIONS {
        let instance = builder(major).await.build().unwrap().boot().await.unwrap();
        let version = instance.ami().command("core show version").await.unwrap().to_string();
        assert!(version.contains(&format!("Asterisk {major}.")), "{version}");
        let folder = instance.sandbox().folder().to_owned();
        assert_eq!(processes(&folder).len(), 1);
        let stopped = instance.stop().await.unwrap();
        assert_eq!(stopped.stopping, Stopping::Now);
        assert!(stopped.status.success(), "{}", stopped.status);
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn the_version_that_was_asked_for_is_the_one_that_runs() {
    for major in VERSIONS {
        assert_eq!(server(major).await.version().major(), Some(major));
    }
    let error = Server::find(&Want::Major(99)).await.unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("no Asterisk 99 found"), "{shown}");
}

#[tokio::test]
async fn a_server_can_be_started_again_in_its_sandbox() {
    for major in VERSIONS {
        let instance = builder(major).await.build().unwrap().boot().await.unwrap();
        let (first, address) = (instance.pid().unwrap(), instance.ami_address());
        let put = Action::new("DBPut").field("Family", "f").field("Key", "k").field("Val", "kept");
        instance.ami().call(put).await.unwrap();
        // Asked to, and after a crash, which leaves its socket and its pid file behind.
        for crash in [false, true] {
            if crash {
                assert!(!instance.kill().await.success());
                assert_eq!(instance.pid(), None);
            }
            instance.restart().await.unwrap();
            assert_ne!(instance.pid().unwrap(), first);
            assert_eq!(instance.ami_address(), address);
            let get = Action::new("DBGet").field("Family", "f").field("Key", "k");
            let got = instance.ami().list(get).collect().await.unwrap();
            assert_eq!(got.items[0].get("Val"), Some(&b"kept"[..]));
        }
        let folder = instance.sandbox().folder().to_owned();
        instance.stop().await.unwrap();
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn all_modules_boot() {
    for major in VERSIONS {
        let instance =
            builder(major).await.modules(Modules::All).build().unwrap().boot().await.unwrap();
        let modules = instance.ami().command("module show like app_").await.unwrap();
        assert!(modules.lines().count() > 50, "{modules}");
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn several_at_once_never_meet() {
    let boot = || async {
        let instance = builder(22).await.build().unwrap().boot().await.unwrap();
        instance.ami().call(Action::new("Ping")).await.unwrap();
        instance
    };
    let (a, b, c, d) = tokio::join!(boot(), boot(), boot(), boot());
    let mut addresses = [&a, &b, &c, &d].map(|instance| instance.ami_address());
    addresses.sort();
    assert!(addresses.windows(2).all(|pair| pair[0] != pair[1]), "{addresses:?}");
    for instance in [a, b, c, d] {
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn dropping_an_instance_ends_it_at_once() {
    let builder = builder(22).await.keep_on_drop(false);
    let instance = builder.build().unwrap().boot().await.unwrap();
    let folder = instance.sandbox().folder().to_owned();
    drop(instance);
    assert_gone(&folder);
}

#[test]
fn an_instance_outlives_its_runtime_and_the_thread_that_made_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = move || {
        runtime().block_on(async {
            let builder = builder(22).await.keep_on_drop(false);
            builder.build().unwrap().boot().await.unwrap()
        })
    };
    let instance = std::thread::spawn(made).join().unwrap();
    let folder = instance.sandbox().folder().to_owned();
    runtime().block_on(async {
        let client = Config::new("user", "mysecret").connect(instance.ami_address()).await.unwrap();
        client.call(Action::new("Ping")).await.unwrap();
    });
    drop(instance);
    assert_gone(&folder);
}

#[tokio::test]
async fn a_panic_keeps_the_evidence() {
    let instance = builder(22).await.build().unwrap().boot().await.unwrap();
    let folder = instance.sandbox().folder().to_owned();
    let failing = move || {
        let _instance = instance;
        panic!("this panic is part of the test");
    };
    assert!(std::thread::spawn(failing).join().is_err());
    assert_eq!(processes(&folder), [0; 0]);
    assert!(folder.join("ast1/var/log/asterisk/full.txt").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_panic_with_one_of_several_keeps_the_evidence_of_all() {
    let one = builder(22).await;
    let sandboxes = instance::Builder::build_all([one.clone(), one]).unwrap();
    let mut instances = instance::Sandbox::boot_all(sandboxes).await.unwrap();
    let (second, first) = (instances.pop().unwrap(), instances.pop().unwrap());
    let folder = first.sandbox().folder().to_owned();
    let failing = move || {
        let _first = first;
        panic!("this panic is part of the test");
    };
    assert!(std::thread::spawn(failing).join().is_err());
    second.stop().await.unwrap();
    assert_eq!(processes(&folder), [0; 0]);
    assert!(folder.join("ast1/var/log/asterisk/full.txt").exists());
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_kept_folder_stays() {
    let instance = builder(22).await.keep(true).build().unwrap().boot().await.unwrap();
    let folder = instance.sandbox().folder().to_owned();
    instance.stop().await.unwrap();
    assert!(folder.join("ast1/etc/asterisk/manager.conf").exists());
    // Nor does the next run sweep it.
    drop(builder(22).await.build().unwrap());
    assert!(folder.exists());
    fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn layers_replace_each_other_and_keys_are_filled_in() {
    let test = Scratch::new();
    test.file("extensions.conf", "[default]\nexten => folder,1,NoOp(<<address>> << <<unknown>>)\n");
    test.file("sub/deep.conf", "; <<instanceid>>\n");
    test.file("manager.users.conf.inc", "[second]\nsecret = other\nread = all\nwrite = all\n");
    test.file("README", "nobody reads this\n");
    for major in VERSIONS {
        let instance = builder(major)
            .await
            .configs(&test.0)
            .file("extra.conf", "dir=<<astlogdir>>\n")
            .file("modules.conf.inc", "load => app_echo.so\n")
            .option("systemname", "theinstance")
            .build()
            .unwrap()
            .boot()
            .await
            .unwrap();
        let etc = instance.sandbox().etc();
        let (address, _) = instance
            .ami_address()
            .rsplit_once(':')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let dialplan = fs::read_to_string(etc.join("extensions.conf")).unwrap();
        assert!(dialplan.contains(&format!("NoOp({address} << <<unknown>>)")), "{dialplan}");
        let extra = fs::read_to_string(etc.join("extra.conf")).unwrap();
        assert_eq!(extra, format!("dir={}\n", instance.sandbox().logs().display()));
        assert_eq!(fs::read_to_string(etc.join("sub/deep.conf")).unwrap(), "; 1\n");
        let second = Config::new("second", "other").connect(instance.ami_address()).await.unwrap();
        let command = |text| instance.ami().command(text);
        assert!(
            command("module show like app_echo").await.unwrap().to_string().contains("Running")
        );
        assert!(command("core show settings").await.unwrap().to_string().contains("theinstance"));
        assert!(command("dialplan show default").await.unwrap().to_string().contains("'folder'"));
        second.close().await.unwrap();
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn sounds_are_where_the_server_looks_for_them() {
    for major in VERSIONS {
        let sandbox = builder(major).await.build().unwrap();
        let sound = sandbox.folder().join("ast1/var/lib/asterisk/sounds/en/tt-monkeys.gsm");
        assert!(sound.exists(), "{}", sound.display());
    }
}

#[tokio::test]
async fn a_refused_login_is_an_error_with_the_servers_word() {
    let sandbox = builder(22).await.file(
        "manager.conf",
        "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n#include \"manager.general.conf.inc\"\n[user]\nsecret = another\n",
    );
    let instance = sandbox.clone().login("user", "another").build().unwrap().boot().await.unwrap();
    instance.stop().await.unwrap();
    let error = sandbox.build().unwrap().boot().await.unwrap_err();
    assert!(!format!("{error:?}").contains("mysecret"), "{error:?}");
    assert_eq!(processes(&error.folder), [0; 0]);
    fs::remove_dir_all(&error.folder).unwrap();
    let told = |it: &String| it.contains("failed to authenticate as 'user'");
    assert!(error.last_words.iter().any(told), "{error}");
    assert!(!error.last_words.iter().any(|it| it.contains("] DEBUG[")), "{error}");
    let shown = chain(&error);
    assert_eq!(shown.matches("Authentication failed").count(), 1, "{shown}");
    // The user is there.
    assert_eq!(error.users, None);
    let last = shown.lines().last().unwrap();
    assert!(last.starts_with("instance 1 failed at logging in to the booted server: "), "{shown}");
}

#[tokio::test]
async fn a_configuration_that_the_server_refuses_is_an_error_with_its_words() {
    for major in VERSIONS {
        let sandbox = builder(major).await.file("modules.conf.inc", "require => app_nonesuch.so\n");
        let error = sandbox.build().unwrap().boot().await.unwrap_err();
        assert_eq!(error.stage, Stage::Launched);
        assert!(
            matches!(error.failure, BootFailure::Exited(status) if status.code() == Some(2)),
            "{error}"
        );
        assert!(error.to_string().contains("app_nonesuch"), "{error}");
        fs::remove_dir_all(error.folder).unwrap();
    }
}

#[tokio::test]
async fn a_server_that_dies_is_noticed() {
    let instance = builder(22).await.build().unwrap().boot().await.unwrap();
    let folder = instance.sandbox().folder().to_owned();
    let pid = processes(&folder)[0].to_string();
    let mut events = instance.ami().subscribe(Filter::all());
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let status = timeout(AGES, instance.exited()).await.unwrap();
    assert!(!status.success());
    while timeout(AGES, events.next()).await.unwrap().is_some() {}
    let stopped = instance.stop().await.unwrap();
    assert_eq!(stopped.stopping, Stopping::WasOver);
    assert_gone(&folder);
}

#[tokio::test]
async fn a_build_that_does_not_notify_has_booted_all_the_same() {
    let real = server(22).await;
    let root = Scratch::new();
    let silent = wrapped(&root, &real, "unset NOTIFY_SOCKET; exec \"$@\"").await;
    let sandbox = instance::Builder::new(silent).modules(Modules::list(MODULES)).build().unwrap();
    let instance = sandbox.boot().await.unwrap();
    instance.ami().call(Action::new("Ping")).await.unwrap();
    instance.stop().await.unwrap();
}

/// The files that a process has open for writing.
fn written(pid: u32) -> Vec<PathBuf> {
    let proc = PathBuf::from(format!("/proc/{pid}"));
    let fds = fs::read_dir(proc.join("fdinfo")).unwrap().flatten();
    let files = fds.filter_map(|fd| {
        let info = fs::read_to_string(fd.path()).ok()?;
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
        let writes = u32::from_str_radix(flags.trim(), 8).ok()? & 0b11 != 0;
        let path = fs::read_link(proc.join("fd").join(fd.file_name())).ok()?;
        writes.then_some(path)
    });
    files.filter(|path| path.is_file()).collect()
}

#[tokio::test]
async fn nothing_outside_the_sandbox_is_written() {
    for major in VERSIONS {
        let instance =
            builder(major).await.modules(Modules::All).build().unwrap().boot().await.unwrap();
        let folder = instance.sandbox().folder().to_owned();
        let mut events = instance.ami().subscribe(Filter::named(["UserEvent"]));
        let event = Action::new("UserEvent").field("UserEvent", "Alive").field("Answer", "42");
        instance.ami().call(event).await.unwrap();
        match timeout(AGES, events.next()).await.unwrap() {
            Some(Item::Event(event)) => assert_eq!(event.get("Answer"), Some(&b"42"[..])),
            other => panic!("{other:?}"),
        }
        let pid = processes(&folder)[0];
        let files = written(pid);
        assert!(files.iter().any(|file| file.ends_with("astdb.sqlite3")), "{files:?}");
        for file in files {
            assert!(file.starts_with(&folder), "{} is open for writing", file.display());
        }
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_missing_library_is_named() {
    let real = server(22).await;
    let root = Scratch::new();
    // Links to all of the real server's files, but for one library.
    let script = r#"mkdir -p "$2" && cp -as "$1/." "$2/" && rm -r "$2"/usr/lib/*/libxml2.so*"#;
    let from = real.binary().ancestors().nth(3).unwrap();
    let mut command = Command::new("sh");
    command.args(["-ec", script, "sh"]).arg(from).arg(root.0.join("root"));
    assert!(command.status().unwrap().success());
    // The binary itself, or it would be found where the link leads.
    let binary = root.0.join("root/usr/sbin/asterisk");
    fs::remove_file(&binary).unwrap();
    fs::copy(real.binary(), &binary).unwrap();
    let error = Server::find(&Want::Path(root.0.join("root"))).await.unwrap_err();
    let error = format!("{:#}", anyhow::Error::from(error));
    assert!(error.contains("libxml2.so"), "{error}");
}
