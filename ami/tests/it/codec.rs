//! Bytes in, frames out. Every row is decoded whole, cut in two at every place, and byte by byte.

use ami::{Codec, Frame, Line, Malformed, Message};
use bytes::BytesMut;
use tokio_util::codec::Decoder;

/// Wire text, and the frames that it holds.
///
/// `R`, `E` and `O` are response, event and other; then come the lines as `name=value` or `<bare>`,
/// and a line of command output in the old format as `>text`.
const ROWS: &[(&str, &[u8], &[&str])] = &[
    ("response", b"Response: Success\r\nActionID: t1\r\nMessage: ok\r\n\r\n", &["R|Response=Success|ActionID=t1|Message=ok"]),
    ("response in several segments", b"Response: Success\r\nActionID: t2\r\nPing: Pong\r\nTimestamp: 1700000000.000001\r\n\r\n", &["R|Response=Success|ActionID=t2|Ping=Pong|Timestamp=1700000000.000001"]),
    ("two events", b"Event: A\r\n\r\nEvent: B\r\n\r\n", &["E|Event=A", "E|Event=B"]),
    ("stray blank lines", b"\r\n\r\nEvent: A\r\n\r\n\r\n\r\nEvent: B\r\n\r\n", &["E|Event=A", "E|Event=B"]),
    ("message text that ends in LF", b"Response: Error\r\nActionID: t3\r\nMessage: none here\n\r\n\r\n", &["R|Response=Error|ActionID=t3|Message=none here|<>"]),
    ("LF LF in a value", b"Event: UserEvent\r\nBody: Dear A\n\nbye\r\nAfter: 1\r\n\r\nEvent: B\r\n\r\n", &["E|Event=UserEvent|Body=Dear A|<>|<bye>|After=1", "E|Event=B"]),
    ("a value that ends in LF", b"Event: DBGetResponse\r\nVal: hello\n\r\nActionID: t4\r\n\r\nEvent: B\r\n\r\n", &["E|Event=DBGetResponse|Val=hello|<>|ActionID=t4", "E|Event=B"]),
    ("a last value that ends in LF LF", b"Event: A\r\nVal: x\n\n\r\n\r\nEvent: B\r\n\r\n", &["E|Event=A|Val=x|<>|<>", "E|Event=B"]),
    ("CR LF LF is data", b"Event: Item\r\nK: v\r\n\nL: w\r\n\r\nEvent: B\r\n\r\n", &["E|Event=Item|K=v|<>|L=w", "E|Event=B"]),
    ("CR LF LF ends an item of CoreShowChannelMap", b"Event: CoreShowChannelMap\r\nK: v\r\n\nEvent: B\r\n\r\n", &["E|Event=CoreShowChannelMap|K=v", "E|Event=B"]),
    ("LF LF is data in an item of CoreShowChannelMap", b"Event: CoreShowChannelMap\r\nK: v\n\nw\r\n\r\nEvent: B\r\n\r\n", &["E|Event=CoreShowChannelMap|K=v|<>|<w>", "E|Event=B"]),
    ("a name that begins like CoreShowChannelMap", b"Event: CoreShowChannelMapComplete\r\nK: v\r\n\nL: w\r\n\r\n", &["E|Event=CoreShowChannelMapComplete|K=v|<>|L=w"]),
    ("LF throughout, with CR LF in between", b"Event: X\nA: 1\r\n\r\nEvent: Y\n\r\n", &["E|Event=X|A=1", "E|Event=Y"]),
    ("a bare LF ends a field", b"Event: Agents\r\nAgent: 7\r\nCallStarted: 99\nLoggedInTime: 5\r\n\r\n", &["E|Event=Agents|Agent=7|CallStarted=99|LoggedInTime=5"]),
    ("LF throughout", b"Event: X\nA: 1\n\nEvent: Y\n\n", &["E|Event=X|A=1", "E|Event=Y"]),
    ("blanks", b"Event: X\r\nA: \r\nB:\r\nC:c\r\nD:  d\r\nE: e \r\n\r\n", &["E|Event=X|A=|B=|C=c|D= d|E=e "]),
    ("colons in a value", b"Event: X\r\nUrl: sip:a@b:5060;x=y\r\n\r\n", &["E|Event=X|Url=sip:a@b:5060;x=y"]),
    ("command output", b"Response: Success\r\nOutput: \r\nOutput:   indented\r\nOutput: k: v\r\n\r\n", &["R|Response=Success|Output=|Output=  indented|Output=k: v"]),
    ("CR CR LF is no empty line", b"Response: Success\r\nOutput: Event: Fake\r\r\nOutput: \r\r\n\r\n", &["R|Response=Success|Output=Event: Fake\\r|Output=\\r"]),
    ("OriginateResponse is an event", b"Event: OriginateResponse\r\nActionID: t4\r\nResponse: Failure\r\nReason: 5\r\n\r\n", &["E|Event=OriginateResponse|ActionID=t4|Response=Failure|Reason=5"]),
    ("UserEvent echoes anything", b"Event: UserEvent\r\nUserEvent: u\r\nActionID: other\r\nEvent: Spoof\r\nResponse: Success\r\nplain text\r\nSp :x\r\n\r\n", &["E|Event=UserEvent|UserEvent=u|ActionID=other|Event=Spoof|Response=Success|<plain text>|Sp =x"]),
    ("lower and upper case", b"event: Lower\r\nPRIVILEGE: call,all\r\n\r\n", &["E|event=Lower|PRIVILEGE=call,all"]),
    ("repeated fields keep their order", b"Event: S\r\nVariable: A=1\r\nVariable: B=(null)\r\nVariable: C=\r\n\r\n", &["E|Event=S|Variable=A=1|Variable=B=(null)|Variable=C="]),
    ("escapes are kept as sent", b"Event: V\r\nValue: a\\r\\nb\\\\c\r\nTail: t\\\r\n\r\n", &["E|Event=V|Value=a\\\\r\\\\nb\\\\\\\\c|Tail=t\\\\"]),
    ("data forges a message", b"Event: Newexten\r\nAppData: one\r\nInjected: yes\r\n\r\nEvent: Fake\r\n\r\n\r\n\r\n", &["E|Event=Newexten|AppData=one|Injected=yes", "E|Event=Fake"]),
    ("data orphans an ActionID", b"Event: DBGetResponse\r\nVal: x\r\n\r\nActionID: t5\r\n\r\n", &["E|Event=DBGetResponse|Val=x", "O|ActionID=t5"]),
    ("LF in a value", b"Event: N\r\nCallerIDNum: 12\n34\r\nCallerIDName: z\r\n\r\n", &["E|Event=N|CallerIDNum=12|<34>|CallerIDName=z"]),
    ("bytes that are no text", b"Event: X\r\nName: \xe9\xff\r\nCtl: a\x01\x07\x1b[0mb\tc\r\n\r\n", &["E|Event=X|Name=\\xe9\\xff|Ctl=a\\x01\\x07\\x1b[0mb\\tc"]),
    ("a lone CR is data", b"Event: X\r\nA: b\rc\r\n\r\n", &["E|Event=X|A=b\\rc"]),
    ("a field that begins with CR is data", b"Event: X\r\n\rA: b\r\n\r\n", &["E|Event=X|\\rA=b"]),
    ("names with brackets", b"Event: OR\r\nChanVariable(Local/1@c-00000001;2): K=v=w\r\n\r\n", &["E|Event=OR|ChanVariable(Local/1@c-00000001;2)=K=v=w"]),
    ("odd names", b"Event: U\r\n2Channel: L\r\n100rel: yes\r\nCause-txt: x\r\nReport0DLSR: 0.1\r\na/b(0)/c: 3\r\n\r\n", &["E|Event=U|2Channel=L|100rel=yes|Cause-txt=x|Report0DLSR=0.1|a/b(0)/c=3"]),
    ("a bare line in a response", b"Response: Success\r\nNo categories found\r\n\r\n", &["R|Response=Success|<No categories found>"]),
    ("an extra blank line", b"Response: Success\r\nActionID: t6\r\nRuleList: r\r\nRule: 5,+1,+0\r\n\r\n\r\nEvent: A\r\n\r\n", &["R|Response=Success|ActionID=t6|RuleList=r|Rule=5,+1,+0", "E|Event=A"]),
    ("nothing but an empty line", b"\r\n", &[]),
    ("bare lines alone", b"(None) 1 2 3\r\nL 4 5 6\r\n\r\n", &["O|<(None) 1 2 3>|<L 4 5 6>"]),
    ("old command output", b"Response: Follows\r\nPrivilege: Command\r\nActionID: t7\r\nline one\n\nk: v\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n", &["R|Response=Follows|Privilege=Command|ActionID=t7|>line one|>|>k: v", "E|Event=A"]),
    ("old command output without a line end", b"Response: Follows\r\nPrivilege: Command\r\nno newline--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command|>no newline"]),
    ("old command output of nothing", b"Response: Follows\r\nPrivilege: Command\r\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command"]),
    ("an end marker inside old command output", b"Response: Follows\r\nPrivilege: Command\r\na\n--END COMMAND--\nmore\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command|>a|>--END COMMAND--|>more"]),
    ("a lone CR does not end the first line of the old format", b"Response: Follows\r--END COMMAND--\r\n\r\n", &["R|Response=Follows\\r--END COMMAND--"]),
    ("fields behind the end marker", b"Response: Follows\r\nActionID: t8\r\nJSON: {}\r\n--END COMMAND--\r\nDataType: JSON\r\n\r\nEvent: A\r\n\r\n", &["R|Response=Follows|ActionID=t8|DataType=JSON|>JSON: {}\\r", "E|Event=A"]),
    ("an end marker with text behind it", b"Response: Follows\r\nActionID: t8\r\na\n--END COMMAND--\r\nno field\r\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|ActionID=t8|>a|>--END COMMAND--\\r|>no field\\r"]),
    ("the old format does not begin with a line that ends in LF", b"Response: Follows\nA: b\n\nEvent: B\r\n\r\n", &["R|Response=Follows|A=b", "E|Event=B"]),
    ("the old format with nothing but its head", b"Response: Follows\r\nPrivilege: Command\r\nActionID: t8\r\n\r\nEvent: A\r\n\r\n", &["R|Response=Follows|Privilege=Command|ActionID=t8", "E|Event=A"]),
    ("old output that begins with an empty line", b"Response: Follows\r\nPrivilege: Command\r\nActionID: t8\r\n\n\nGlobal Settings:\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command|ActionID=t8|>|>|>Global Settings:"]),
    ("a misspelt field before the ActionID", b"Response: Follows\r\nPriviledge: Command\r\nX: y\r\nActionID: t8\r\nout\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Priviledge=Command|X=y|ActionID=t8|>out"]),
    ("old output of fields", b"Response: Follows\r\nPrivilege: Command\r\nActionID: t8\r\nEvent: X\r\nA: b\r\n\r\nC: d\r\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command|ActionID=t8|>Event: X\\r|>A: b\\r|>\\r|>C: d\\r"]),
    ("old output of fields without an ActionID", b"Response: Follows\r\nPrivilege: Command\r\nEvent: X\r\nA: b\r\n\r\n--END COMMAND--\r\n\r\n", &["R|Response=Follows|Privilege=Command|>Event: X\\r|>A: b\\r|>\\r"]),
    ("a word that begins like the old format", b"Response: Followsome\r\n\r\n", &["R|Response=Followsome"]),
    ("a glued ActionID", b"Response: Success\r\nActionID: iiiEvents: Off\r\n\r\n", &["R|Response=Success|ActionID=iiiEvents: Off"]),
    ("JSON", b"Response: Success\r\nJSON: {\"a\":{\"b\":\"c: d\"}}\r\n\r\n", &["R|Response=Success|JSON={\\\"a\\\":{\\\"b\\\":\\\"c: d\\\"}}"]),
    ("a blank in an event's name", b"Event: DataGet Tree\r\nActionID: t18\r\n\r\n", &["E|Event=DataGet Tree|ActionID=t18"]),
    ("empty names", b"Event:\r\n\r\n:\r\n\r\n", &["E|Event=", "O|="]),
    ("a blank before Event", b" Event: X\r\n\r\n", &["O| Event=X"]),
    ("a banner in mid-stream", b"Event: A\r\n\r\nAsterisk Call Manager/1.0\r\nEvent: B\r\n\r\n", &["E|Event=A", "O|<Asterisk Call Manager/1.0>|Event=B"]),
    ("cut off in a value", b"Event: A\r\n\r\nEvent: Cut\r\nD: xxx", &["E|Event=A", "truncated 18"]),
    ("cut off before the empty line", b"Event: Cut\r\n\r", &["truncated 13"]),
    ("cut off in a stray line end", b"Event: A\r\n\r\n\r", &["E|Event=A"]),
];

#[test]
fn every_row_reads_the_same_however_it_is_cut() {
    for (name, wire, expected) in ROWS {
        check(name, Codec::without_banner, wire, expected);
    }
}

#[test]
fn a_banner_comes_first_and_alone() {
    let wire = b"Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\n";
    check("CR LF", Codec::new, wire, &["banner 11.0.0", "E|Event=A"]);
    check("LF", Codec::new, b"Asterisk Call Manager/1.3\n", &["banner 1.3"]);
    check("a fork", Codec::new, b"OpenPBX Manager/x y\r\n", &["banner x y"]);
    check("another protocol", Codec::new, b"SSH-2.0-OpenSSH\r\n", &["banner -"]);
    check("cut off", Codec::new, b"Asterisk Call", &["truncated 13"]);
    check("nothing", Codec::new, b"", &[]);
}

#[test]
fn a_newer_server_cannot_be_made_to_swallow_its_stream() {
    let forged = b"Response: Follows\r\n\r\nEvent: A\r\n\r\n";
    let old = [&b"Asterisk Call Manager/2.8.0\r\n"[..], forged].concat();
    check("old", Codec::new, &old, &["banner 2.8.0", "R|Response=Follows", "E|Event=A"]);
    let text = b"Response: Follows\r\nActionID: t\r\nno end\r\n\r\nEvent: A\r\n\r\n";
    let old = [&b"Asterisk Call Manager/2.8.0\r\n"[..], text].concat();
    check("old, without an end", Codec::new, &old, &["banner 2.8.0", "truncated 54"]);
    let new = [&b"Asterisk Call Manager/3.1.0\r\n"[..], text].concat();
    let read = ["banner 3.1.0", "R|Response=Follows|ActionID=t|<no end>", "E|Event=A"];
    check("new, without an end", Codec::new, &new, &read);
    let new = [&b"Asterisk Call Manager/3.1.0\r\n"[..], forged].concat();
    check("new", Codec::new, &new, &["banner 3.1.0", "R|Response=Follows", "E|Event=A"]);
}

#[test]
fn a_message_beyond_the_limit_is_told_and_costs_no_other() {
    let small = || Codec::without_banner().max_message(24);
    let fits = b"Event: A\r\nD: 12345678\r\n\r\n";
    assert_eq!(fits.len(), 25);
    let wire = [&b"Event: A\r\nD: 1234567\r\n\r\n"[..], fits, b"Event: B\r\n\r\n"].concat();
    check("by one", small, &wire, &["E|Event=A|D=1234567", "too large 25", "E|Event=B"]);
    let long = format!("Event: A\r\nD: {}\r\n\r\nEvent: B\r\n\r\n", "x".repeat(300));
    check("by much", small, long.as_bytes(), &["too large 317", "E|Event=B"]);
    let legacy = format!(
        "Response: Follows\r\n{}\n\n--END COMMAND--\r\n\r\nEvent: B\r\n\r\n",
        "x".repeat(300)
    );
    check("in the old format", small, legacy.as_bytes(), &["too large 340", "E|Event=B"]);
    check("and cut off", small, &long.as_bytes()[..200], &["too large 200"]);
    let no_line = "x".repeat(5000);
    check("no banner", Codec::new, no_line.as_bytes(), &["too large 5000"]);
}

#[test]
fn an_oversized_message_is_not_held() {
    for limit in [24, 2000] {
        let mut codec = Codec::without_banner().max_message(limit);
        let mut buffer = BytesMut::from(&b"Event: A\r\nD: "[..]);
        for _ in 0..1000 {
            buffer.extend_from_slice(&[b'x'; 100]);
            assert!(codec.decode(&mut buffer).unwrap().is_none());
            assert!(buffer.len() <= limit.max(1024), "{} bytes are held", buffer.len());
        }
        buffer.extend_from_slice(b"\r\n\r\n");
        match codec.decode(&mut buffer).unwrap() {
            Some(Frame::Malformed(Malformed::TooLarge { bytes, head, .. })) => {
                assert_eq!((bytes, head.len()), (100_017, 1024));
                assert!(head.starts_with(b"Event: A\r\nD: xxx"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_end_that_does_not_come_is_not_looked_for_again_and_again() {
    // Behind the marker, fields that are never followed by an empty line.
    let mut codec = Codec::without_banner();
    let mut buffer =
        BytesMut::from(&b"Response: Follows\r\nActionID: t\r\n--END COMMAND--\r\n"[..]);
    buffer.extend_from_slice("A: b\r\n".repeat(300).as_bytes());
    assert!(codec.decode(&mut buffer).unwrap().is_none());
    buffer.extend_from_slice(b"--END COMMAND--\r\n\r\n");
    match codec.decode(&mut buffer).unwrap() {
        Some(Frame::Response(response)) => assert_eq!(response.command_output().count(), 301),
        other => panic!("{other:?}"),
    }
}

#[test]
fn blanks_around_names_do_not_count_for_those_who_ask() {
    let wire = b"Event: UserEvent\r\nUserEvent: Result\r\n Status: passed\r\n\tTwo \t: 2\r\n\r\n";
    let message = messages(wire).remove(0);
    assert_eq!(message.text("Status").unwrap(), "passed");
    assert_eq!(message.get(" status "), Some(&b"passed"[..]));
    assert_eq!(message.whole("Two"), Some(&b"2"[..]));
    let names: Vec<_> = message.fields().map(|(name, _)| name).collect();
    assert_eq!(names, [&b"Event"[..], b"UserEvent", b" Status", b"\tTwo \t"]);
}

#[test]
fn a_value_of_several_lines_can_be_had_whole() {
    let wire =
        b"Event: SMS\r\nBody: one\nYES: NO\n\nend\n\r\nCallStarted: 99\nLoggedInTime: 5\r\n\r\n";
    let message = messages(wire).remove(0);
    assert_eq!(message.get("Body"), Some(&b"one"[..]));
    assert_eq!(message.get("YES"), Some(&b"NO"[..]));
    assert_eq!(message.get("LoggedInTime"), Some(&b"5"[..]));
    assert_eq!(message.whole("body"), Some(&b"one\nYES: NO\n\nend\n"[..]));
    // They stand inside of values.
    assert_eq!((message.whole("YES"), message.whole("LoggedInTime")), (None, None));
    assert_eq!((message.whole("Absent"), message.whole("Body: one")), (None, None));
    let lf = messages(b"Event: X\nA: 1\nB: 2\n\n").remove(0);
    assert_eq!(lf.whole("A"), Some(&b"1"[..]));
}

#[test]
fn an_id_inside_of_a_value_is_not_the_id_of_the_message() {
    let wire = b"Event: DBGetResponse\r\nVal: x\nActionID: forged\r\nActionID: true\r\n\r\n";
    assert_eq!(messages(wire).remove(0).action_id(), Some(&b"true"[..]));
    let wire = b"Event: DBGetResponse\nActionID: t\n\n";
    assert_eq!(messages(wire).remove(0).action_id(), Some(&b"t"[..]));
    let wire = b"ActionID: first\r\nResponse: Success\r\n\r\n";
    assert_eq!(messages(wire).remove(0).action_id(), Some(&b"first"[..]));
}

#[test]
fn blank_lines_alone_leave_nothing_behind() {
    let mut codec = Codec::without_banner();
    let mut buffer = BytesMut::new();
    for _ in 0..10_000 {
        buffer.extend_from_slice(b"\n");
        assert!(codec.decode(&mut buffer).unwrap().is_none());
        assert!(buffer.is_empty());
    }
}

#[test]
fn fields_are_found_by_name() {
    let message =
        messages(b"Event: S\r\nVariable: A=1\r\nvariable: B=2\r\nSp : x\r\nName: \xe9\r\n\r\n")
            .remove(0);
    assert_eq!(message.get("VARIABLE"), Some(&b"A=1"[..]));
    assert_eq!(message.get_all("Variable").collect::<Vec<_>>(), [b"A=1", b"B=2"]);
    assert_eq!(message.get("Sp"), Some(&b"x"[..]));
    assert_eq!(message.get("Absent"), None);
    assert_eq!(message.get("Variable: A"), None);
    assert_eq!(message.text("Name").unwrap(), "\u{fffd}");
    assert!(message.utf8("Name").is_err());
    assert_eq!(message.utf8("Sp"), Ok(Some("x")));
}

#[test]
fn a_detached_message_is_the_same_and_stands_alone() {
    let wire = b"Event: A\r\nK: v\r\n\r\n";
    let message = messages(wire).remove(0);
    let detached = message.detach();
    assert_eq!(detached, message);
    assert_ne!(detached.raw().as_ptr(), message.raw().as_ptr());
    assert_eq!(detached.raw(), &wire[..]);
}

#[test]
fn debug_hides_secrets() {
    let wire = b"Event: X\r\nSecret: hush\r\nPassword: hush\r\nsecret=hush\r\nJSON: {hush}\r\nValue-000001: hush\r\nLine-000001-000002: secret=hush\r\nName: Bob\r\n\r\n";
    let shown = format!("{:?}", messages(wire).remove(0));
    assert!(!shown.contains("hush") && shown.contains("Bob"), "{shown}");
}

#[test]
fn debug_hides_secrets_of_several_lines_and_the_rest_of_cut_ones() {
    for wire in [
        "Event: X\r\nSecret: a\nhush\r\n\r\n",
        "Event: X\r\nKey: password\r\nVal: a\nuser: hush\r\n\r\n",
        "Event: X\r\nBody: a\nPassword: hush\nb\r\n\r\n",
        "hush\r\nb: hush\r\n\r\n",
    ] {
        let shown = format!("{:?}", messages(wire.as_bytes()).remove(0));
        assert!(!shown.contains("hush"), "{shown}");
    }
    let shown = format!("{:?}", messages(b"Event: X\r\nBody: a\nb\r\n\r\n").remove(0));
    assert!(shown.contains(r#"Body: "a\nb""#), "{shown}");
}

#[test]
fn debug_hides_the_value_of_what_is_named_elsewhere() {
    for wire in [
        "Event: VarSet\r\nVariable: DB_PASSWORD\r\nValue: hush\r\n\r\n",
        "Event: DBGetResponse\r\nFamily: f\r\nKey: md5secret\r\nVal: hush\r\n\r\n",
        "Response: Success\r\nOutput:   password  : hush\r\n\r\n",
        "Response: Success\r\nLine-000000-000001: register=user:hush@host\r\n\r\n",
    ] {
        let shown = format!("{:?}", messages(wire.as_bytes()).remove(0));
        assert!(!shown.contains("hush"), "{shown}");
    }
    let plain = b"Event: VarSet\r\nVariable: GREETING\r\nValue: hello\r\n\r\n";
    assert!(format!("{:?}", messages(plain).remove(0)).contains("hello"));
}

fn messages(wire: &[u8]) -> Vec<Message> {
    let frames = decode(Codec::without_banner(), &[wire]);
    frames.into_iter().map(|frame| message(&frame).unwrap().clone()).collect()
}

fn message(frame: &Frame) -> Option<&Message> {
    match frame {
        Frame::Event(event) => Some(event),
        Frame::Response(response) => Some(response),
        Frame::Other(message) => Some(message),
        _ => None,
    }
}

/// Asserts that no message comes before its empty line has.
fn assert_complete(frames: &[Frame]) {
    for message in frames.iter().filter_map(message) {
        let raw = message.raw();
        assert!(raw.ends_with(b"\n\n") || raw.ends_with(b"\n\r\n"), "{}", raw.escape_ascii());
    }
}

fn check(name: &str, codec: impl Fn() -> Codec, wire: &[u8], expected: &[&str]) {
    let read = |chunks: &[&[u8]]| -> Vec<String> {
        let frames = decode(codec(), chunks);
        assert_complete(&frames);
        frames.iter().map(shown).collect()
    };
    assert_eq!(read(&[wire]), expected, "{name}: whole");
    for at in 0..=wire.len() {
        assert_eq!(read(&[&wire[..at], &wire[at..]]), expected, "{name}: cut at {at}");
    }
    assert_eq!(read(&wire.chunks(1).collect::<Vec<_>>()), expected, "{name}: byte by byte");
    assert_eq!(read(&wire.chunks(7).collect::<Vec<_>>()), expected, "{name}: in sevens");
}

fn decode(mut codec: Codec, chunks: &[&[u8]]) -> Vec<Frame> {
    let mut buffer = BytesMut::new();
    let mut frames = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        while let Some(frame) = codec.decode(&mut buffer).unwrap() {
            frames.push(frame);
        }
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).unwrap() {
        frames.push(frame);
    }
    frames
}

fn shown(frame: &Frame) -> String {
    let kind = match frame {
        Frame::Banner(banner) => return format!("banner {}", banner.version().unwrap_or("-")),
        Frame::Malformed(Malformed::TooLarge { bytes, .. }) => return format!("too large {bytes}"),
        Frame::Malformed(Malformed::Truncated(rest)) => return format!("truncated {}", rest.len()),
        Frame::Event(_) => "E",
        Frame::Response(_) => "R",
        Frame::Other(_) => "O",
        other => return format!("{other:?}"),
    };
    let mut shown = kind.to_owned();
    let message = message(frame).unwrap();
    for line in message.lines() {
        shown += &match line {
            Line::Field(name, value) => {
                format!("|{}={}", name.escape_ascii(), value.escape_ascii())
            }
            Line::Bare(text) => format!("|<{}>", text.escape_ascii()),
        };
    }
    if message.get("Output").is_none() {
        shown.extend(message.command_output().map(|line| format!("|>{}", line.escape_ascii())));
    }
    shown
}

/// A fixture, recorded from a real server.
fn recorded(major: u32) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    std::fs::read(format!("{folder}/asterisk-{major}.ami")).unwrap()
}

#[test]
fn a_recorded_stream_reads_the_same_in_any_chunks() {
    for major in [22, 16] {
        let stream = recorded(major);
        let whole: Vec<_> = decode(Codec::new(), &[&stream]).iter().map(shown).collect();
        assert!(whole.len() > 4000, "{} frames", whole.len());
        assert!(!whole.iter().any(|frame| frame.starts_with("truncated")));
        for size in [1, 7, 1460, 4096] {
            let chunks: Vec<_> = stream.chunks(size).collect();
            let frames = decode(Codec::new(), &chunks);
            assert!(frames.iter().map(shown).eq(whole.iter().cloned()), "in chunks of {size}");
        }
        let step = stream.len() / 50;
        for at in (1..stream.len()).step_by(step) {
            let frames = decode(Codec::new(), &[&stream[..at], &stream[at..]]);
            assert_eq!(frames.len(), whole.len(), "cut at {at}");
        }
    }
}

#[test]
fn a_recorded_stream_has_everything_that_was_recorded() {
    for major in [22, 16] {
        let frames = decode(Codec::new(), &[&recorded(major)]);
        let events = |name: &str| {
            frames.iter().filter(|it| matches!(it, Frame::Event(event) if event.is(name))).count()
        };
        for name in
            ["Newchannel", "Hangup", "VarSet", "OriginateResponse", "UserEvent", "StatusComplete"]
        {
            assert!(events(name) > 0, "no {name} from {major}");
        }
        let variables = |role: &[u8]| {
            let all = frames.iter().filter_map(message).flat_map(Message::variables);
            all.filter(|variable| variable.of == role && variable.name == b"FLAVOUR").count()
        };
        assert!(variables(b"") > 100 && variables(b"Dest") > 10);
        let long = frames.iter().filter_map(message).map(|it| it.command_output().count()).max();
        assert!(long >= Some(400), "{long:?}");
    }
}

#[test]
fn a_long_value_is_one_field() {
    let long = |length| [&b"Event: Big\r\nD: "[..], &vec![b'x'; length], b"\r\n\r\n"].concat();
    let wire = long(1 << 20);
    assert_eq!(messages(&wire)[0].get("D").map(<[u8]>::len), Some(1 << 20));
    let wire = long(1 << 15);
    for at in (0..wire.len()).step_by(wire.len() / 1000) {
        match &decode(Codec::without_banner(), &[&wire[..at], &wire[at..]])[..] {
            [Frame::Event(event)] => assert_eq!(event.raw(), &wire[..], "cut at {at}"),
            other => panic!("{} frames, cut at {at}", other.len()),
        }
    }
}

#[test]
fn a_hundred_thousand_lines_are_one_message() {
    let wire = format!("Response: Success\r\n{}\r\n", "Output: a line\r\n".repeat(100_000));
    let message = messages(wire.as_bytes()).remove(0);
    assert_eq!(message.command_output().filter(|line| line == b"a line").count(), 100_000);
}
