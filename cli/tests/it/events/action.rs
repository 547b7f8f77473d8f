//! `ami do`.

use std::process::Stdio;

use ami::testing::{Reply, Script};
use ami::{EventClass, Filter, Frame, Originate};
use tokio::io::AsyncWriteExt;

use super::kit::{
    Ended, VERSIONS, ami, boot, decoded_any, end, offline, run, scripted, scripted_by, start,
};

/// Runs the program with these lines on its standard input.
async fn with_input(mut command: tokio::process::Command, input: impl AsRef<[u8]>) -> Ended {
    command.stdin(Stdio::piped());
    let mut running = start(command);
    let mut stdin = running.child.stdin.take().unwrap();
    stdin.write_all(input.as_ref()).await.unwrap();
    drop(stdin);
    running.end().await
}

/// The fields of a message in JSON, without those that differ each time.
fn told(object: &serde_json::Value) -> Vec<(String, String)> {
    let lines = object["lines"].as_array().unwrap().iter();
    let text = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
    let pairs = lines.map(|line| (text(&line[0]), text(&line[1])));
    pairs.filter(|(name, _)| name != "ActionID").collect()
}

#[tokio::test]
async fn real_servers_take_any_action() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let address = instance.ami_address();
        let act = async |words: &[&str]| run(ami(&address, &[&["do"], words].concat())).await;

        let set = act(&["setvar", "Variable=A", "Value=b=c"]).await;
        assert_eq!(set.text(), "Response  Success\nMessage   Variable Set\n");
        let get = act(&["Getvar", "Variable=A", "--json"]).await;
        let pairs = [("Response", "Success"), ("Variable", "A"), ("Value", "b=c")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(told(&get.objects()[0]), pairs);
        let mut events = instance.ami().subscribe(Filter::user_event("Rep"));
        act(&["UserEvent", "UserEvent=Rep", "K=1", "k=2", "K="]).await;
        let event = events.next_event().await.unwrap();
        assert_eq!(event.get_all("K").collect::<Vec<_>>(), [&b"1"[..], b"2", b""]);
        let version = act(&["Command", "Command=core show version"]).await;
        assert!(version.text().starts_with(&format!("Asterisk {major}.")), "{version:?}");

        let goodbye = act(&["Logoff"]).await;
        assert!(goodbye.code == Some(0) && goodbye.text().contains("Goodbye"), "{goodbye:?}");

        let call = Originate::to_application("Local/answer@default", "Echo", "");
        instance.ami().originate(call.caller_id("\x1b[2J <9>")).await.unwrap();
        let list = act(&["CoreShowChannels", "--json"]).await;
        let names: Vec<_> = list.objects().iter().map(|it| it["lines"][0][1].clone()).collect();
        assert_eq!(names, ["CoreShowChannel", "CoreShowChannel"]);
        let whole = act(&["CoreShowChannels", "--json", "--all"]).await;
        assert_eq!(whole.objects().len(), 4);
        let table = act(&["CoreShowChannels"]).await;
        let text = table.text();
        let lines: Vec<_> = text.lines().collect();
        let [head, first, second] = lines[..] else { panic!("{table:?}") };
        assert!(head.starts_with("Channel ") && table.stderr == "2 items\n", "{table:?}");
        assert!(first.contains("Local/answer@default") && second.contains("Local/"), "{table:?}");
        assert!(!table.text().contains('\x1b'), "{table:?}");

        let refused = act(&["Hangup", "Channel=none", "--json"]).await;
        assert_eq!(refused.code, Some(1));
        assert_eq!(told(&refused.objects()[0])[0].1, "Error");
        assert!(refused.stderr.contains("the server refused the action: No such channel"));
        let unknown = act(&["SetVarr"]).await;
        assert_eq!((unknown.code, unknown.stdout), (Some(1), Vec::new()));
        assert!(unknown.stderr.contains("an action of that name is Setvar"), "{}", unknown.stderr);
        let missing = act(&["Redirect"]).await;
        assert!(missing.stderr.contains("Redirect needs Channel, Exten"), "{}", missing.stderr);

        let silence = ["Originate", "Channel=Local/silence@default", "Application=Echo"];
        let late = act(&[&silence[..], &["--timeout", "500ms"]].concat()).await;
        assert_eq!(late.code, Some(6), "{late:?}");

        let raw = act(&["Ping", "--raw"]).await;
        let [Frame::Banner(_), Frame::Response(pong)] = &decoded_any(&raw.stdout)[..] else {
            panic!("{raw:?}")
        };
        assert_eq!(pong.get("Ping"), Some(&b"Pong"[..]));
        end(instance).await;
    }
}

#[tokio::test]
async fn actions_on_the_input_are_sent_in_order() {
    let instance = boot(22).await;
    let lines = "{\"action\":\"Setvar\",\"fields\":[[\"Variable\",\"A\"],[\"Value\",\"1\"]]}\n\n\
                 {\"Action\":\"Hangup\",\"Channel\":\"none\"}\n\
                 {\"action\":\"Getvar\",\"Variable\":\"A\"}\n";
    let act = async |more: &[&str], input: &str| {
        let words = [&["do", "--stdin", "--json"], more].concat();
        with_input(ami(instance.ami_address(), &words), input).await
    };
    let first = act(&[], lines).await;
    assert_eq!((first.code, first.objects().len()), (Some(1), 2), "{first:?}");
    let all = act(&["--keep-going"], lines).await;
    assert_eq!((all.code, all.objects().len()), (Some(1), 3), "{all:?}");
    assert_eq!(told(&all.objects()[2])[2], ("Value".to_owned(), "1".to_owned()));
    let wrong = act(&[], "{\"action\":\"Ping\"}\n{\"Secret\":\"hush\"}\n").await;
    assert_eq!((wrong.code, wrong.objects().len()), (Some(2), 1), "{wrong:?}");
    assert!(wrong.stderr.contains("line 2 of the standard input is no action"), "{wrong:?}");
    assert!(!wrong.stderr.contains("hush"), "{wrong:?}");
    end(instance).await;
}

#[tokio::test]
async fn a_server_that_goes_away_may_have_executed_the_action() {
    let server = scripted().await;
    let act = start(ami(server.address(), &["do", "Hangup", "Channel=X"]));
    let mut peer = server.accept().await.unwrap();
    peer.expect("Hangup").await.unwrap();
    drop(peer);
    let ended = act.end().await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
}

#[tokio::test]
async fn an_action_that_is_never_sent_says_so() {
    let server = scripted().await;
    let mut act = ami(server.address(), &["do", "--stdin", "--timeout", "1s"]);
    act.stdin(Stdio::piped());
    let mut act = start(act);
    let mut stdin = act.child.stdin.take().unwrap();
    let mut peer = server.accept().await.unwrap();
    stdin.write_all(b"{\"action\":\"Ping\"}\n").await.unwrap();
    // The answer is printed once the whole reply is in.
    let mut answer = [0; 8];
    let read = tokio::io::AsyncReadExt::read_exact(&mut act.stdout, &mut answer);
    peer.serve_until(read).await.unwrap().unwrap();
    drop(peer);
    // The client has noticed the loss, and is not let in again.
    let silent = server.accept_silent().await.unwrap();
    stdin.write_all(b"{\"action\":\"Ping\"}\n").await.unwrap();
    drop(stdin);
    let ended = act.end().await;
    drop(silent);
    assert_eq!(ended.code, Some(5), "{ended:?}");
}

#[tokio::test]
async fn an_action_that_the_user_may_not_send_is_refused_with_the_line_that_is_missing() {
    let server = scripted_by(Script::new().write(EventClass::Call)).await;
    let act = ami(server.address(), &["do", "QueueAdd", "Queue=q", "Interface=X"]);
    let ended = server.serve_until(run(act)).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("needs `write = …,agent` in manager.conf"), "{ended:?}");
}

#[tokio::test]
async fn a_list_of_several_kinds_is_a_table_for_each() {
    let list = Reply::list([
        "Event: QueueParams\nQueue: a\nCalls: 0\nEmpty: ",
        "Event: QueueMember\nQueue: a\nName: \x1b[31mAnn\nNote: 1\nNote: 2",
        "Event: QueueMember\nQueue: a\nName: Bob",
        "Event: QueueParams\nQueue: long\nCalls: 3",
    ]);
    let server = scripted_by(Script::new().answer("QueueStatus", list)).await;
    let act = ami(server.address(), &["do", "QueueStatus"]);
    let ended = server.serve_until(run(act)).await.unwrap();
    let expected = "\
QueueParams
Queue  Calls
a      0
long   3

QueueMember
Queue  Name           Note
a      \\u{1b}[31mAnn  1 2
a      Bob

";
    assert_eq!((ended.code, ended.text()), (Some(0), expected.to_owned()));
}

#[tokio::test]
async fn an_action_tells_what_it_takes() {
    let help = run(offline(&["do", "queueadd", "--help"])).await;
    assert_eq!(help.code, Some(0), "{help:?}");
    let text = help.text();
    let begin = "QueueAdd\nNeeds the write class agent\nAsterisk 16 and 22";
    assert!(text.starts_with(begin), "{text}");
    assert!(text.contains(": https://docs.asterisk.org/"), "{text}");
    let lines: Vec<_> = text.lines().map(|it| it.split_whitespace().collect::<Vec<_>>()).collect();
    assert!(lines.contains(&vec!["Queue=TEXT", "required"]), "{text}");
    assert!(lines.iter().any(|it| it.first() == Some(&"Penalty=NUMBER")), "{text}");
    let json = run(offline(&["do", "QueueAdd", "--help", "--json"])).await.objects();
    assert_eq!((&json[0]["v"], &json[0]["classes"][0]), (&1.into(), &"agent".into()));
    assert_eq!(json[0]["parameters"][1]["required"], true);
    let unknown = run(offline(&["do", "QueueAdb", "--help"])).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("similar: QueueAdd"), "{unknown:?}");
    let own = run(offline(&["do", "--help"])).await;
    assert!(own.code == Some(0) && own.text().contains("--keep-going"), "{own:?}");
    assert_eq!(run(offline(&["do"])).await.code, Some(2));
    assert_eq!(run(ami("127.0.0.1:1", &["do", "Ping", "hush"])).await.code, Some(2));
    assert_eq!(run(ami("127.0.0.1:1", &["do", "Ping"])).await.code, Some(3));
}

#[tokio::test]
async fn a_line_that_is_no_text_is_named() {
    let server = scripted().await;
    let act = ami(server.address(), &["do", "--stdin"]);
    let input = b"{\"action\":\"Ping\"}\n{\"action\":\"\xff\"}\n";
    let ended = server.serve_until(with_input(act, input)).await.unwrap();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("line 2 of the standard input is no action"), "{ended:?}");
}

#[tokio::test]
async fn a_list_that_fails_in_the_middle_is_printed_as_far_as_it_came() {
    for (form, items) in [(&[][..], "A\n1\n"), (&["--json"], "")] {
        let server = scripted().await;
        let act = start(ami(server.address(), &[&["do", "Things"], form].concat()));
        let mut peer = server.accept().await.unwrap();
        let asked = peer.expect("Things").await.unwrap();
        let begin = Reply::success().field("EventList", "start").event("Thing").field("A", "1");
        peer.respond(&asked, begin).await.unwrap();
        peer.respond(&asked, Reply::error("out of things")).await.unwrap();
        let ended = peer.serve_until(act.end()).await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("out of things"), "{ended:?}");
        assert!(ended.text().ends_with(items) && ended.text().contains('1'), "{ended:?}");
    }
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_a_failure_and_no_reader_is_none() {
    let unknown = Reply::error("Command output follows").field("Output", b"No such \xff");
    let server = scripted_by(Script::new().answer("Command", unknown)).await;
    let address = server.address();

    // A file that may not grow.
    let folder = tempfile::TempDir::new().unwrap();
    let limited = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} do Ping > {}/full",
        env!("CARGO_BIN_EXE_ami"),
        folder.path().display()
    );
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-c", &limited]).env("AMI_SERVER", format!("user@{address}"));
    shell.env("AMI_SECRET", "mysecret").stdin(Stdio::null());
    let ended = server.serve_until(run(shell)).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("the output cannot be written: "), "{ended:?}");

    // What became of a command does not depend on who reads its output.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut cli = ami(address, &["cli", "nosuch"]);
    let output = server.serve_until(cli.stdout(writer).output()).await.unwrap().unwrap();
    assert_eq!((output.status.code(), &output.stderr[..]), (Some(1), &b""[..]));

    let ended = server.serve_until(run(ami(address, &["cli", "nosuch", "--json"]))).await.unwrap();
    let bytes: &[u8] = b"No such \xff";
    assert_eq!(ended.objects()[0]["output"], serde_json::json!([bytes]), "{ended:?}");
    for option in ["0", "0ms"] {
        let ended = run(ami(address, &["do", "Ping", "--timeout", option])).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
}
