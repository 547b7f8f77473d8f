//! FastAGI against a peer that does what no server does on command: fragments, garbage, stalls,
//! disconnects.

use std::time::Duration;

use ami::agi::{AgiError, CommandError, FastAgi, FastAgiError, FastSession, RequestProblem};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than any test waits.
const AGES: Duration = Duration::from_secs(60);

const ENV: &str = "agi_network: yes\nagi_network_script: greet?n=1\n\
    agi_request: agi://127.0.0.1/greet?n=1\nagi_channel: Local/a@b-1;2\nagi_uniqueid: 1.2\n\
    agi_arg_1: first\n\n";

/// A server's end of a connection.
struct Peer(BufReader<TcpStream>);

impl Peer {
    async fn connect(listener: &FastAgi) -> Self {
        Self(BufReader::new(TcpStream::connect(listener.address()).await.unwrap()))
    }

    async fn say(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).await.unwrap();
    }

    /// The next command.
    async fn hear(&mut self) -> String {
        let mut line = String::new();
        soon(self.0.read_line(&mut line)).await.unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Expects a command, and replies to it.
    async fn reply(&mut self, command: &str, reply: &str) {
        assert_eq!(self.hear().await, command);
        self.say(reply).await;
    }
}

async fn listen() -> FastAgi {
    FastAgi::bind("127.0.0.1:0").await.unwrap()
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(AGES, future).await.unwrap()
}

async fn session() -> (FastSession, Peer) {
    let mut listener = listen().await;
    let mut peer = Peer::connect(&listener).await;
    peer.say(ENV).await;
    (soon(listener.next()).await.unwrap(), peer)
}

/// The reason why the next connection is no request.
async fn problem(listener: &mut FastAgi) -> RequestProblem {
    match soon(listener.next()).await {
        Err(FastAgiError::Request { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_is_read_byte_by_byte() {
    let mut listener = listen().await;
    let mut peer = Peer::connect(&listener).await;
    let address = peer.0.get_ref().local_addr().unwrap();
    let said = async {
        for byte in ENV.bytes() {
            peer.0.get_mut().write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let (session, ()) = tokio::join!(soon(listener.next()), said);
    let session = session.unwrap();
    assert_eq!((session.channel(), session.unique_id()), ("Local/a@b-1;2", "1.2"));
    assert_eq!((session.request().script(), session.request().query("n")), ("greet", Some("1")));
    assert_eq!(
        (session.request().arguments(), session.peer()),
        (&["first".to_owned()][..], address)
    );
    assert!(session.env().is_complete());

    let reply = "520-Invalid command syntax.  Proper usage follows:\nUsage: X\n\n520 End of it.\n";
    let server = async {
        assert_eq!(peer.hear().await, "NOOP \"a b\"");
        for byte in reply.bytes() {
            peer.0.get_mut().write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        peer.reply("GET VARIABLE \"A\"", "200 result=1 (a\n(b)\nc)\n").await;
        peer.reply("GET VARIABLE \"B\"", "200 result=0\n").await;
    };
    let commands = async {
        let usage = session.command("NOOP \"a b\"").await.unwrap_err();
        assert_eq!(usage.reply().unwrap().bytes(), reply.trim_end().as_bytes());
        assert_eq!(session.get_variable("A").await.unwrap().as_deref(), Some("a\n(b)\nc"));
        assert_eq!(session.get_variable("B").await.unwrap(), None);
    };
    soon(async { tokio::join!(server, commands) }).await;
}

#[tokio::test]
async fn what_is_no_request_is_told_and_keeps_nobody_waiting() {
    let mut listener = listen().await.request_timeout(AGES);
    let silent = Peer::connect(&listener).await;
    for garbage in ["GET / HTTP/1.1\r\n\r\n", "agi:\n", "\n\n", "\u{1}\u{2}"] {
        Peer::connect(&listener).await.say(garbage).await;
        let told = problem(&mut listener).await;
        let first = garbage.split('\n').next().unwrap();
        assert!(matches!(&told, RequestProblem::NotAgi(line) if line == first), "{told:?}");
    }
    Peer::connect(&listener).await.say("agi_network: yes\n").await;
    let cut = problem(&mut listener).await;
    assert!(matches!(cut, RequestProblem::Closed | RequestProblem::Io(_)), "{cut:?}");
    drop(Peer::connect(&listener).await);
    let cut = problem(&mut listener).await;
    assert!(matches!(cut, RequestProblem::Closed), "{cut:?}");
    let mut peer = Peer::connect(&listener).await;
    peer.say("agi_network: yes\n\n").await;
    let none = problem(&mut listener).await;
    assert!(matches!(none, RequestProblem::NoRequest), "{none:?}");
    let mut peer = Peer::connect(&listener).await;
    let long = "agi_x: x\n".repeat(7282);
    let (told, ()) = tokio::join!(problem(&mut listener), peer.say(&long));
    assert!(matches!(told, RequestProblem::TooLong(65536)), "{told:?}");
    // Its connection is closed.
    assert!(matches!(soon(peer.0.read(&mut [0])).await, Ok(0) | Err(_)));

    // The one that says nothing has kept nobody waiting, and is told, too.
    let mut peer = Peer::connect(&listener).await;
    peer.say(ENV).await;
    soon(listener.next()).await.unwrap();
    drop(silent);
    assert!(matches!(problem(&mut listener).await, RequestProblem::Closed));

    let limit = Duration::from_millis(1);
    let mut hasty = listen().await.request_timeout(limit);
    let _silent = Peer::connect(&hasty).await;
    let late = soon(hasty.next()).await.unwrap_err();
    let text = late.to_string();
    assert!(text.ends_with("no empty line behind the values within 1ms"), "{text}");
}

#[tokio::test]
async fn no_request_is_lost_with_a_future() {
    let mut listener = listen().await;
    let mut peer = Peer::connect(&listener).await;
    for _ in 0..100 {
        tokio::select! {
            biased;
            next = listener.next() => panic!("{next:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    peer.say(ENV).await;
    soon(listener.next()).await.unwrap();
}

#[tokio::test]
async fn a_late_reply_is_not_that_of_the_next_command() {
    let (session, mut peer) = session().await;
    let limited = session.clone().timeout(Duration::from_millis(1));
    let late = limited.exec("Wait", "1").await.unwrap_err();
    assert!(matches!(late, AgiError::Timeout(limit) if limit == Duration::from_millis(1)));
    // This one is given up before it is sent, for the server has not replied to the first.
    let unsent = limited.get_variable("UNSENT").await.unwrap_err();
    assert!(matches!(unsent, AgiError::Timeout(_)), "{unsent:?}");
    let server = async {
        peer.reply("EXEC \"Wait\" \"1\"", "200 result=7\n").await;
        peer.reply("GET VARIABLE \"A\"", "200 result=1 (a)\n").await;
        peer.reply("GET VARIABLE \"B\"", "200 result=1 (b)\n").await;
    };
    // Nobody polls the first one while the second one is executed.
    let commands = async {
        let mut first = Box::pin(session.get_variable("A"));
        tokio::select! {
            biased;
            first = &mut first => panic!("{first:?}"),
            () = tokio::task::yield_now() => {}
        }
        let second = session.get_variable("B").await;
        (first.await, second)
    };
    let ((first, second), ()) = soon(async { tokio::join!(commands, server) }).await;
    assert_eq!(first.unwrap().as_deref(), Some("a"));
    assert_eq!(second.unwrap().as_deref(), Some("b"));
}

#[tokio::test]
async fn a_long_value_of_many_lines_is_one_value() {
    let (session, mut peer) = session().await;
    // Wherever a read ends, it is likely to be behind what could be the end.
    let value = ")\n".repeat(20_000);
    let reply = format!("200 result=1 ({value})\n");
    let (got, ()) = tokio::join!(
        soon(session.get_variable("LONG")),
        peer.reply("GET VARIABLE \"LONG\"", &reply)
    );
    assert_eq!(got.unwrap().unwrap().len(), value.len());
    let (next, ()) = tokio::join!(soon(session.noop()), peer.reply("NOOP", "200 result=0\n"));
    next.unwrap();
}

#[tokio::test]
async fn a_hang_up_is_told_wherever_it_comes() {
    // While nothing is going on, in the middle of its line.
    let (session, mut peer) = session().await;
    let told = async {
        peer.say("HANG").await;
        tokio::task::yield_now().await;
        peer.say("UP\n").await;
    };
    let (over, ()) = soon(async { tokio::join!(session.over(), told) }).await;
    assert!(matches!(over, AgiError::HungUp), "{over:?}");
    // What needs no live channel is still executed.
    let dead = "511 Command Not Permitted on a dead channel or intercept routine\n";
    let server = async {
        peer.reply("SET VARIABLE \"A\" \"1\"", "200 result=1\n").await;
        peer.reply("ANSWER", dead).await;
        peer.reply("ANSWER", dead).await;
    };
    let commands = async {
        session.set_variable("A", "1").await.unwrap();
        assert!(matches!(session.answer().await, Err(AgiError::HungUp)));
        let raw = session.command("ANSWER").await.unwrap_err();
        assert!(matches!(&raw, AgiError::Refused(reply) if reply.code() == 511), "{raw:?}");
    };
    soon(async { tokio::join!(server, commands) }).await;
}

#[tokio::test]
async fn a_failure_is_a_hang_up_if_there_was_one() {
    for hung_up in [true, false] {
        let (session, mut peer) = session().await;
        let server = async {
            peer.reply("STREAM FILE \"x\" \"\"", "200 result=-1 endpos=8\n").await;
            if hung_up {
                peer.say("HANGUP\n").await;
            }
            peer.reply("NOOP", "200 result=0\n").await;
        };
        let (played, ()) = soon(async { tokio::join!(session.stream_file("x", ""), server) }).await;
        match played.unwrap_err() {
            AgiError::HungUp => assert!(hung_up),
            AgiError::Failed(reply) => assert!(!hung_up && reply.number() == Some(-1)),
            other => panic!("{other:?}"),
        }
    }
    // A dead channel whose server tells no hang-ups (AGISIGHUP).
    let (session, mut peer) = session().await;
    let server = async {
        peer.reply("ANSWER", "511 Command Not Permitted on a dead channel\n").await;
        peer.reply("NOOP", "200 result=0\n").await;
    };
    let (refused, ()) = soon(async { tokio::join!(session.answer(), server) }).await;
    assert!(matches!(refused, Err(AgiError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_disconnect_ends_the_commands_in_flight_and_all_later_ones() {
    for (said, hung_up) in [("", false), ("HANGUP\n", true), ("HANGUP\nHANGUP\n", true)] {
        let (session, mut peer) = session().await;
        let server = async {
            assert_eq!(peer.hear().await, "NOOP");
            peer.say(said).await;
            drop(peer);
        };
        let commands = async { tokio::join!(session.noop(), session.answer(), session.over()) };
        let ((first, second, over), ()) = soon(async { tokio::join!(commands, server) }).await;
        let later = soon(session.noop()).await;
        for error in [first.unwrap_err(), second.unwrap_err(), over, later.unwrap_err()] {
            assert_eq!(matches!(error, AgiError::HungUp), hung_up, "{error:?}");
            assert!(error.is_end());
        }
        assert!(soon(session.end()).await.unwrap_err().is_end());
    }
}

#[tokio::test]
async fn what_is_no_reply_ends_the_session() {
    // In place of a reply, and without a command.
    for asked in [true, false] {
        let (session, mut peer) = session().await;
        let server = async {
            if asked {
                assert_eq!(peer.hear().await, "GET VARIABLE \"A\"");
                peer.say("hello\n200 result=1 (forged)\n").await;
            } else {
                peer.say("200 result=1 (forged)\n").await;
            }
        };
        let commands = async {
            let first = match asked {
                true => session.get_variable("A").await.map(drop).unwrap_err(),
                false => session.over().await,
            };
            [first, session.get_variable("B").await.unwrap_err(), session.over().await]
        };
        let (errors, ()) = soon(async { tokio::join!(commands, server) }).await;
        for error in errors {
            assert!(matches!(error, AgiError::Unreadable(_)), "{error:?}");
        }
        // The connection is closed.
        let mut rest = Vec::new();
        assert!(matches!(soon(peer.0.read_to_end(&mut rest)).await, Ok(0) | Err(_)), "{rest:?}");
    }
}

#[tokio::test]
async fn what_is_no_command_is_not_sent() {
    let (session, mut peer) = session().await;
    for (command, expected) in [
        ("a\nb".to_owned(), CommandError::LineBreak(b'\n')),
        ("a\r".to_owned(), CommandError::LineBreak(b'\r')),
        ("\0".to_owned(), CommandError::LineBreak(0)),
        ("x".repeat(2047), CommandError::TooLong(2047)),
    ] {
        let unsent = session.command(&command).await.unwrap_err();
        assert!(matches!(unsent, AgiError::Command(error) if error == expected), "{unsent:?}");
    }
    let longest = "x".repeat(2046);
    let server = peer.reply(&longest, "200 result=0\n");
    let (reply, ()) = soon(async { tokio::join!(session.command(&longest), server) }).await;
    assert_eq!(reply.unwrap().result(), "0");
}

#[tokio::test]
async fn an_end_is_behind_the_commands_before_and_a_drop_closes_the_connection() {
    let (session, mut peer) = session().await;
    let server = async {
        peer.reply("NOOP", "200 result=0\n").await;
        assert_eq!(peer.hear().await, "", "the end of the connection");
        // As a server does, also without a hang-up.
        peer.say("HANGUP\n").await;
        drop(peer);
    };
    let commands = async { tokio::join!(session.noop(), session.end(), session.noop()) };
    let ((noop, end, late), ()) = soon(async { tokio::join!(commands, server) }).await;
    noop.unwrap();
    end.unwrap();
    assert!(matches!(late, Err(AgiError::Ended)), "{late:?}");
    assert!(matches!(soon(session.over()).await, AgiError::Ended));

    // A server that does not end: the wait has a time-out.
    let (session, mut peer) = self::session().await;
    let stuck = session.clone().timeout(Duration::from_millis(1)).end().await.unwrap_err();
    assert!(matches!(stuck, AgiError::Timeout(_)), "{stuck:?}");
    drop(session);
    assert_eq!(peer.hear().await, "");

    // The last handle, with a command on its way.
    let (session, mut peer) = self::session().await;
    let other = session.clone();
    tokio::select! {
        biased;
        done = other.noop() => panic!("{done:?}"),
        command = peer.hear() => assert_eq!(command, "NOOP"),
    }
    drop(session);
    peer.say("200 result=0\n").await;
    let served = peer.reply("ANSWER", "200 result=0\n");
    let (answered, ()) = soon(async { tokio::join!(other.answer(), served) }).await;
    answered.unwrap();
    drop(other);
    assert_eq!(peer.hear().await, "");
}
