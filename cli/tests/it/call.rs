//! `ami call` and `ami hangup`.

use ami::testing::Reply;
use ami::{Action, Cause, Client, Filter, Originate, Subscription};
use instance::{Builder, Instance, Modules, Server as Installed, Want};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::events::kit::{
    AGES, Ended, Running, VERSIONS, ami, end, run, scripted, scripted_by, start,
};

const DIALPLAN: &str = "
[default]
exten => answer,1,Answer()
same => n,Wait(60)
exten => short,1,Answer()
same => n,Hangup(16)
exten => variable,1,Answer()
same => n,UserEvent(Called,Greeting: ${GREETING},Number: ${CALLERID(num)})
same => n,Wait(60)
exten => ring,1,Ringing()
same => n,Wait(60)
exten => busy,1,Busy(1)
exten => congestion,1,Congestion(1)
exten => rejected,1,Hangup(21)
exten => hungup,1,Hangup(16)
exten => dial,1,Dial(Local/short@default)
exten => dialwait,1,Dial(Local/answer@default)
exten => dialbusy,1,Dial(Local/busy@default)
same => n,Hangup()
";

const MODULES: [&str; 7] = [
    "pbx_config",
    "app_dial",
    "app_userevent",
    "bridge_simple",
    "func_callerid",
    "func_channel",
    "func_dialplan",
];

async fn boot(major: u32) -> Instance {
    let said = |progress| eprintln!("{progress}");
    let server = Installed::find_or_fetch(&Want::Major(major), said).await.unwrap();
    let builder = Builder::new(server).modules(Modules::list(MODULES));
    let builder = builder.file("extensions.conf", DIALPLAN).login("user", "mysecret");
    builder.build().unwrap().boot().await.unwrap()
}

/// Waits until so many channels are up. The server's list comes from a cache, which can be a moment
/// behind the events.
async fn until_channels(client: &Client, count: usize) {
    let reached = async {
        let list = || client.list(Action::new("CoreShowChannels")).collect();
        while list().await.unwrap().items.len() != count {}
    };
    timeout(AGES, reached).await.unwrap();
}

/// Waits until the dialplan of a call has come to a step that lasts.
async fn until_it_waits(steps: &mut Subscription) {
    while steps.next_event().await.unwrap().get("Application") != Some(b"Wait") {}
}

/// Waits until both halves of a Local channel have ended, and returns their causes.
async fn both_halves(ends: &mut Subscription) -> [Cause; 2] {
    let mut causes = [Cause::default(); 2];
    for cause in &mut causes {
        *cause = Cause::of(&ends.next_event().await.unwrap()).unwrap();
    }
    causes
}

async fn call(instance: &Instance, exten: &str, more: &[&str]) -> Ended {
    let channel = format!("Local/{exten}@default");
    let words = [&["call", &*channel, "--app", "Wait,60"], more].concat();
    run(ami(instance.ami_address(), &words)).await
}

#[tokio::test]
async fn the_exit_code_says_what_became_of_a_call() {
    for major in VERSIONS {
        let instance = boot(major).await;
        for (exten, code, word) in [
            ("answer", 0, "answered by Local/answer@default-"),
            ("busy", 10, "busy: cause 17 (USER_BUSY)\n"),
            ("congestion", 12, "congestion: cause 34 (NORMAL_CIRCUIT_CONGESTION)\n"),
            ("nosuch", 13, "no such extension\n"),
            ("hungup", 14, "hung up: cause 16 (NORMAL_CLEARING)\n"),
            ("rejected", 19, "failed: cause 21 (CALL_REJECTED)\n"),
        ] {
            let ended = call(&instance, exten, &[]).await;
            assert_eq!(ended.code, Some(code), "Asterisk {major}: {ended:?}");
            assert!(ended.text().starts_with(word), "Asterisk {major}: {ended:?}");
        }
        let ended = call(&instance, "ring", &["--ring", "100ms"]).await;
        assert_eq!(ended.code, Some(11), "{ended:?}");
        let words = ["call", "Nosuch/x", "--app", "Wait"];
        let ended = run(ami(instance.ami_address(), &words)).await;
        assert_eq!(ended.code, Some(19), "{ended:?}");
        assert!(ended.text().contains("could not create the channel"), "{ended:?}");
        let words = ["call", "Local/answer@default", "--to", "nosuch@default"];
        let ended = run(ami(instance.ami_address(), &words)).await;
        assert_eq!(ended.code, Some(13), "{ended:?}");

        let ended = call(&instance, "busy", &["--json"]).await;
        let [object] = &ended.objects()[..] else { panic!("{ended:?}") };
        assert_eq!((&object["v"], &object["outcome"]), (&1.into(), &"busy".into()));
        assert_eq!((&object["reason"], &object["cause"]), (&5.into(), &17.into()));
        end(instance).await;
    }
}

#[tokio::test]
async fn a_call_has_the_variables_and_the_caller_that_it_was_given() {
    let instance = boot(22).await;
    let mut events = instance.ami().subscribe(Filter::user_event("Called"));
    let more = ["--var", "__GREETING=hello [world]", "--caller-id", "Alice <100>"];
    let ended = call(&instance, "variable", &more).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let event = events.next_event().await.unwrap();
    assert_eq!(event.get("Greeting"), Some(&b"hello [world]"[..]), "{event:?}");
    assert_eq!(event.get("Number"), Some(&b"100"[..]), "{event:?}");
    end(instance).await;
}

fn steps(ended: &Ended) -> Vec<String> {
    let step = |it: Value| it["step"].as_str().unwrap().to_owned();
    ended.objects().into_iter().map(step).collect()
}

#[tokio::test]
async fn a_call_is_followed_to_its_end() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let follow = |to: &'static str, form: &'static [&'static str]| {
            let words = ["call", "Local/answer@default", "--to", to, "--follow"];
            run(ami(instance.ami_address(), &[&words, form].concat()))
        };
        let ended = follow("dial@default", &["--json"]).await;
        assert_eq!(ended.code, Some(0), "Asterisk {major}: {ended:?}");
        let steps = steps(&ended);
        let count = |word: &str| steps.iter().filter(|it| *it == word).count();
        assert_eq!((count("leg"), count("answered"), count("hung_up")), (2, 2, 2), "{steps:?}");
        assert_eq!((count("outcome"), count("ended")), (1, 1), "{steps:?}");
        assert_eq!(steps.last().unwrap(), "ended");
        let last = ended.objects().pop().unwrap();
        assert_eq!((&last["v"], &last["cause"]), (&1.into(), &16.into()), "{last}");
        assert!(ended.objects().iter().all(|it| it["call"] == last["call"]));

        // The party that the dialplan calls counts, once the channel has answered.
        let ended = follow("dialbusy@default", &[]).await;
        assert_eq!(ended.code, Some(10), "Asterisk {major}: {ended:?}");

        let people = follow("dial@default", &[]).await.text();
        let last = people.lines().last().unwrap();
        assert!(last.contains("  ended       answered"), "{people}");

        for (exten, code) in [("busy", 10), ("nosuch", 13), ("rejected", 19), ("ring", 11)] {
            let ended = call(&instance, exten, &["--follow", "--ring", "200ms"]).await;
            assert_eq!(ended.code, Some(code), "Asterisk {major}: {ended:?}");
            assert!(ended.text().lines().last().unwrap().contains("  ended "), "{ended:?}");
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_transfer_is_a_step_of_a_call() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let mut bridged = instance.ami().subscribe(Filter::named(["BridgeEnter"]));
        let words = ["call", "Local/answer@default", "--to", "dialwait@default", "--follow"];
        let followed = start(ami(instance.ami_address(), &[&words[..], &["--json"]].concat()));
        let mut inside = Vec::new();
        while inside.len() < 2 {
            let event = bridged.next_event().await.unwrap();
            inside.push(event.text("Channel").unwrap().into_owned());
        }
        let transfer = Action::new("BlindTransfer").field("Channel", &*inside[0]);
        let to = transfer.field("Exten", "short").field("Context", "default");
        instance.ami().call(to).await.unwrap();
        let ended = followed.end().await;
        assert_eq!(ended.code, Some(0), "Asterisk {major}: {ended:?}");
        let told = ended.objects().into_iter().find(|it| it["step"] == "transferred");
        let told = told.unwrap_or_else(|| panic!("Asterisk {major}: {ended:?}"));
        assert_eq!(told["channel"], *inside[0], "Asterisk {major}: {ended:?}");
        assert_eq!(told["text"], "to short@default", "Asterisk {major}: {ended:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn ctrl_c_hangs_up_unless_the_call_is_kept() {
    for major in VERSIONS {
        let instance = boot(major).await;
        for (more, goes_on) in [(&[][..], false), (&["--follow"], false), (&["--keep"], true)] {
            let mut steps = instance.ami().subscribe(Filter::named(["Newexten"]));
            let mut ends = instance.ami().subscribe(Filter::named(["Hangup"]));
            let words = [&["call", "Local/ring@default", "--app", "Wait,60"], more].concat();
            let call = start(ami(instance.ami_address(), &words));
            until_it_waits(&mut steps).await;
            call.interrupt();
            let ended = call.end().await;
            assert_eq!(ended.code, Some(130), "Asterisk {major}: {ended:?}");
            let told = "hung up Local/ring@default with 16 (NORMAL_CLEARING)";
            assert_eq!(ended.text().contains(told), !goes_on, "{ended:?}");
            if goes_on {
                let (_, hangup) = ended.stderr.split_once("ami hangup --call ").unwrap();
                let id = hangup.trim();
                until_channels(instance.ami(), 2).await;
                let words = ["hangup", "--call", id];
                let ended = run(ami(instance.ami_address(), &words)).await;
                assert_eq!(ended.code, Some(0), "{ended:?}");
            }
            both_halves(&mut ends).await;
        }
        the_end_of_the_reader_hangs_up(&instance).await;
        end(instance).await;
    }
}

async fn the_end_of_the_reader_hangs_up(instance: &Instance) {
    let mut steps = instance.ami().subscribe(Filter::named(["Newexten"]));
    let mut ends = instance.ami().subscribe(Filter::named(["Hangup"]));
    let words = ["call", "Local/ring@default", "--app", "Wait,60", "--follow"];
    let mut call = start(ami(instance.ami_address(), &words));
    until_it_waits(&mut steps).await;
    call.shows("call ").await;
    let Running { mut child, stdout, .. } = call;
    drop(stdout);
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(0));
    both_halves(&mut ends).await;
    until_channels(instance.ami(), 0).await;
}

#[tokio::test]
async fn hangup_ends_a_channel_all_that_match_or_a_call() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let hangup =
            |words: &[&str]| run(ami(instance.ami_address(), &[&["hangup"], words].concat()));
        let place = || async {
            let call = Originate::to_application("Local/answer@default", "Wait", "60");
            let call = instance.ami().originate(call).await.unwrap();
            (call.channel().to_owned(), call.unique_id().to_owned())
        };
        let mut ends = instance.ami().subscribe(Filter::named(["Hangup"]));

        let (name, _) = place().await;
        let ended = hangup(&[&*name, "--cause", "user_busy"]).await;
        assert_eq!(ended.text(), format!("hung up {name} with 17 (USER_BUSY)\n"), "{ended:?}");
        let causes = both_halves(&mut ends).await;
        assert!(causes.contains(&17.into()), "{causes:?}");

        let (name, _) = place().await;
        let ended = hangup(&["--regex", "^Local/answer@.*;1$", "--json"]).await;
        both_halves(&mut ends).await;
        let [object] = &ended.objects()[..] else { panic!("{ended:?}") };
        assert_eq!((&object["hungup"], &object["v"]), (&(&*name).into(), &1.into()), "{object}");

        let (name, id) = place().await;
        let ended = hangup(&["--call", &id]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.text().contains(&format!("hung up {name} with 16")), "{ended:?}");
        both_halves(&mut ends).await;

        for (words, code, told) in [
            (&[&*name][..], 1, "No such channel"),
            (&["--regex", "^Local/answer"], 1, "no channel has a name that matches ^Local/answer"),
            (&["--call", &id], 1, "no channel has the call"),
            (&["/Local/"], 2, "--regex"),
            (&["x", "--cause", "128"], 2, "outside of 1 to 127"),
        ] {
            let ended = hangup(words).await;
            assert_eq!(ended.code, Some(code), "{ended:?}");
            assert!(ended.stderr.contains(told), "{ended:?}");
        }
        end(instance).await;
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_told() {
    let instance = boot(22).await;
    let mut steps = instance.ami().subscribe(Filter::named(["Newexten"]));
    let place = |exten: &str, more: &[&str]| {
        let channel = format!("Local/{exten}@default");
        let words = [&["call", &*channel, "--app", "Wait,60"], more].concat();
        start(ami(instance.ami_address(), &words))
    };
    let ringing = place("ring", &[]);
    until_it_waits(&mut steps).await;
    let mut followed = place("answer", &["--follow", "--json"]);
    let mut told = String::new();
    while !told.contains("outcome") {
        let mut bytes = [0; 512];
        let read = followed.stdout.read(&mut bytes).await.unwrap();
        assert!(read > 0, "{told}");
        told += std::str::from_utf8(&bytes[..read]).unwrap();
    }
    instance.kill().await;
    let ended = ringing.end().await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.stderr.contains("may have been executed"), "{ended:?}");
    let ended = followed.end().await;
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(ended.stderr.contains("the call is followed no longer, and may go on"), "{ended:?}");
    instance.stop().await.unwrap();

    let server = scripted().await;
    let hangup = start(ami(server.address(), &["hangup", "x"]));
    let mut peer = server.accept().await.unwrap();
    peer.expect("Hangup").await.unwrap();
    drop(peer);
    assert_eq!(hangup.end().await.code, Some(6));
}

#[tokio::test]
async fn the_names_of_channels_are_escaped() {
    let script = ami::testing::Script::new().answer_with("Hangup", |_| {
        Reply::list(["Event: ChannelHungup\nChannel: SIP/\x1b[2J\u{202e}"])
    });
    let server = scripted_by(script).await;
    let hangup = start(ami(server.address(), &["hangup", "--regex", "SIP"]));
    let mut peer = server.accept().await.unwrap();
    let ended = peer.serve_until(hangup.end()).await.unwrap();
    assert!(ended.text().contains(r"SIP/\u{1b}[2J\u{202e}"), "{ended:?}");
}
