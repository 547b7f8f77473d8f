//! Commands that are done on each of several servers.

use ami::testing::{Reply, Script};
use serde_json::json;

use super::kit::{Contexts, nobody, three};
use crate::events::kit::{run, scripted, scripted_by};

#[tokio::test]
async fn a_command_is_done_on_each_and_each_line_says_where() {
    let script = |output: &str| Script::new().command("core show uptime", output);
    let berlin = scripted_by(script("one\ntwo")).await;
    let paris = scripted_by(script("three")).await;
    let contexts = three(&berlin, &paris);
    let both = [&berlin, &paris];
    let words = ["cli", "--servers", "paris,berlin", "core", "show", "uptime"];
    let people = contexts.run(&both, &words).await;
    assert_eq!(people.code, Some(0), "{people:?}");
    // In the order of the command line, whichever was the first to answer.
    assert_eq!(people.text(), "paris   three\nberlin  one\nberlin  two\n");

    let json = contexts.run(&both, &[&["--json"], &words[..]].concat()).await;
    let output = |server: &str, lines: &[&str]| {
        json!({ "v": 1, "server": server, "command": "core show uptime", "done": true,
                "output": lines })
    };
    assert_eq!(json.objects(), [output("paris", &["three"]), output("berlin", &["one", "two"])]);
    assert!(json.text().starts_with(r#"{"v":1,"server":"paris","#), "{json:?}");
}

#[tokio::test]
async fn a_server_that_is_away_is_told_and_the_others_are_shown() {
    let (berlin, paris) = (scripted().await, scripted().await);
    let contexts = three(&berlin, &paris);
    let both = [&berlin, &paris];
    let ended = contexts.run(&both, &["do", "Ping", "--servers", "all", "--json"]).await;
    assert_eq!(ended.code, Some(9), "{ended:?}");
    let [one, other, rome] = &ended.objects()[..] else { panic!("{ended:?}") };
    assert_eq!((&one["server"], &other["server"]), (&json!("berlin"), &json!("paris")));
    assert_eq!(one["lines"][0], json!(["Response", "Success"]));
    assert_eq!((&rome["server"], &rome["exit"]), (&json!("rome"), &json!(3)), "{rome}");
    assert!(rome["error"].as_str().unwrap().contains("connect"), "{rome}");
    assert!(ended.stderr.contains("error: rome: "), "{ended:?}");
    assert!(ended.stderr.contains("hint: rome: nobody listens there"), "{ended:?}");

    // All of them in the same way: that is the end of the program.
    let contexts = Contexts::new(&[("a", nobody()), ("b", nobody())]);
    let ended = run(contexts.ami(&["ping", "--servers", "all"])).await;
    assert_eq!((ended.code, ended.stderr.matches("error: ").count()), (Some(3), 2), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_refuses_is_told_apart_from_one_that_does_it() {
    let refuses = Script::new().answer("QueuePause", Reply::error("Interface not found"));
    let berlin = scripted_by(Script::new().answer("QueuePause", Reply::success())).await;
    let paris = scripted_by(refuses).await;
    let contexts = three(&berlin, &paris);
    let words = ["do", "QueuePause", "Interface=X", "Paused=true", "--servers", "berlin,paris"];
    let ended = contexts.run(&[&berlin, &paris], &words).await;
    assert_eq!(ended.code, Some(9), "{ended:?}");
    assert!(ended.stderr.contains("error: paris: "), "{ended:?}");
    assert!(!ended.stderr.contains("error: berlin: "), "{ended:?}");
    assert!(paris.received().iter().any(|it| it.name() == "QueuePause"));
}

#[tokio::test]
async fn the_secret_of_a_context_goes_before_the_variable() {
    let berlin = ami::testing::Server::bind().await.unwrap();
    let berlin = berlin.script(Script::new().user("user", "of berlin"));
    let paris = scripted().await;
    let (one, other) = (berlin.address(), paris.address());
    let contexts = Contexts::of(&format!(
        "[contexts.berlin]\naddress = \"{one}\"\nuser = \"user\"\n\
         secret_command = [\"echo\", \"of berlin\"]\n\
         [contexts.paris]\naddress = \"{other}\"\nuser = \"user\"\n"
    ));
    let ended = contexts.run(&[&berlin, &paris], &["ping", "--servers", "all", "-v"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("berlin: secret: from the command \"echo\""), "{ended:?}");
    assert!(ended.stderr.contains("paris: secret: from AMI_SECRET"), "{ended:?}");
}

#[tokio::test]
async fn what_makes_no_sense_on_several_servers_is_refused() {
    let contexts = Contexts::new(&[("a", nobody()), ("\"b.c\"", nobody())]);
    for (words, says) in [
        (&["top", "--servers", "a"][..], "the command looks at one server"),
        (&["hangup", "X/1", "--servers", "a"], "the command looks at one server"),
        (&["--server", "a", "ping", "--servers", "a"], "use one"),
        (&["ping", "--server", "a", "--servers", "a"], "cannot be used with"),
        (&["ping", "--servers", "all"], "\"b.c\" cannot name a server"),
        (&["ping", "--servers", "a,x=user:mysecret@host"], "a secret is no part of an argument"),
        (&["ping", "--servers", "x"], "there is no context \"x\""),
        (&["ping", "--raw", "--servers", "a"], "would be mixed"),
        (&["tail", "--raw", "--servers", "a"], "would be mixed"),
        (&["tail", "x.ami", "--servers", "a"], "a recording is of no server"),
        (&["do", "--stdin", "--servers", "a"], "--stdin sends to one server"),
        (&["cli", "--servers", "a"], "--servers needs COMMAND"),
        (&["doctor", "--nagios", "--servers", "a"], "--nagios is for one server"),
        (&["call", "X/1", "--app", "Echo", "--route", "random"], "--servers"),
    ] {
        let ended = run(contexts.ami(words)).await;
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        assert!(ended.stderr.contains(says) && !ended.stderr.contains("mysecret"), "{ended:?}");
    }
    let none = Contexts::of("");
    let ended = run(none.ami(&["ping", "--servers", "all"])).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("there are no contexts"), "{ended:?}");
}

#[tokio::test]
async fn a_call_needs_a_server_whose_calls_can_be_counted() {
    let refuses = || Script::new().otherwise(|_| Reply::error("Permission denied"));
    let (berlin, paris) = (scripted_by(refuses()).await, scripted_by(refuses()).await);
    let contexts = three(&berlin, &paris);
    let words = ["call", "X/1", "--app", "Echo", "--servers", "berlin,paris"];
    let ended = contexts.run(&[&berlin, &paris], &words).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("--route random does not"), "{ended:?}");

    let contexts = Contexts::new(&[("a", nobody()), ("b", nobody())]);
    let words = ["call", "X/1", "--app", "Echo", "--servers", "all"];
    let ended = run(contexts.ami(&words)).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
}
