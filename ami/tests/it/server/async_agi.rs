//! AsyncAGI sessions: calls that play sounds and read digits, and callers who hang up first.

use std::time::Duration;

use ami::agi::{AgiError, Session, Sessions};
use ami::value::ChannelState;
use ami::{Client, Error, EventClass, EventMask, Filter, Originate, Placed, Withheld};
use instance::{Instance, Modules};
use tokio::time::timeout;

use super::{AGES, builder, connect, end, next, quick};

/// `agi` is the called half, which enters AGI twice. The others are callers.
// Digits are longer than 80 ms, with gaps longer than 45 ms: a server that reads shorter ones makes
// up their ends by itself, and loses some where no sound comes with them.
const DIALPLAN: &str = "
[default]
exten => agi,1,Answer()
same => n,AGI(agi:async)
same => n,UserEvent(After,status:${AGISTATUS},seen:${SEEN})
same => n,AGI(agi:async)
same => n(placed),UserEvent(Placed,seen:${SEEN})
same => n,Wait(60)
exten => listens,1,Wait(60)
exten => presses,1,Wait(0.05)
same => n,GotoIf($[\"${KEYS}\" = \"\"]?1)
same => n,SendDTMF(${KEYS},250,250)
same => n,Set(KEYS=)
same => n,Goto(1)
";

async fn boot(major: u32) -> Instance {
    let modules = Modules::list([
        "pbx_config",
        "app_echo",
        "app_senddtmf",
        "app_userevent",
        "codec_gsm",
        "codec_ulaw",
        "format_gsm",
        "func_callerid",
        "func_channel",
        // Asterisk 22 needs it before `res_agi`.
        "res_speech",
        "res_agi",
        "res_timing_timerfd",
    ]);
    let builder = builder(major).await.modules(modules).file("extensions.conf", DIALPLAN);
    builder.build().unwrap().boot().await.unwrap()
}

/// A call from an extension to the one that enters AGI.
fn place(client: &Client, caller: &str) -> Placed {
    let call = Originate::to_extension("Local/agi@default/n", "default", caller, "1");
    client.place(call.caller_id("\"Zoë 50%+1\" <7>"))
}

/// Places a call, and returns the session of the called half, and its next ones.
async fn session_of(client: &Client, caller: &str) -> (Placed, Session, Sessions) {
    let mut call = place(client, caller);
    // The unique id is known before the channel is there.
    let id = format!("{};2", call.unique_id());
    let mut sessions = client.async_agi_of(&id).await.unwrap();
    call.outcome().await.unwrap();
    let session = next_session(&mut sessions).await;
    assert_eq!(session.unique_id(), id);
    (call, session, sessions)
}

async fn next_session(sessions: &mut Sessions) -> Session {
    timeout(AGES, sessions.next()).await.unwrap().unwrap().unwrap()
}

/// Presses keys of the caller's phone, once the called half executes a command.
async fn press(client: &Client, call: &Placed, session: &Session, keys: &str) {
    let begun = Filter::named(["AGIExecStart"]).field("Uniqueid", session.unique_id());
    next(&mut client.subscribe(begun)).await;
    client.set_variable(call.unique_id(), "KEYS", keys).await.unwrap();
}

/// A result that has to come.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(AGES, future).await.unwrap()
}

#[tokio::test]
async fn sessions_on_22() {
    sessions(22).await;
}

#[tokio::test]
async fn sessions_on_16() {
    sessions(16).await;
}

async fn sessions(major: u32) {
    let instance = boot(major).await;
    let client = connect(&instance, quick()).await.unwrap();
    tokio::join!(
        a_call_plays_a_sound_and_reads_digits(&client),
        a_caller_hangs_up_first(&client),
        several_tasks_send_commands(&client),
        refusals_and_failures(&client),
        variables(&client),
        long_values(&client),
        attached(&client),
        without_events_of_calls(&instance, &client),
        withheld(&instance),
    );
    assert_eq!((client.in_flight(), client.stats().subscriptions), (0, 0));
    end(instance).await;
}

async fn a_call_plays_a_sound_and_reads_digits(client: &Client) {
    let (mut call, session, mut sessions) = session_of(client, "presses").await;
    let env = session.env();
    assert_eq!(env.get("agi_calleridname"), Some("Zoë 50%+1"), "{env:?}");
    assert_eq!((env.get("agi_callerid"), env.get("agi_request")), (Some("7"), Some("async")));
    assert_eq!(env.get("agi_channel"), Some(session.channel()));
    assert!(env.is_complete() && session.channel().ends_with(";2"));
    session.answer().await.unwrap();
    assert_eq!(session.channel_status().await.unwrap(), ChannelState::Up);

    let data = session.get_data("tt-monkeys", AGES, 2);
    let (digits, ()) = tokio::join!(data, press(client, &call, &session, "12"));
    let digits = digits.unwrap();
    assert_eq!((&*digits.digits, digits.timed_out), ("12", false));
    let played = session.stream_file("beep", "#").await.unwrap();
    assert_eq!((played.digit, played.end), (None, 3520), "the whole sound");
    let none = session.get_data("beep", Duration::from_millis(1), 4).await.unwrap();
    assert_eq!((&*none.digits, none.timed_out), ("", true));
    assert_eq!(session.wait_for_digit(Duration::from_millis(1)).await.unwrap(), None);

    // A digit that stops a sound.
    let sound = session.stream_file("tt-monkeys", "*");
    let (played, ()) = tokio::join!(sound, press(client, &call, &session, "*"));
    let played = played.unwrap();
    assert_eq!(played.digit, Some('*'));
    assert!(played.end < 100_000, "{played:?} of some 130,000");

    // The dialplan goes on.
    let mut after =
        client.subscribe(Filter::user_event("After").field("Uniqueid", session.unique_id()));
    session.set_variable("SEEN", "by AGI").await.unwrap();
    session.end().await.unwrap();
    let event = next(&mut after).await;
    assert_eq!(event.text("seen").as_deref(), Some("by AGI"));
    assert_eq!(event.text("status").as_deref(), Some("SUCCESS"));
    let over = session.noop().await.unwrap_err();
    assert!(matches!(over, AgiError::Ended), "{over:?}");
    assert!(matches!(soon(session.over()).await, AgiError::Ended));

    // It enters AGI again, which is another session.
    let again = next_session(&mut sessions).await;
    assert_eq!(again.get_variable("SEEN").await.unwrap().as_deref(), Some("by AGI"));
    let mut placed =
        client.subscribe(Filter::user_event("Placed").field("Uniqueid", again.unique_id()));
    again.set_place("default", "agi", "placed").await.unwrap();
    again.end().await.unwrap();
    next(&mut placed).await;
    call.hang_up().await.unwrap();
    soon(call.end()).await.unwrap();
    assert!(matches!(session.noop().await, Err(AgiError::Ended)));
}

async fn a_caller_hangs_up_first(client: &Client) {
    // While nothing is going on.
    let (mut call, session, _) = session_of(client, "listens").await;
    let (over, hung_up) = tokio::join!(soon(session.over()), call.hang_up());
    hung_up.unwrap();
    assert!(matches!(over, AgiError::HungUp), "{over:?}");
    for _ in 0..2 {
        let late = soon(session.noop()).await.unwrap_err();
        assert!(matches!(late, AgiError::HungUp), "{late:?}");
    }
    // In the middle of a sound, with commands queued behind it.
    let (mut call, session, _) = session_of(client, "listens").await;
    let sound = session.stream_file("tt-monkeys", "");
    let mut begun =
        client.subscribe(Filter::named(["AGIExecStart"]).field("Uniqueid", session.unique_id()));
    let hang_up = async {
        next(&mut begun).await;
        call.hang_up().await.unwrap();
    };
    let commands = async { tokio::join!(sound, session.noop(), session.command("NOOP")) };
    let ((sound, first, second), ()) = soon(async { tokio::join!(commands, hang_up) }).await;
    assert!(matches!(sound, Err(AgiError::HungUp)), "{sound:?}");
    assert!(matches!(first, Err(AgiError::HungUp)), "{first:?}");
    assert!(matches!(second, Err(AgiError::HungUp)), "{second:?}");
    // By the session itself.
    let (mut call, session, _) = session_of(client, "listens").await;
    session.hangup().await.unwrap();
    assert!(soon(session.over()).await.is_end());
    soon(call.end()).await.unwrap();
    // The channel is gone, of which a new handle knows nothing.
    let gone = client.attach_agi(session.unique_id()).await.unwrap_err();
    assert!(matches!(gone, AgiError::HungUp), "{gone:?}");
}

async fn several_tasks_send_commands(client: &Client) {
    let mut sessions = client.async_agi().await.unwrap();
    let mut calls = ["listens"; 3].map(|caller| place(client, caller));
    let mut tasks = tokio::task::JoinSet::new();
    for call in &mut calls {
        call.outcome().await.unwrap();
    }
    let ids = calls.each_ref().map(|call| format!("{};2", call.unique_id()));
    let mut left = ids.to_vec();
    while !left.is_empty() {
        // Calls of other tests enter AGI, too.
        let session = next_session(&mut sessions).await;
        let before = left.len();
        left.retain(|id| id != session.unique_id());
        for n in (0..5).filter(|_| left.len() < before) {
            let session = session.clone();
            tasks.spawn(async move {
                let (id, name) = (session.unique_id().to_owned(), format!("V{n}"));
                let value = format!("{n} of {id}");
                session.set_variable(&name, &value).await.unwrap();
                assert_eq!(session.get_variable(&name).await.unwrap(), Some(value));
                let expression = format!("{n} ${{V{n}}}");
                let full = session.get_full_variable(&expression).await.unwrap();
                assert_eq!(full, Some(format!("{n} {n} of {id}")));
            });
        }
    }
    while let Some(task) = soon(tasks.join_next()).await {
        task.unwrap();
    }
    for call in &mut calls {
        call.hang_up().await.unwrap();
        soon(call.end()).await.unwrap();
    }
}

async fn refusals_and_failures(client: &Client) {
    let (mut call, session, mut sessions) = session_of(client, "listens").await;
    let unknown = session.command("NONSENSE").await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the server refused the command: 510 Invalid or unknown command"
    );
    let usage = session.command("GET VARIABLE").await.unwrap_err();
    assert_eq!(usage.reply().map(ami::agi::Reply::code), Some(520), "{usage:?}");
    let failed = session.exec("NoSuchApplication", "").await.unwrap_err();
    assert_eq!(failed.to_string(), "the command failed: 200 result=-2");
    assert_eq!(session.exec("Set", "B=1,2").await.unwrap(), 0);
    assert_eq!(session.get_variable("B").await.unwrap().as_deref(), Some("1,2"));
    let raw = session.command("CHANNEL STATUS nobody").await.unwrap();
    assert_eq!((raw.code(), raw.number(), raw.data()), (200, Some(-1), None));
    session.verbose("a \"message\"", 3).await.unwrap();
    for line in ["a\nb", "a\rb", "a\0b", &"x".repeat(1014)] {
        let unsent = session.set_variable(line, "").await.unwrap_err();
        assert!(matches!(unsent, AgiError::Client(Error::Action(_))), "{unsent:?}");
    }

    // A time-out of its own, and a future that is dropped, take nothing from the next command.
    let limited = session.clone().timeout(Duration::from_millis(1));
    let late = limited.exec("Wait", "0.2").await.unwrap_err();
    assert!(matches!(late, AgiError::Timeout(limit) if limit == Duration::from_millis(1)));
    let mut begun =
        client.subscribe(Filter::named(["AGIExecStart"]).field("Uniqueid", session.unique_id()));
    tokio::select! {
        ended = session.exec("Wait", "0.2") => panic!("{ended:?}"),
        _ = next(&mut begun) => {}
    }
    session.set_variable("C", "3").await.unwrap();
    assert_eq!(session.get_variable("C").await.unwrap().as_deref(), Some("3"));

    // The server ends AGI if there is no such sound.
    let none = session.stream_file("no-such-sound", "").await.unwrap_err();
    assert!(matches!(none, AgiError::Failed(_)), "{none:?}");
    assert!(matches!(soon(session.over()).await, AgiError::Ended));
    let again = next_session(&mut sessions).await;
    // A session that is dropped leaves the channel in AGI.
    let id = again.unique_id().to_owned();
    drop(again);
    let again = client.attach_agi(&id).await.unwrap();
    again.hangup().await.unwrap();
    soon(call.end()).await.unwrap();
}

async fn variables(client: &Client) {
    let (mut call, session, _) = session_of(client, "listens").await;
    let channel = session.unique_id().to_owned();
    let mut set = client.subscribe(Filter::variable("ODD").field("Uniqueid", session.unique_id()));
    for value in ["", "plain", "a \"b\" \\ 'c' \\\"", " (x) [y] ${z} %20+;,é)", "200 result=1 (x)"]
    {
        session.set_variable("ODD", value).await.unwrap();
        assert_eq!(session.get_variable("ODD").await.unwrap().as_deref(), Some(value));
        assert_eq!(client.variable(&channel, "ODD").await.unwrap(), value);
        let event = next(&mut set).await;
        assert_eq!(&*event.unescaped("Value").unwrap(), value.as_bytes(), "{event:?}");
        // The other way round.
        if !value.starts_with(' ') {
            client.set_variable(&channel, "ODD", value).await.unwrap();
            let read = session.get_variable("ODD").await.unwrap();
            assert_eq!(read.as_deref(), Some(value));
            next(&mut set).await;
        }
    }
    assert_eq!(session.get_variable("UNSET").await.unwrap(), None);
    assert_eq!(client.variable(&channel, "UNSET").await.unwrap(), "");
    session.set_caller_id("\"Ann\" <200>").await.unwrap();
    assert_eq!(client.variable(session.channel(), "CALLERID(num)").await.unwrap(), "200");
    client.set_variable(session.channel(), "CALLERID(name)", "Bob").await.unwrap();
    let name = session.get_variable("CALLERID(name)").await.unwrap();
    assert_eq!(name.as_deref(), Some("Bob"));

    let mut set = client.subscribe(Filter::variable("OUR_GLOBAL"));
    client.set_global_variable("OUR_GLOBAL", "1").await.unwrap();
    assert_eq!(next(&mut set).await.text("Channel").as_deref(), Some("none"));
    assert_eq!(client.global_variable("OUR_GLOBAL").await.unwrap(), "1");
    // A channel sees it, too.
    assert_eq!(client.variable(&channel, "OUR_GLOBAL").await.unwrap(), "1");

    for (name, value) in
        [("A", " x"), ("A", "\tx"), (" A", "x"), ("A", "x\ny"), ("A", &"x".repeat(1016))]
    {
        let unsent = client.set_variable(&channel, name, value).await.unwrap_err();
        assert!(matches!(unsent, Error::Action(_)), "{unsent:?}");
    }
    // A channel whose name is empty would be the global variables.
    let unknown = format!("UNKNOWN_{}", session.unique_id().replace([';', '.', '-'], "_"));
    for channel in ["", " "] {
        let set = client.set_variable(channel, &unknown, "x").await;
        assert!(matches!(set, Err(Error::Action(_))), "{set:?}");
        let read = client.variable(channel, &unknown).await;
        assert!(matches!(read, Err(Error::Action(_))), "{read:?}");
    }
    assert_eq!(client.global_variable(&unknown).await.unwrap(), "");
    client.set_variable(&channel, "A", &"x".repeat(1015)).await.unwrap();
    assert_eq!(client.variable(&channel, "A").await.unwrap().len(), 1015);
    for refused in [
        client.set_variable("nobody", "A", "x").await,
        client.variable("nobody", "A").await.map(drop),
        client.set_variable(&channel, "NO_FUNCTION(x)", "x").await,
        client.set_global_variable("", "x").await,
    ] {
        assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
    }
    call.hang_up().await.unwrap();
    soon(call.end()).await.unwrap();
}

/// The server cuts replies off, and sends the rest with the next ones.
async fn long_values(client: &Client) {
    let (mut call, session, _) = session_of(client, "listens").await;
    client.set_variable(session.unique_id(), "L", &"x".repeat(1000)).await.unwrap();
    assert_eq!(session.get_variable("L").await.unwrap().unwrap().len(), 1000);
    for times in [2, 4] {
        let cut = session.get_full_variable(&"${L}".repeat(times)).await.unwrap_err();
        assert!(matches!(&cut, AgiError::Unreadable(reply) if reply.bytes().len() == 1024));
        session.set_variable("N", &times.to_string()).await.unwrap();
        assert_eq!(session.get_variable("N").await.unwrap(), Some(times.to_string()));
    }
    // The encoded form is three times as long.
    client.set_variable(session.unique_id(), "L", &"é".repeat(500)).await.unwrap();
    let cut = session.get_variable("L").await.unwrap_err();
    assert!(matches!(cut, AgiError::Unreadable(_)), "{cut:?}");
    assert_eq!(session.get_variable("N").await.unwrap().as_deref(), Some("4"));
    call.hang_up().await.unwrap();
    soon(call.end()).await.unwrap();
}

async fn attached(client: &Client) {
    let (mut call, session, _) = session_of(client, "listens").await;
    let (channel, id) = (session.channel().to_owned(), session.unique_id().to_owned());
    session.set_variable("A", "1").await.unwrap();
    drop(session);
    for name in [&channel, &id] {
        let session = client.attach_agi(name).await.unwrap();
        assert_eq!((session.channel(), session.unique_id()), (&*channel, &*id));
        assert_eq!(session.env().iter().count(), 0);
        assert_eq!(session.get_variable("A").await.unwrap().as_deref(), Some("1"));
    }
    // The caller's half is not in AGI.
    let never = client.attach_agi(call.unique_id()).await.unwrap_err();
    assert!(matches!(never, AgiError::Ended), "{never:?}");
    call.hang_up().await.unwrap();
    soon(call.end()).await.unwrap();
}

/// A session needs the class `agi` alone.
async fn without_events_of_calls(instance: &Instance, caller: &Client) {
    let config = quick().event_mask(EventMask::of([EventClass::Agi]));
    let client = connect(instance, config).await.unwrap();
    let mut call = place(caller, "listens");
    let mut sessions = client.async_agi_of(&format!("{};2", call.unique_id())).await.unwrap();
    call.outcome().await.unwrap();
    let session = next_session(&mut sessions).await;
    session.set_variable("A", "1").await.unwrap();
    assert_eq!(session.get_variable("A").await.unwrap().as_deref(), Some("1"));
    let (over, hung_up) = tokio::join!(soon(session.over()), call.hang_up());
    assert!(matches!(over, AgiError::Ended), "{over:?}");
    hung_up.unwrap();
    soon(call.end()).await.unwrap();
    drop((session, sessions));
    client.close().await.unwrap();
}

async fn withheld(instance: &Instance) {
    let config = quick().event_mask(EventMask::of([EventClass::Call]));
    let client = connect(instance, config).await.unwrap();
    let why =
        |error| matches!(error, Error::Withheld { class: EventClass::Agi, why: Withheld::Mask(_) });
    assert!(why(client.async_agi().await.unwrap_err()));
    let attached = client.attach_agi("any").await.unwrap_err();
    assert!(matches!(attached, AgiError::Client(error) if why(error.clone())));
    client.close().await.unwrap();
}
