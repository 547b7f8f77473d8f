//! Logins from a `manager.conf`: what the client reads there is what the server lets in, and what
//! the server takes for invalid is an error.

use std::{env, fs};

use ami::{Action, Error, Server, ServerError};
use instance::Instance;
use tokio::process::Command;

use super::{VERSIONS, builder, end};

/// Users whose secrets come about in all the ways that the configuration language has.
const MANAGER: &str = r#"; a comment
[general](!) ; a template of this name is no section of this name
enabled = no
[general]
enabled = no
port = 1
ENABLED => on
port = <<amiport>>
bindaddr = <<address>>:1
#include "manager.d/*.conf"
displayconnects = no
[general]
enabled = no
port = 2

[user]
secret = mysecret
read = all
write = all

[base-template](!)
secret = no user
[base](!,base-template)
secret = of the base
write = all
[inherits](base)
[overrides](base)
secret = its own
[overridden](overrides)
[twice](base,overridden)
[late](base)
secret = first
[LATE](+)
Secret => second
[base]
secret = no template
[both](base)
[before](late,!)
secret = hidden
[plain]
secret = one
[added](plain)
secret += two  
[added-new]
secret += => three
[joined]
secret=a
secret+=b
[again]
secret = one
[again]
secret = two
[escaped]
secret = a\;b\;--c ; d
[commented]
secret = a ;-- [x] ;-- y --; --;b
;--
secret = in a comment
--;secret = behind the comment
[equals]
secret = a=b=>c
[odd]
secret = p@ss:w%rd "quoted" <&> #\[x] ü
[hash]
\secret = escaped
#unknown directive
#include
no equals sign
#tryinclude "nowhere.conf"
#tryinclude <nowhere/*.conf>
[included]
#include {more,rest}.conf
secret = behind the include
[into]
#include into.conf
#include "into-more.conf"
[chain]
secret = not deep
#include chain-1.conf
"#;

const FILES: [(&str, &str); 8] = [
    ("manager.d/b.conf", "[b]\nsecret = of b\n"),
    ("manager.d/a.conf", "[a]\nsecret = of a\n[open]\nsecret = no\n"),
    ("manager.d/.hidden.conf", "[hidden]\nsecret = hidden\n"),
    ("manager.d/other.txt", "[other]\nsecret = other\n"),
    ("more.conf", "[more]\nsecret = more\n#include \"manager.d/deep.inc\"\n"),
    ("rest.conf", "secret = of the rest\n"),
    ("into.conf", "secret = wrong\n[in-into]\nsecret = wrong\n"),
    ("into-more.conf", "secret = of the second\n"),
];

const USERS: [&str; 29] = [
    "user",
    "a",
    "b",
    "inherits",
    "overrides",
    "overridden",
    "twice",
    "late",
    "both",
    "plain",
    "added",
    "added-new",
    "joined",
    "again",
    "escaped",
    "commented",
    "equals",
    "odd",
    "hash",
    "included",
    "more",
    "deep",
    "open",
    "into",
    "in-into",
    "base",
    "LATE",
    "User",
    "chain",
];

async fn boot(major: u32) -> Instance {
    let mut builder = builder(major).await.file("manager.conf", MANAGER).login("user", "mysecret");
    builder = builder.file("manager.d/deep.inc", "[deep]\nsecret = deep\n");
    // As deep as includes go.
    for number in 1..10 {
        let text = format!("#include chain-{}.conf\n", number + 1);
        builder = builder.file(format!("chain-{number}.conf"), text);
    }
    builder = builder.file("chain-10.conf", "secret = deep\n");
    for (name, text) in FILES {
        builder = builder.file(name, text);
    }
    builder.build().unwrap().boot().await.unwrap()
}

#[tokio::test]
async fn a_login_that_is_read_in_a_configuration_is_one_that_the_server_takes() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let path = instance.sandbox().etc().join("manager.conf");
        for user in USERS {
            let server = Server::from_manager_conf(&path, Some(user)).unwrap();
            assert_eq!(server.address(), instance.ami_address(), "{user}");
            let client = server.configure(|config| config.reconnect(None)).connect().await;
            client
                .unwrap_or_else(|error| panic!("{major} {user}: {error:#}"))
                .close()
                .await
                .unwrap();
        }
        for user in ["hidden", "other", "base-template", "before", "general"] {
            let error = Server::from_manager_conf(&path, Some(user)).unwrap_err();
            assert!(error.to_string().contains("there is no user"), "{user}: {error}");
        }
        end(instance).await;
    }
}

/// Configurations that the server reads nothing of, each with the line that is to blame.
const INVALID: [(&str, usize); 12] = [
    ("secret = outside\n", 1),
    ("[a\nsecret = x\n", 1),
    ("[a](b\nsecret = x\n", 1),
    ("[a]\n[b](missing)\n", 2),
    ("[a]\n[b](a, a)\n", 2),
    ("[a]\n[b](+)\n", 2),
    ("[a]\n[t](!)\n[t](+)\n", 3),
    ("[a]\n\\ = b\n", 2),
    ("[a]\n#include nowhere.conf\n", 2),
    ("[a]\n#include \"nowhere/*.conf\"\n", 2),
    ("[a]\n#include \"{}.conf\"\n", 2),
    ("[a]\n#include \"nowhere\n", 2),
];

#[tokio::test]
async fn what_the_server_takes_for_invalid_is_an_error_in_the_same_place() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let etc = instance.sandbox().etc();
        for (number, (text, expected)) in INVALID.iter().enumerate() {
            let name = format!("invalid-{number}.conf");
            fs::write(etc.join(&name), text).unwrap();
            let error = Server::from_manager_conf(etc.join(&name), None).unwrap_err();
            match &error {
                ServerError::ManagerConf { path, line: Some(line), .. } => {
                    assert_eq!((path, line), (&etc.join(&name), expected), "{error:#}");
                }
                _ => panic!("{text}: {error:#}"),
            }
            let asked = Action::new("GetConfig").field("Filename", &name);
            let answer = instance.ami().call(asked).await;
            assert!(matches!(answer, Err(Error::Rejected(_))), "{major} {text}: {answer:?}");
        }
        end(instance).await;
    }
}

/// The variable that marks the process that the test below starts.
const PROGRAM: &str = "AMI_TEST_PROGRAM";

/// The test starts itself as a program with an environment of its own: there is no safe way to
/// change that of this process.
#[tokio::test]
async fn a_program_needs_the_environment_alone() {
    if env::var_os(PROGRAM).is_some() {
        let client =
            Server::from_env().unwrap_or_else(|it| panic!("{it}")).connect().await.unwrap();
        client.close().await.unwrap();
        return;
    }
    let instance = super::boot(22).await;
    let address = instance.ami_address();
    let run = async |variables: &[(&str, String)]| {
        let test = "server::sources::a_program_needs_the_environment_alone";
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test]).env(PROGRAM, "1");
        command.env_remove("AMI_SERVER").env_remove("AMI_SECRET");
        let output = command.envs(variables.iter().cloned()).output().await.unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        if output.status.success() { Ok(()) } else { Err(shown) }
    };
    run(&[("AMI_SERVER", format!("user:my%73ecret@{address}"))]).await.unwrap();
    let variables =
        [("AMI_SERVER", format!("user@{address}")), ("AMI_SECRET", "mysecret".to_owned())];
    run(&variables).await.unwrap();
    for (variables, expected) in [
        (&[][..], "AMI_SERVER is not set"),
        (&variables[..1], "AMI_SECRET is not set"),
        (&variables[1..], "AMI_SERVER is not set"),
        (&[("AMI_SERVER", format!("user:%@{address}"))], "AMI_SERVER: the secret, character 1"),
        (&[("AMI_SERVER", format!("user:x@{address}"))], "Authentication failed"),
    ] {
        let shown = run(variables).await.unwrap_err();
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    end(instance).await;
}
