//! Servers that are launched in other ways: without AMI, with arguments, with an environment, and
//! again.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use ami::Action;
use instance::{BuildError, Builder, Modules, NoAmiError, Stop, Stopping, Want, blocking};
use tokio::join;

use crate::support::{AGES, MODULES, VERSIONS, assert_gone, builder};

#[tokio::test]
async fn a_server_boots_without_ami_and_is_used_over_its_command_line() {
    for major in VERSIONS {
        let sandbox = builder(major).await.without_ami().build().unwrap();
        let conf = sandbox.section("manager.conf", "general").unwrap();
        assert_eq!((conf.is_true("enabled"), conf.get("bindaddr")), (Some(false), None));
        let instance = sandbox.boot().await.unwrap();
        let error = instance.try_ami().unwrap_err();
        assert_eq!(error, NoAmiError { number: 1 });
        assert!(error.to_string().contains("Builder::without_ami"), "{error}");
        let settings = instance.cli("manager show settings").await.unwrap();
        let disabled = settings.lines().any(|line| {
            line.trim().starts_with("Manager (AMI):") && line.trim_end().ends_with("No")
        });
        assert!(disabled, "{settings}");
        // The boot had ended before: nothing else would have its commands refused.
        instance.log().wait_for("Asterisk Ready", AGES).await.unwrap();
        instance.restart().await.unwrap();
        assert!(instance.try_ami().is_err());
        let folder = instance.sandbox().folder().to_owned();
        let stopped = instance.stop().await.unwrap();
        assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, vec![]));
        assert_gone(&folder);
    }
}

#[tokio::test]
#[should_panic(expected = "instance 1 was booted without AMI")]
async fn a_client_of_a_server_without_ami_is_a_panic_that_says_so() {
    let instance = builder(22).await.without_ami().build().unwrap().boot().await.unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| drop(instance.ami().clone())));
    // A panic that drops the instance would keep its folder.
    instance.stop().await.unwrap();
    resume_unwind(panic.unwrap_err());
}

#[tokio::test]
async fn a_manager_conf_of_the_tests_own_counts_without_ami_too() {
    for major in VERSIONS {
        // Neither the address nor a user is ours.
        let manager = "[general]\nenabled = yes\nbindaddr = <<address>>\nport = 6038\n";
        let builder = builder(major).await.without_ami().file("manager.conf", manager);
        let instance = builder.build().unwrap().boot().await.unwrap();
        let settings = instance.cli("manager show settings").await.unwrap();
        assert!(settings.contains(":6038"), "{settings}");
        assert!(instance.try_ami().is_err());
        instance.stop().await.unwrap();
    }
}

#[tokio::test]
async fn arguments_reach_the_server_and_those_that_break_the_sandbox_do_not() {
    for major in VERSIONS {
        let builder = builder(major).await;
        let with = |arguments: &[&str]| {
            arguments.iter().fold(builder.clone(), |builder, &it| builder.argument(it))
        };
        let instance = with(&["-ddM7", "-L", "5.5"]).build().unwrap().boot().await.unwrap();
        let settings = instance.cli("core show settings").await.unwrap();
        let setting = |name: &str| {
            let line = settings.lines().find(|line| line.trim().starts_with(name));
            line.unwrap_or_else(|| panic!("no {name:?} in {settings}")).to_owned()
        };
        assert!(setting("Maximum calls:").contains(" 7 "), "{settings}");
        assert!(setting("Maximum load average:").contains(" 5.5"), "{settings}");
        instance.stop().await.unwrap();
        for refused in [&["-C", "/etc/asterisk/asterisk.conf"][..], &["-vr"], &["-F"]] {
            let error = with(refused).build().unwrap_err();
            assert!(matches!(error, BuildError::Argument { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn variables_reach_the_server_and_those_of_the_test_do_not() {
    for major in VERSIONS {
        let builder = builder(major).await.env("GIVEN", "a b").env("GIVEN", "c=d");
        let instance = builder.build().unwrap().boot().await.unwrap();
        let environment = format!("/proc/{}/environ", instance.pid().unwrap());
        let environment = std::fs::read_to_string(environment).unwrap();
        let variables: Vec<_> = environment.split('\0').collect();
        assert!(variables.contains(&"GIVEN=c=d"), "{variables:?}");
        // Cargo sets it for every test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
        assert!(!variables.iter().any(|it| it.starts_with("CARGO_")), "{variables:?}");
        instance.stop().await.unwrap();
    }
    let error = builder(22).await.env("NOTIFY_SOCKET", "/run/x").build().unwrap_err();
    assert!(matches!(error, BuildError::Variable { .. }), "{error}");
}

#[tokio::test]
async fn a_shared_instance_is_restarted_by_one_after_another_and_stopped_after_them() {
    for major in VERSIONS {
        let instance = Arc::new(builder(major).await.build().unwrap().boot().await.unwrap());
        let (before, first) = (instance.ami(), instance.pid());
        let (one, two, stopped) =
            join!(instance.restart(), instance.restart(), instance.shut_down(Stop::Now));
        // Each ended a server that was running.
        let ends = [one.unwrap(), two.unwrap(), stopped].map(|it| it.stopping);
        assert_eq!(ends, [Stopping::Now; 3]);
        assert_eq!(instance.pid(), None);
        instance.restart().await.unwrap();
        assert_ne!(instance.pid(), first);
        // The client of the first boot stays what it was.
        assert!(before.call(Action::new("Ping")).await.is_err());
        instance.ami().call(Action::new("Ping")).await.unwrap();
        let folder = instance.sandbox().folder().to_owned();
        Arc::into_inner(instance).unwrap().stop().await.unwrap();
        assert_gone(&folder);
    }
}

#[test]
fn plain_functions_boot_without_ami() {
    let server =
        blocking::find_or_fetch(&Want::Major(22), |progress| eprintln!("{progress}")).unwrap();
    let builder = Builder::new(server).modules(Modules::list(MODULES)).without_ami();
    let instance = blocking::boot(builder.argument("-d").build().unwrap()).unwrap();
    assert!(instance.asynchronous().try_ami().is_err());
    assert!(instance.cli("core show uptime").unwrap().contains("uptime"));
    instance.restart().unwrap();
    instance.stop().unwrap();
}
