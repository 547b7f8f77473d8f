//! The configuration that a test brings, and the server's view of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ami::Action;
use instance::{BuildError, Builder, Documentation, Instance, Modules, Sandbox};

use crate::support::{Scratch, VERSIONS, assert_gone, builder, chain, server};

#[tokio::test]
async fn sections_go_on_where_there_is_one_and_begin_where_there_is_none() {
    let test = Scratch::new();
    test.file("manager.users.conf.inc", "[second]\nsecret = one\nread = all\nwrite = all\n");
    test.file("extensions.conf", "[default]\nexten => a,1,NoOp()");
    for major in VERSIONS {
        let instance = builder(major)
            .await
            .configs(&test.0)
            // Ours, one of an include, a new one, and one that an addition began.
            .section("manager.conf", "user", [("displayconnects", "no")])
            .section("manager.conf", "second", [("secret", "two;three")])
            .section(
                "manager.conf",
                "third",
                [("secret", "four"), ("read", "all"), ("write", "all")],
            )
            .append(
                "extensions.conf",
                "exten => b,1,NoOp(<<astlogdir>>)\n[other]\nexten => c,1,NoOp()",
            )
            .section("extensions.conf", "other", [("exten", "d,1,NoOp()")])
            .build()
            .unwrap()
            .boot()
            .await
            .unwrap();
        let address = instance.ami_address();
        for (user, secret) in [("second", "two;three"), ("third", "four")] {
            ami::Config::new(user, secret).connect(&address).await.unwrap();
        }
        let manager = fs::read_to_string(instance.sandbox().etc().join("manager.conf")).unwrap();
        let heads: Vec<_> = manager.lines().filter(|line| line.starts_with('[')).collect();
        assert_eq!(heads, ["[general]", "[user]", "[user](+)", "[second](+)", "[third]"]);
        let dialplan = instance.cli("dialplan show").await.unwrap();
        for extension in ["'a'", "'b'", "'c'", "'d'"] {
            assert!(dialplan.contains(extension), "{extension} is missing: {dialplan}");
        }
        assert!(dialplan.contains(&*instance.sandbox().logs().to_string_lossy()), "{dialplan}");
        let stopped = instance.stop().await.unwrap();
        assert_eq!((stopped.findings, stopped.boot_errors), (Vec::new(), Vec::new()));
    }
}

/// A folder as the Asterisk test suite lays it out, with things for two instances.
fn suite() -> Scratch {
    let test = Scratch::new();
    test.file("test-config.yaml", "nobody reads this here\n");
    test.file(
        "configs/ast1/extensions.conf",
        "[default]\nexten => <<instanceid>>,1,NoOp(<<ast2.address>> <<ast2.astlogdir>>)\n",
    );
    test.file(
        "configs/ast2/extensions.conf",
        "[default]\nexten => <<instanceid>>,1,NoOp(<<ast1.address>>)\n",
    );
    test.file("configs/ast2/.permissions", "# modes\nextensions.conf: 640\n");
    test.file("files/common/astdatadir/sounds/en/hello.gsm", "common");
    test.file("files/common/astagidir/script.sh", "#!/bin/sh\n");
    test.file("files/common/astagidir/.permissions", "script.sh: 755\n");
    test.file("files/ast2/astdatadir/sounds/en/hello.gsm", "second");
    test.file("files/ast2/astdatadir/sounds/en/tt-monkeys.gsm", "replaced");
    test.file("files/ast2/astspooldir/voicemail/default/1/INBOX/msg0000.txt", "; a message\n");
    test
}

#[tokio::test]
async fn a_test_of_several_instances_is_laid_out_as_in_the_suite() {
    let test = suite();
    for major in VERSIONS {
        let real = server(major).await.directories().data.join("sounds");
        let original = fs::read(real.join("en_US_f_Allison/tt-monkeys.gsm"))
            .or_else(|_| fs::read(real.join("en/tt-monkeys.gsm")))
            .unwrap();
        let one = builder(major).await.test(&test.0);
        let sandboxes = Builder::build_all([one.clone(), one]).unwrap();
        let instances = Sandbox::boot_all(sandboxes).await.unwrap();
        let [first, second] = &instances[..] else { panic!("{instances:?}") };
        assert_eq!(first.sandbox().folder(), second.sandbox().folder());
        assert_eq!((first.sandbox().number(), second.sandbox().number()), (1, 2));
        let dialplan =
            async |instance: &Instance| instance.cli("dialplan show default").await.unwrap();
        let (of_first, of_second) = (dialplan(first).await, dialplan(second).await);
        let seen =
            format!("NoOp({} {})", second.sandbox().address(), second.sandbox().logs().display());
        assert!(of_first.contains("'1'") && of_first.contains(&seen), "{of_first}");
        let seen = format!("NoOp({})", first.sandbox().address());
        assert!(of_second.contains("'2'") && of_second.contains(&seen), "{of_second}");

        let read = |instance: &Instance, name: &str| {
            fs::read(instance.sandbox().data().join(name)).unwrap()
        };
        assert_eq!(read(first, "sounds/en/hello.gsm"), b"common");
        assert_eq!(read(second, "sounds/en/hello.gsm"), b"second");
        assert_eq!(read(second, "sounds/en/tt-monkeys.gsm"), b"replaced");
        assert_eq!(
            read(first, "sounds/en/tt-monkeys.gsm"),
            original,
            "the server's own was overwritten"
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&second.sandbox().etc().join("extensions.conf")), 0o640);
        assert_eq!(mode(&first.sandbox().data().join("agi-bin/script.sh")), 0o755);
        assert!(second.sandbox().spool().join("voicemail/default/1/INBOX/msg0000.txt").exists());

        let folder = first.sandbox().folder().to_owned();
        let mut instances = instances.into_iter();
        instances.next().unwrap().stop().await.unwrap();
        assert!(folder.exists(), "the second one is in it");
        instances.next().unwrap().stop().await.unwrap();
        assert_gone(&folder);
    }
}

#[tokio::test]
async fn a_module_of_the_tests_own_is_loaded() {
    for major in VERSIONS {
        let real = server(major).await;
        let test = Scratch::new();
        // Under another name it is a module of the test's own.
        let own = test.file("astmoddir/app_own.so", "");
        fs::copy(real.directories().modules.join("app_echo.so"), own).unwrap();
        let sandbox = builder(major)
            .await
            .files(&test.0)
            .append("modules.conf", "require => app_own.so\n; <<astmoddir>>\n")
            .build()
            .unwrap();
        let modules = fs::read_to_string(sandbox.etc().join("modules.conf")).unwrap();
        let folder = sandbox.folder().to_owned();
        assert!(modules.contains(&format!("; {}", folder.display())), "{modules}");
        let instance = sandbox.boot().await.unwrap();
        let shown = instance.cli("module show like app_own").await.unwrap();
        assert!(shown.contains("app_own.so") && shown.contains("1 modules loaded"), "{shown}");
        instance.stop().await.unwrap();
        assert!(!real.directories().modules.join("app_own.so").exists());
    }
}

#[tokio::test]
async fn the_address_that_a_test_names_is_given_once() {
    let address = "127.9.8.7".parse().unwrap();
    let instance = builder(22).await.address(address).build().unwrap().boot().await.unwrap();
    assert_eq!(instance.sandbox().address(), address);
    instance.ami().call(Action::new("Ping")).await.unwrap();
    let error = builder(22).await.address(address).build().unwrap_err();
    let shown = chain(&error);
    assert!(matches!(error, BuildError::Address { wanted: Some(_), .. }), "{shown}");
    assert!(shown.contains("127.9.8.7") && shown.contains("in use"), "{shown}");
    instance.stop().await.unwrap();
}

#[tokio::test]
async fn the_short_documentation_leaves_the_log_and_the_synopses_as_they_are() {
    for major in VERSIONS {
        let mut logs = Vec::new();
        for documentation in [Documentation::Short, Documentation::Full] {
            let all = builder(major).await.modules(Modules::All).documentation(documentation);
            let instance = all.build().unwrap().boot().await.unwrap();
            let applications = instance.cli("core show applications").await.unwrap();
            assert!(applications.contains("Playback: Play a file."), "{applications}");
            let help = instance.cli("core show application Playback").await.unwrap();
            assert_eq!(help.contains("PLAYBACKSTATUS"), documentation == Documentation::Full);
            let folder = instance.sandbox().folder().to_str().unwrap().to_owned();
            let stopped = instance.stop().await.unwrap();
            let text = |line: &String| line.split_once(": ").map(|(_, text)| text.to_owned());
            let mut errors: Vec<_> = stopped.boot_errors.iter().filter_map(text).collect();
            // Modules are loaded in no fixed order, and some name their sandbox.
            errors.retain(|error| !error.contains(&folder));
            errors.sort();
            logs.push(errors);
        }
        assert_eq!(logs[0], logs[1], "with the short documentation, and with the full one");
    }
}
