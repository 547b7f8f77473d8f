//! The boot: when it is over, and what it says.

use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use ami::Originate;
use instance::{
    AmiSettings, BootError, BootFailure, Builder, CliError, Finding, Modules, Stage, Stopping,
};

use crate::support::{AGES, MODULES, Scratch, VERSIONS, builder, processes, server, wrapped};

/// A dialplan that is read again when the server is fully booted for AMI, and that has an error
/// then, after more than a second: the commands of `cli.conf` are executed before the server says
/// that it is ready.
fn slow(builder: Builder, test: &Scratch) -> Builder {
    let script =
        "if [ -e $1/read ]; then sleep 1.2; echo '#include \"none.conf\"'; fi; : > $1/read";
    let script = test.file("slow.sh", script);
    let exec = format!("#exec \"sh {} <<astspooldir>>\"\n[default]\n", script.display());
    let commands = "[startup_commands]\ndialplan reload = yes\n";
    builder.file("extensions.conf", exec).file("cli.conf", commands)
}

/// Boots, stops right behind it, and gives what went wrong.
async fn stopped_at_once(builder: Builder) {
    let instance = builder.build().unwrap().boot().await.unwrap();
    let early = instance.boot_errors();
    assert!(instance.boot_time().as_millis() > 1_200, "{:?}", instance.boot_time());
    let sandbox = instance.sandbox();
    let line = sandbox.comparable(&early[0]);
    assert_eq!(
        line,
        "ERROR config.c: The file 'none.conf' was listed as a #include but it does not exist."
    );
    let stopped = instance.stop().await.unwrap();
    assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, Vec::new()));
    assert_eq!(stopped.boot_errors, early);
    assert_eq!((early.len(), stopped.more_boot_errors), (1, 0));
}

#[tokio::test]
async fn a_long_boot_ends_when_the_server_says_so_and_its_errors_are_of_the_boot() {
    let (test, root) = (Scratch::new(), Scratch::new());
    let real = server(22).await;
    let silent = wrapped(&root, &real, "unset NOTIFY_SOCKET; exec \"$@\"").await;
    let boot = |server| {
        let builder = Builder::new(server).modules(Modules::list(MODULES));
        stopped_at_once(slow(builder, &test))
    };
    let old = server(VERSIONS[1]).await;
    tokio::join!(boot(real), boot(old), boot(silent));
}

#[tokio::test]
async fn errors_that_are_logged_when_the_server_has_said_that_it_is_ready_are_of_the_boot() {
    // A server says so before its log is written. More than a thousand lines at once it would leave
    // out.
    let commands = format!("[startup_commands]\n{}", "module load x.so = yes\n".repeat(300));
    for major in VERSIONS {
        let builder = builder(major).await.file("cli.conf", &*commands);
        let stopped = builder.build().unwrap().boot().await.unwrap().stop().await.unwrap();
        assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, Vec::new()));
        let errors = stopped.boot_errors.iter().filter(|it| it.contains("x.so")).count();
        assert!(errors >= 300, "{errors}");
    }
}

#[tokio::test]
async fn a_server_without_a_log_that_does_not_notify_is_asked_on_its_console() {
    let root = Scratch::new();
    let silent = wrapped(&root, &server(22).await, "unset NOTIFY_SOCKET; exec \"$@\"").await;
    let builder = Builder::new(silent).modules(Modules::list(MODULES));
    let sandbox = builder.build().unwrap();
    // The builder would add a file.
    fs::write(sandbox.etc().join("logger.conf"), "[logfiles]\n").unwrap();
    let stopped = sandbox.boot().await.unwrap().stop().await.unwrap();
    assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, Vec::<Finding>::new()));
}

/// A boot that fails because AMI does not listen, with its settings and the reason.
async fn silent_ami(builder: Builder) -> (BootError, AmiSettings, String) {
    let error = builder.build().unwrap().boot().await.unwrap_err();
    assert_eq!(error.stage, Stage::Ready);
    assert_eq!(processes(&error.folder), [0; 0]);
    fs::remove_dir_all(&error.folder).unwrap();
    let BootFailure::NotListening { settings, reason, .. } = &error.failure else {
        panic!("{error}");
    };
    let (settings, reason) = (settings.clone(), reason.clone().unwrap_or_default());
    (error, settings, reason)
}

#[tokio::test]
async fn a_server_without_ami_is_an_error_that_says_what_to_do() {
    // More lines than any end of a log has, and one that speaks of AMI without being its.
    let more = [("cdr_manager.conf", "[broken\n"), ("cli.conf", "[startup_commands]\n")];
    let more = more.map(|(name, text)| (name, format!("{text}{}", "x = no\n".repeat(200))));
    let head = "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n";
    for major in VERSIONS {
        let base = builder(major).await;
        let base = base.file("modules.conf.inc", "load => cdr_manager.so\n");
        let base = more.iter().fold(base, |it, (name, text)| it.file(*name, text));
        let manager = |text: &str| silent_ami(base.clone().file("manager.conf", text));

        let (error, settings, reason) = manager(&format!("{head}[user\n")).await;
        assert_eq!(settings, AmiSettings::Disabled);
        assert!(reason.contains("line 5 of ") && reason.ends_with("/manager.conf"), "{reason}");
        assert!(error.last_words.contains(&reason), "{error}");
        assert_eq!(error.to_string().matches("enabled = yes").count(), 0, "{error}");

        let (error, settings, reason) = manager("[general]\nenabled = no\n").await;
        assert_eq!((settings, &*reason), (AmiSettings::Disabled, ""));
        let end = "which is disabled: set `enabled = yes` in [general] of manager.conf";
        assert!(error.to_string().ends_with(end), "{error}");

        let text = "[general]\nenabled = yes\nbindaddr = 127.15.255.9\nport = 5999\n";
        let (error, settings, _) = manager(text).await;
        assert_eq!(settings, AmiSettings::At("127.15.255.9:5999".to_owned()));
        let shown = error.to_string();
        let last = shown.lines().last().unwrap();
        for part in ["127.15.255.9:5999", "`bindaddr = <<address>>`", "`port = <<amiport>>`"] {
            assert!(last.contains(part), "{part}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_port_that_another_took_is_an_error_with_the_reason_and_never_its_server() {
    for major in VERSIONS {
        let sandbox = builder(major).await.build().unwrap();
        let address = sandbox.ami_address();
        // It got there between our look and the server's.
        let other = TcpListener::bind(&address).unwrap();
        let error = sandbox.boot().await.unwrap_err();
        let BootFailure::NotListening { reason: Some(reason), .. } = &error.failure else {
            panic!("{error}");
        };
        let expected = format!("Unable to bind AMI server to {address}: Address already in use");
        assert!(reason.contains(&expected), "{reason}");
        let holder = format!("process {} (", std::process::id());
        assert!(reason.contains(&holder), "{reason}");
        assert!(error.to_string().lines().last().unwrap().contains(reason), "{error}");
        other.set_nonblocking(true).unwrap();
        assert!(other.accept().is_err(), "somebody talked to the other server");
        fs::remove_dir_all(error.folder).unwrap();
    }
}

#[tokio::test]
async fn errors_and_warnings_come_before_what_the_console_shows_and_no_line_twice() {
    for major in VERSIONS {
        let builder = builder(major).await.file("modules.conf.inc", "require => app_nonesuch.so\n");
        let error = builder.build().unwrap().boot().await.unwrap_err();
        let words = &error.last_words;
        let serious = |line: &&String| line.contains("] ERROR[") || line.contains("] WARNING[");
        let first = words.iter().take_while(serious).count();
        assert!(
            first > 0 && words[..first].iter().any(|it| it.contains("app_nonesuch")),
            "{error}"
        );
        assert!(words.len() - first <= 13, "{error}");
        let text = |line: &String| line.rsplit_once(": ").map(|(_, text)| text.to_owned());
        let mut texts: Vec<_> = words.iter().filter_map(text).collect();
        texts.sort();
        let all = texts.len();
        texts.dedup();
        assert_eq!(texts.len(), all, "{error}");
        fs::remove_dir_all(&error.folder).unwrap();
    }
}

#[tokio::test]
async fn a_logger_conf_of_the_tests_own_hides_no_error() {
    const DIALPLAN: &str = "[default]\nexten => 1,1,Log(ERROR,a bad thing)\n";
    const GENERAL: &str = "[general]\ndateformat = %H] x\nappendhostname = yes\n";
    let logfiles = "[logfiles]\nfull.txt => notice\nmessages.txt => warning";
    let own = [String::new(), GENERAL.to_owned(), format!("{GENERAL}{logfiles}"), logfiles.into()];
    let life = async |major: u32, logger: String| {
        let modules = MODULES.iter().chain(&["app_verbose"]).copied();
        let builder = builder(major).await.modules(Modules::list(modules));
        let builder = builder.file("logger.conf", logger).file("extensions.conf", DIALPLAN);
        // A module that says of its own that it has no configuration.
        let builder = builder.append("modules.conf.inc", "load => res_config_sqlite3.so\n");
        let instance = builder.clone().build().unwrap().boot().await.unwrap();
        instance.log().wait_for("Asterisk Ready.", AGES).await.unwrap();
        let [early] = &instance.boot_errors()[..] else { panic!("{:?}", instance.boot_errors()) };
        assert!(early.contains("Missing config file 'res_config_sqlite3.conf'"), "{early}");
        // What is rotated away is not lost.
        for round in 1..=2 {
            let call = Originate::to_application("Local/1@default", "Wait", "1");
            // It ends with the dialplan.
            let _ = instance.ami().originate(call).await;
            instance.log().wait_for("a bad thing", AGES).await.unwrap();
            if round == 1 {
                instance.cli("logger rotate").await.unwrap();
            }
        }
        let stopped = instance.stop().await.unwrap();
        let late = |it: &&Finding| matches!(it, Finding::Error(it) if it.contains("a bad thing"));
        let found = stopped.findings.iter().filter(late).count();
        assert_eq!((found, stopped.boot_errors.len()), (2, 1), "{stopped:?}");
        let error = builder.append("modules.conf.inc", "require => app_nonesuch.so\n");
        let error = error.build().unwrap().boot().await.unwrap_err();
        assert!(error.last_words.iter().any(|it| it.contains("] ERROR[")), "{error}");
        fs::remove_dir_all(&error.folder).unwrap();
    };
    for major in VERSIONS {
        let [a, b, c, d] = own.clone();
        tokio::join!(life(major, a), life(major, b), life(major, c), life(major, d));
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_stopped_yet_is_told_until_it_can() {
    let early = async |major: u32| {
        // Its last commands come a second after AMI, and somebody says for it that it is ready.
        let dialplan = "#exec \"sleep 1\"\n[default]\n";
        let builder = builder(major).await.file("extensions.conf", dialplan);
        let sandbox = builder.build().unwrap();
        fs::write(sandbox.etc().join("logger.conf"), "[logfiles]\n").unwrap();
        let command = sandbox.command();
        let socket = command.get_envs().find(|(name, _)| *name == "NOTIFY_SOCKET");
        let socket = socket.unwrap().1.unwrap().to_owned();
        let address = sandbox.ami_address();
        let (instance, ()) = tokio::join!(sandbox.boot(), async {
            while tokio::net::TcpStream::connect(&address).await.is_err() {
                tokio::task::yield_now().await;
            }
            UnixDatagram::unbound().unwrap().send_to(b"READY=1", socket).unwrap();
        });
        let instance = instance.unwrap();
        let unknown = instance.cli("core show help core stop now").await.unwrap_err();
        assert!(matches!(unknown, CliError::NoSuchCommand { .. }), "{unknown}");
        let stopped = instance.stop().await.unwrap();
        assert_eq!((stopped.stopping, stopped.findings), (Stopping::Now, Vec::new()));
    };
    tokio::join!(early(22), early(16));
}
