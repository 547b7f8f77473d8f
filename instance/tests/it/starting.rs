//! Servers that are started from code alone: the server, the dialplan, the modules, and what is
//! told where one of them is wrong.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use ami::{Matcher, Originate};
use instance::{BootFailure, BuildError, Builder, Modules, StartError, Want, blocking};

use crate::support::{AGES, Scratch, VERSIONS, builder, server};

#[tokio::test]
async fn dialplan_from_code_is_all_that_a_test_needs() {
    for major in VERSIONS {
        let names: Vec<String> = ["app_userevent"].map(str::to_owned).into();
        let instance = Builder::new(instance::server(major).await.unwrap())
            .modules(Modules::list(names))
            .dialplan("[default]\nexten => s,1,Answer()\n same => n,Wait(60)")
            .dialplan(
                "
                [default]
                exten => t,1,Goto(more,s,1)
                [more]
                exten => s,1,UserEvent(Result,Where: <<address>>)
                ",
            )
            .boot()
            .await
            .unwrap();
        let call = Originate::to_extension("Local/s@default", "default", "t", 1);
        instance.ami().originate(call).await.unwrap();
        let address = instance.sandbox().address().to_string();
        let told = Matcher::event("UserEvent").header("Where", &address);
        instance.expect(told, AGES).await.unwrap();
        let dialplan = instance.cli("dialplan show default").await.unwrap();
        assert!(dialplan.contains("'s' =>") && dialplan.contains("'t' =>"), "{dialplan}");
        // A channel that plays without a timing module can crash.
        let timing = instance.cli("module show like res_timing").await.unwrap();
        assert!(timing.contains("res_timing_timerfd.so"), "{timing}");
        // The channels of the call end behind its event.
        let begun = Instant::now();
        while !instance.channels().await.unwrap().is_empty() {
            assert!(begun.elapsed() < AGES, "the call does not end");
        }
        let stopped = instance.stop().await.unwrap();
        assert_eq!((stopped.findings, stopped.boot_errors), (vec![], vec![]));
    }
}

#[tokio::test]
async fn a_list_that_names_a_timing_module_has_that_one() {
    for major in VERSIONS {
        let modules = Modules::list(["pbx_config", "res_timing_pthread"]);
        let instance = builder(major).await.modules(modules).boot().await.unwrap();
        let timing = instance.cli("module show like res_timing").await.unwrap();
        assert!(!timing.contains("timerfd") && timing.contains("pthread"), "{timing}");
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_could_not_be_started_is_told_as_text() {
    let builder = builder(22).await;
    let error = builder.clone().dialplan("exten => s,1,Answer()\n").boot().await.unwrap_err();
    let told = "dialplan set from code, line 1, \"exten => s,1,Answer()\": \
                it stands before the first context; begin with `[default]` or another";
    assert_eq!((error.to_string(), format!("{error:?}")), (told.into(), told.into()));
    assert!(matches!(error, StartError::Build(BuildError::Dialplan { line: 1, .. })));
    // Blocking, too.
    let builder = builder.configs("/nonexistent");
    let error = thread::spawn(|| blocking::boot(builder).unwrap_err()).join().unwrap();
    assert_eq!(
        format!("{error:?}"),
        "/nonexistent\n\nCaused by:\n    No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn a_configuration_with_other_users_says_who_they_are() {
    let head = "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n";
    for major in VERSIONS {
        let own = format!("{head}[admin]\nsecret = x\n#include \"more.conf\"\n");
        let builder = builder(major).await.file("manager.conf", own);
        let error = builder.file("more.conf", "[bob]\nsecret = y\n").boot().await.unwrap_err();
        let StartError::Boot(error) = error else { panic!("{error}") };
        assert!(matches!(error.failure, BootFailure::Login(_)), "{error}");
        fs::remove_dir_all(&error.folder).unwrap();
        let said = format!("{error:?}");
        let told = "failed to log in over AMI; manager.conf has no user `user`, but admin, bob: \
                    name one with `Builder::login`\n\nCaused by:\n    ";
        assert!(said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn the_last_words_begin_with_errors_and_warnings() {
    for major in VERSIONS {
        let builder = builder(major).await.append("modules.conf", "load = app_verbose.so\n");
        let builder = builder.dialplan(
            "[default]
             exten => s,1,Answer()
             exten => t,1,Log(WARNING,first words)
              same => n,Log(NOTICE,second words)
              same => n,UserEvent(Done)",
        );
        let instance = builder.boot().await.unwrap();
        let call = Originate::to_extension("Local/s@default", "default", "t", 1);
        instance.ami().originate(call).await.unwrap();
        instance.expect(Matcher::event("UserEvent"), AGES).await.unwrap();
        let words = instance.stop().await.unwrap().last_words;
        assert!(words[0].ends_with("first words"), "{words:?}");
        assert!(words[1].ends_with("second words"), "{words:?}");
    }
}

/// Runs a function in several runtimes at the same time.
fn in_runtimes<T: Send>(run: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(&run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_server_is_found_once_for_all_runtimes_of_a_process() {
    let wait = |path: PathBuf| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(instance::server(Want::Path(path)))
    };
    let root = Scratch::new();
    let path = root.0.join("usr/sbin/asterisk");
    let errors = in_runtimes(|| wait(path.clone()).unwrap_err());
    let error = format!("{:?}", errors[0]);
    assert!(error.contains("does not work\n\nCaused by:\n    0: there is no such"), "{error}");
    // A failure is not remembered, and a server is.
    let made = blocking::wait(root.server("exit 1"));
    let found = in_runtimes(|| wait(path.clone()).unwrap());
    assert!(found.iter().all(|server| server.binary() == made.binary()));
    fs::remove_file(&path).unwrap();
    let again = wait(path.clone()).unwrap();
    assert_eq!(blocking::server(&*path).unwrap().binary(), again.binary());
    assert!(blocking::find_or_fetch(&Want::Path(path), drop).is_err());
}

#[tokio::test]
async fn a_server_is_named_by_its_version_or_its_path() {
    assert_eq!(Want::from(22), Want::Major(22));
    assert_eq!(Want::from("22"), Want::Major(22));
    let wanted = server(22).await;
    assert_eq!(instance::server(22).await.unwrap().binary(), wanted.binary());
    assert_eq!(instance::server(wanted.binary()).await.unwrap().binary(), wanted.binary());
    let path = wanted.binary().to_str().unwrap();
    assert_eq!(instance::server(path).await.unwrap().binary(), wanted.binary());
}

#[tokio::test]
async fn a_dialplan_in_a_folder_is_read_and_what_is_ignored_of_it_is_told() {
    let folder = Scratch::new();
    let dialplan = "[default]\nexten => s,1,Answer()\nsam => n,UserEvent(Result)\n";
    fs::write(folder.0.join("extensions.conf"), dialplan).unwrap();
    for major in VERSIONS {
        let builder = builder(major).await.configs(&folder.0);
        // No list needs the module that reads the dialplan.
        let instance = builder.modules(Modules::list(["app_userevent"])).boot().await.unwrap();
        let dialplan = instance.cli("dialplan show default").await.unwrap();
        assert!(dialplan.contains("Answer()"), "{dialplan}");
        let warnings = instance.configuration_warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("Unknown directive: sam at line 3"), "{warnings:?}");
        let result = Matcher::event("UserEvent");
        let error = instance.expect(result, std::time::Duration::ZERO).await.unwrap_err();
        assert_eq!(error.last_words, warnings);
        instance.stop().await.unwrap();
    }
}
