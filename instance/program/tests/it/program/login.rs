//! The user that the program logs in as, and its output about that.

use ami::{Action, Config};
use rustix::process::Signal;

use super::{Program, Said, cache, command};
use crate::support::{Scratch, VERSIONS, server};

/// A configuration with users of its own, in several files.
fn with_users() -> Scratch {
    let configs = Scratch::new();
    configs.file(
        "manager.conf",
        "[general]\nenabled = yes\nbindaddr = <<address>>\nport = <<amiport>>\n\
         [all](!)\nread = all\nwrite = all\n#include \"manager.d/*.conf\"\n",
    );
    configs.file("manager.d/admin.conf", "[admin](all)\nsecret = of\\;conf ; not for all\n");
    configs.file("manager.d/bob.conf", "[bob](all)\n");
    configs
}

#[tokio::test]
async fn a_user_of_the_configuration_with_a_secret_from_anywhere() {
    for major in VERSIONS {
        server(major).await;
        let (configs, aside) = (with_users(), Scratch::new());
        let file = aside.file("secret", "of;conf\n");
        let by_file = ["--secret-file", file.to_str().unwrap()];
        for (variable, options, source) in [
            (None, &[][..], "configuration"),
            (Some("of;conf"), &[], "environment"),
            // A file that is named comes first.
            (Some("wrong"), &by_file, "file"),
        ] {
            let mut command = command();
            command.args(["boot", "--json", "--modules", "pbx_config", "--login", "admin"]);
            command.args(["--asterisk", &major.to_string()]).arg(&configs.0).args(options);
            command.env_remove("ASTERISK_SECRET").envs(variable.map(|it| ("ASTERISK_SECRET", it)));
            let program = Program::start(command);
            assert_eq!(program.text(0, "user"), "admin");
            assert_eq!(program.text(0, "secret_from"), source);
            let shown = (source == "configuration").then_some("of;conf");
            assert_eq!(program.instances[0]["secret"].as_str(), shown, "{source}");
            let client = Config::new("admin", "of;conf").connect(program.text(0, "ami")).await;
            client.unwrap().call(Action::new("Ping")).await.unwrap();
            program.signal(Signal::INT);
            assert!(program.end().1.success());
        }
    }
}

#[tokio::test]
async fn a_login_that_cannot_be_says_what_to_do() {
    server(22).await;
    let (configs, other, aside) = (with_users(), Scratch::new(), Scratch::new());
    let empty = aside.file("empty", "\n");
    let empty = ["--login", "admin", "--secret-file", empty.to_str().unwrap()];
    other.file("manager.users.conf.inc", "[user](+)\nsecret = other\n");
    let boot = |configs: &Scratch, variable: Option<&str>, options: &[&str]| {
        let mut command = command();
        command.args(["boot", "--asterisk", "22", "--modules", "pbx_config"]).arg(&configs.0);
        command.args(options).env_remove("ASTERISK_SECRET");
        Said::by(command.envs(variable.map(|it| ("ASTERISK_SECRET", it))))
    };
    for (configs, variable, options, says) in [
        (&configs, None, &[][..], "no user `user`; name one with --login (it has: admin, bob)"),
        // A secret without a user is nobody's.
        (&configs, Some("of;conf"), &[], "no user `user`; name one with --login"),
        (&configs, None, &["--login", "eve"], "no user `eve` (it has: admin, bob)"),
        (&configs, None, &["--login", "bob"], "no secret of the user `bob`; set ASTERISK_SECRET"),
        (&configs, Some("x"), &["--login", "admin"], "another secret of `admin`"),
        (&other, None, &[], "another secret of `user`; --login user takes it from there"),
        (&configs, None, &["--login", "admin", "--secret-file", "/none"], "/none: No such file"),
        (&configs, None, &empty, "expected one line with the secret"),
    ] {
        let said = boot(configs, variable, options);
        assert_eq!(said.code, Some(1), "{options:?}");
        let last = said.error.lines().last().unwrap();
        assert!(last.contains(says), "{options:?}: {}", said.error);
        // Advice for users of the library.
        assert!(!said.error.contains("Builder::"), "{}", said.error);
        assert!(!said.error.contains("mysecret") && said.out.is_empty(), "{}", said.error);
    }
    assert_eq!(boot(&configs, None, &["--secret-file", "x"]).code, Some(2));
}

/// A request as the user of ARI that the program names.
async fn ask_ari(program: &Program) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (user, password) = (program.text(0, "ari_user"), program.text(0, "ari_password"));
    let address = program.text(0, "http");
    let mut http = tokio::net::TcpStream::connect(&address).await.unwrap();
    let path = format!("/ari/asterisk/variable?variable=SYSTEMNAME&api_key={user}:{password}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    http.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn ari_is_told_as_the_configuration_has_it() {
    let modules = "res_ari,res_ari_asterisk,res_ari_model,res_http_websocket,res_stasis";
    // What `res_ari` of 22 calls has a module of its own.
    let modules = [
        (22, format!("{modules},res_websocket_client,res_sorcery_config")),
        (16, modules.to_owned()),
    ];
    let cache = cache().await;
    for (major, modules) in modules {
        let configs = Scratch::new();
        configs.file("ari.conf", "[general]\n[all](!)\ntype = user\n[me](all)\npassword = own\n");
        for (configs, user) in [(None, "testsuite"), (Some(&configs), "me")] {
            let mut command = command();
            command.args(["boot", "--json", "--asterisk", &major.to_string()]);
            command.args(["--modules", &modules]).args(configs.map(|it| &it.0));
            command.env("ASTERISK_CACHE", &cache.0);
            let program = Program::start(command);
            assert_eq!(program.text(0, "ari_user"), user);
            let answer = ask_ari(&program).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            program.signal(Signal::INT);
            assert!(program.end().1.success());
        }
    }
}

#[tokio::test]
async fn what_is_switched_off_is_not_told() {
    server(22).await;
    let configs = Scratch::new();
    configs.file("http.conf", "[general]\nenabled = no\n");
    let program = Program::boot(&["--asterisk", "22", configs.0.to_str().unwrap()]);
    for key in ["http", "ari_user", "ari_password"] {
        assert!(program.instances[0][key].is_null(), "{key}");
        assert!(program.instances[0].as_object().unwrap().contains_key(key), "{key}");
    }
    program.signal(Signal::INT);
    assert!(program.end().1.success());
}
