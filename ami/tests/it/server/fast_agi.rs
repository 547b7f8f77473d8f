//! FastAGI sessions: the same commands as those of AsyncAGI, and what is different.

use std::future::pending;
use std::time::Duration;

use ami::agi::{AgiError, FastAgi, FastSession, Reply, Session, Transport};
use ami::value::ChannelState;
use ami::{Client, Filter, Originate, Placed};
use instance::{Instance, Modules};
use tokio::time::timeout;

use super::{AGES, builder, connect, end, next, quick};

/// The extension that a call goes to says what the script is called.
// Digits are longer than 80 ms, with gaps longer than 45 ms: a server that reads shorter ones makes
// up their ends by itself, and loses some where no sound comes with them.
const DIALPLAN: &str = "
[default]
exten => _agi-.,1,Set(ODD=é &=?/+%)
same => n,AGI(agi://AGI_ADDRESS/${EXTEN:4}/x?odd=${URIENCODE(${ODD})}&raw=+49,first one,)
same => n(after),UserEvent(After,status:${AGISTATUS},seen:${SEEN})
same => n,Wait(60)
exten => bare,1,AGI(agi://AGI_ADDRESS)
exten => deaf,1,Set(AGISIGHUP=no)
same => n,AGI(agi://AGI_ADDRESS/deaf)
exten => leaves,1,Set(AGIEXITONHANGUP=yes)
same => n,AGI(agi://AGI_ADDRESS/leaves)
exten => late,1,Hangup()
exten => h,1,ExecIf($[\"${CHANNEL(name):0:13}\" = \"Local/late@de\"]?AGI(agi://AGI_ADDRESS/h))
same => n,UserEvent(Gone,status:${AGISTATUS},seen:${SEEN})
exten => listens,1,Wait(60)
exten => presses,1,Wait(0.05)
same => n,GotoIf($[\"${KEYS}\" = \"\"]?1)
same => n,SendDTMF(${KEYS},250,250)
same => n,Set(KEYS=)
same => n,Goto(1)
";

async fn boot(major: u32, listener: &FastAgi) -> Instance {
    let modules = Modules::list([
        "pbx_config",
        "app_echo",
        "app_exec",
        "app_senddtmf",
        "app_userevent",
        "codec_gsm",
        "codec_ulaw",
        "format_gsm",
        "func_callerid",
        "func_channel",
        "func_uri",
        // Asterisk 22 needs it before `res_agi`.
        "res_speech",
        "res_agi",
        "res_timing_timerfd",
    ]);
    let dialplan = DIALPLAN.replace("AGI_ADDRESS", &listener.address().to_string());
    let builder = builder(major).await.modules(modules).file("extensions.conf", dialplan);
    builder.build().unwrap().boot().await.unwrap()
}

/// A server, with a listener that its dialplan calls.
struct Stand {
    client: Client,
    listener: FastAgi,
}

impl Stand {
    /// Calls an extension, and returns the session that it begins.
    async fn call(&mut self, exten: &str, caller: &str) -> (Placed, FastSession) {
        let channel = format!("Local/{exten}@default/n");
        let call = Originate::to_extension(&channel, "default", caller, "1");
        let mut call = self.client.place(call.caller_id("\"Zoë 50%+1\" <7>"));
        // A call that is not answered has no outcome before its script ends.
        let placed = async {
            let _ = call.outcome().await;
            pending().await
        };
        let next = async {
            tokio::select! {
                next = self.listener.next() => next.unwrap(),
                never = placed => never,
            }
        };
        let session = soon(next).await;
        assert_eq!(session.unique_id(), format!("{};2", call.unique_id()));
        (call, session)
    }

    /// The next user event of a channel.
    fn events(&self, name: &str, session: &FastSession) -> ami::Subscription {
        self.client.subscribe(Filter::user_event(name).field("Uniqueid", session.unique_id()))
    }

    /// Waits until the server executes a command of a session.
    async fn begun(&self, session: &FastSession) {
        let begun = Filter::named(["AGIExecStart"]).field("Uniqueid", session.unique_id());
        next(&mut self.client.subscribe(begun)).await;
    }
}

/// A result that has to come.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(AGES, future).await.unwrap()
}

#[tokio::test]
async fn fast_sessions_on_22() {
    sessions(22).await;
}

#[tokio::test]
async fn fast_sessions_on_16() {
    sessions(16).await;
}

async fn sessions(major: u32) {
    let listener = FastAgi::bind("127.0.0.1:0").await.unwrap();
    let instance = boot(major, &listener).await;
    let client = connect(&instance, quick()).await.unwrap();
    let mut stand = Stand { client, listener };
    a_call_plays_a_sound_and_reads_digits(&mut stand).await;
    refusals_and_failures(&mut stand).await;
    values(&mut stand).await;
    commands_that_are_given_up(&mut stand).await;
    a_caller_hangs_up_first(&mut stand).await;
    hang_ups_that_the_dialplan_changes(&mut stand).await;
    both_at_the_same_time(&mut stand).await;
    end(instance).await;
}

async fn a_call_plays_a_sound_and_reads_digits(stand: &mut Stand) {
    let (mut call, session) = stand.call("agi-greet", "presses").await;
    let (request, env) = (session.request(), session.env());
    assert_eq!((request.script(), request.query("odd")), ("greet/x", Some("é &=?/+%")));
    assert_eq!(request.query("raw"), Some("+49"));
    assert_eq!(request.arguments(), ["first one", ""]);
    assert!(request.url().starts_with(&format!("agi://{}/greet", stand.listener.address())));
    assert_eq!(env.get("agi_network_script").map(|it| &it[..7]), Some("greet/x"));
    assert_eq!(env.get("agi_calleridname"), Some("Zoë 50%+1"), "{env:?}");
    assert_eq!(env.get("agi_channel"), Some(session.channel()));
    assert!(env.is_complete() && session.channel().ends_with(";2"));
    assert_eq!(session.channel_status().await.unwrap(), ChannelState::Ring);
    session.answer().await.unwrap();
    assert_eq!(session.channel_status().await.unwrap(), ChannelState::Up);

    let data = session.get_data("tt-monkeys", AGES, 2);
    let press = async {
        stand.begun(&session).await;
        stand.client.set_variable(call.unique_id(), "KEYS", "12").await.unwrap();
    };
    let (digits, ()) = soon(async { tokio::join!(data, press) }).await;
    let digits = digits.unwrap();
    assert_eq!((&*digits.digits, digits.timed_out), ("12", false));
    let played = session.stream_file("beep", "#").await.unwrap();
    assert_eq!((played.digit, played.end), (None, 3520), "the whole sound");
    let none = session.get_data("beep", Duration::from_millis(1), 4).await.unwrap();
    assert_eq!((&*none.digits, none.timed_out), ("", true));

    // The dialplan goes on.
    let mut after = stand.events("After", &session);
    session.set_variable("SEEN", "by AGI").await.unwrap();
    soon(session.end()).await.unwrap();
    let event = next(&mut after).await;
    assert_eq!(event.text("seen").as_deref(), Some("by AGI"));
    assert_eq!(event.text("status").as_deref(), Some("SUCCESS"));
    assert!(matches!(session.noop().await, Err(AgiError::Ended)));
    assert!(matches!(soon(session.over()).await, AgiError::Ended));
    call.hang_up().await.unwrap();

    // It goes on when the session is dropped, too, also at the place that it was sent to.
    let (mut call, session) = stand.call("bare", "listens").await;
    assert_eq!((session.request().script(), session.request().queries().count()), ("", 0));
    session.set_place("default", "agi-x", "after").await.unwrap();
    let mut after = stand.events("After", &session);
    drop(session);
    next(&mut after).await;
    call.hang_up().await.unwrap();
}

async fn refusals_and_failures(stand: &mut Stand) {
    let (mut call, session) = stand.call("agi-x", "listens").await;
    let unknown = session.command("NONSENSE").await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the server refused the command: 510 Invalid or unknown command"
    );
    let usage = session.command("GET VARIABLE").await.unwrap_err();
    let usage = usage.reply().unwrap();
    assert_eq!((usage.code(), usage.is_complete()), (520, true), "{usage:?}");
    let failed = session.exec("NoSuchApplication", "").await.unwrap_err();
    assert_eq!(failed.to_string(), "the command failed: 200 result=-2");
    assert_eq!(session.exec("Set", "B=1,2").await.unwrap(), 0);
    assert_eq!(session.get_variable("B").await.unwrap().as_deref(), Some("1,2"));
    let raw = session.command("CHANNEL STATUS nobody").await.unwrap();
    assert_eq!((raw.code(), raw.number(), raw.data()), (200, Some(-1), None));
    // A sound that does not exist does not end the session.
    let none = session.stream_file("no-such-sound", "").await.unwrap_err();
    assert!(matches!(none, AgiError::Failed(_)), "{none:?}");
    session.verbose("a \"message\"", 3).await.unwrap();
    let mut gone = stand.events("Gone", &session);
    session.hangup().await.unwrap();
    assert!(matches!(soon(session.over()).await, AgiError::HungUp));
    session.set_variable("SEEN", "after the end").await.unwrap();
    soon(session.end()).await.unwrap();
    assert_eq!(next(&mut gone).await.text("seen").as_deref(), Some("after the end"));
    soon(call.end()).await.unwrap();
}

async fn values(stand: &mut Stand) {
    let (mut call, session) = stand.call("agi-x", "listens").await;
    for value in ["", "plain", "a \"b\" \\ 'c' \\\"", " (x) [y] ${z} %20+;,é)", "200 result=1 (x)"]
    {
        session.set_variable("ODD", value).await.unwrap();
        assert_eq!(session.get_variable("ODD").await.unwrap().as_deref(), Some(value));
    }
    assert_eq!(session.get_variable("UNSET").await.unwrap(), None);
    // Values with line ends, which a dialplan makes.
    let expression = "a\\n200 result=1 (forged)\\nHANGUP\\n(b) c=d\\n";
    let lines = expression.replace("\\n", "\n");
    session.exec("Set", &format!("LINES=${{NONE}}{expression}")).await.unwrap();
    let literal = session.get_variable("LINES").await.unwrap().unwrap();
    assert_eq!(literal.replace("\\n", "\n"), format!("${{NONE}}{lines}"));
    // The server cuts the value of a variable off, and no reply.
    session.set_variable("L", &"x".repeat(1000)).await.unwrap();
    assert_eq!(session.get_variable("L").await.unwrap().unwrap().len(), 1000);
    let long = session.get_full_variable(&"${L}".repeat(4)).await.unwrap().unwrap();
    assert_eq!(long, "x".repeat(4000));
    assert_eq!(session.get_full_variable("${UNSET}").await.unwrap().as_deref(), Some(""));
    // The longest command that the server reads in one piece.
    let begin = "SET VARIABLE L ";
    let value = "y".repeat(2046 - begin.len());
    assert_eq!(session.command(&format!("{begin}{value}")).await.unwrap().result(), "1");
    assert_eq!(session.get_full_variable("${L}").await.unwrap(), Some(value));
    call.hang_up().await.unwrap();
}

async fn commands_that_are_given_up(stand: &mut Stand) {
    let (mut call, session) = stand.call("agi-x", "listens").await;
    session.set_variable("C", "3").await.unwrap();
    let limit = Duration::from_millis(20);
    let late = session.clone().timeout(limit).exec("Wait", "0.2").await.unwrap_err();
    assert!(matches!(late, AgiError::Timeout(it) if it == limit), "{late:?}");
    assert_eq!(session.get_variable("C").await.unwrap().as_deref(), Some("3"));
    // A sound, which the server would stop for another command.
    let late = session.clone().timeout(limit).stream_file("beep", "").await.unwrap_err();
    assert!(matches!(late, AgiError::Timeout(_)), "{late:?}");
    assert_eq!(session.get_variable("C").await.unwrap().as_deref(), Some("3"));
    let waits = (session.stream_file("beep", ""), session.get_variable("C"));
    let (played, value) = soon(async { tokio::join!(waits.0, waits.1) }).await;
    assert_eq!((played.unwrap().end, value.unwrap().as_deref()), (3520, Some("3")));
    call.hang_up().await.unwrap();
}

async fn a_caller_hangs_up_first(stand: &mut Stand) {
    // While nothing is going on.
    let (mut call, session) = stand.call("agi-x", "listens").await;
    let (over, hung_up) = tokio::join!(soon(session.over()), call.hang_up());
    hung_up.unwrap();
    assert!(matches!(over, AgiError::HungUp), "{over:?}");
    let late = session.stream_file("beep", "").await.unwrap_err();
    assert!(matches!(late, AgiError::HungUp), "{late:?}");
    let raw = session.command("ANSWER").await.unwrap_err();
    assert_eq!(raw.reply().map(Reply::code), Some(511), "{raw:?}");
    let mut gone = stand.events("Gone", &session);
    session.set_variable("SEEN", "dead").await.unwrap();
    drop(session);
    let gone = next(&mut gone).await;
    assert_eq!(gone.text("seen").as_deref(), Some("dead"));
    assert_eq!(gone.text("status").as_deref(), Some("HANGUP"));

    // In the middle of a sound, with commands queued behind it.
    let (mut call, session) = stand.call("agi-x", "listens").await;
    let hang_up = async {
        stand.begun(&session).await;
        call.hang_up().await.unwrap();
    };
    let commands = async {
        let sound = session.stream_file("tt-monkeys", "");
        tokio::join!(sound, session.wait_for_digit(AGES), session.get_variable("UNSET"))
    };
    let ((sound, digit, value), ()) = soon(async { tokio::join!(commands, hang_up) }).await;
    assert!(matches!(sound, Err(AgiError::HungUp)), "{sound:?}");
    assert!(matches!(digit, Err(AgiError::HungUp)), "{digit:?}");
    assert_eq!(value.unwrap(), None, "needs no live channel");
    soon(session.end()).await.unwrap();
}

async fn hang_ups_that_the_dialplan_changes(stand: &mut Stand) {
    // A server that does not tell them.
    let (mut call, session) = stand.call("deaf", "listens").await;
    call.hang_up().await.unwrap();
    let refused = soon(async {
        loop {
            // The channel of this half may not have seen it yet.
            if let Err(error) = session.answer().await {
                break error;
            }
        }
    });
    let refused = refused.await;
    assert!(
        matches!(&refused, AgiError::Refused(reply) if reply.code() == 511)
            || matches!(&refused, AgiError::Failed(_)),
        "{refused:?}"
    );
    drop(session);
    // One that leaves AGI at once.
    let (mut call, session) = stand.call("leaves", "listens").await;
    let (over, hung_up) = tokio::join!(soon(session.over()), call.hang_up());
    hung_up.unwrap();
    assert!(matches!(over, AgiError::HungUp), "{over:?}");
    let gone = soon(session.set_variable("A", "1")).await.unwrap_err();
    assert!(matches!(gone, AgiError::HungUp), "{gone:?}");
    // AGI that begins when the channel is dead.
    let (_call, session) = stand.call("late", "listens").await;
    assert_eq!(session.request().script(), "h");
    session.set_variable("A", "1").await.unwrap();
    let refused = session.answer().await.unwrap_err();
    assert_eq!(refused.reply().map(Reply::code), Some(511), "{refused:?}");
    soon(session.end()).await.unwrap();
}

/// Shares one function between sessions of either kind.
async fn greet<T: Transport>(session: &Session<T>) -> Result<Option<String>, AgiError> {
    session.set_variable("NAME", session.channel()).await?;
    let name = session.get_variable("NAME").await?;
    session.end().await?;
    Ok(name)
}

async fn both_at_the_same_time(stand: &mut Stand) {
    let mut tasks = tokio::task::JoinSet::new();
    let mut calls = Vec::new();
    for _ in 0..5 {
        let (call, session) = stand.call("agi-x", "listens").await;
        calls.push(call);
        tasks.spawn(async move {
            let name = greet(&session).await.unwrap();
            assert_eq!(name.as_deref(), Some(session.channel()));
        });
    }
    while let Some(task) = soon(tasks.join_next()).await {
        task.unwrap();
    }
    for mut call in calls {
        call.hang_up().await.unwrap();
    }
}
