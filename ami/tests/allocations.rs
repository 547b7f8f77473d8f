//! Tests that a message causes no allocation, neither in the codec nor on its way to a subscriber.
//! They are a program of their own, because every allocation in it is counted.

use ami::action::AbsoluteTimeout;
use ami::event::Hangup;
use ami::testing::{Peer, Script};
use ami::{Action, Codec, Config, Event, EventMask, Filter, Frame, Item, Login, Message};
use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncWriteExt, duplex};
use tokio_util::codec::Decoder;

#[test]
fn decoding_and_reading_allocate_nothing_for_a_message() {
    let one = "Event: Newchannel\r\nPrivilege: call,all\r\nChannel: Local/s@default-00000000;1\r\nActionID: x\r\n\r\n";
    let stream = one.repeat(600);
    let mut codec = Codec::without_banner();
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    let mut round = || {
        let mut messages = 0;
        buffer.reserve(stream.len());
        buffer.put_slice(stream.as_bytes());
        while let Ok(Some(frame)) = codec.decode(&mut buffer) {
            if let Frame::Event(event) = frame {
                messages += usize::from(looks_right(&event));
            }
        }
        messages
    };
    // The first round makes the buffer shared.
    assert_eq!(round(), 600);
    let mut messages = 0;
    let counted = allocation_counter::measure(|| messages = (0..50).map(|_| round()).sum());
    assert_eq!(messages, 30_000);
    let allocations = counted.count_total;
    assert!(allocations <= 50, "{allocations} allocations for 50 reads of 600 messages");
}

#[test]
fn typed_access_allocates_nothing() {
    let text = "Event: DialEnd\r\nPrivilege: call,all\r\nChannel: Local/s@default-00000000;1\r\n\
                ChannelState: 6\r\nCallerIDName: plain\r\nUniqueid: 1700000000.1\r\nPriority: 1\r\n\
                DestChannel: PJSIP/a-00000002\r\nDestPriority: 2\r\nDialStatus: GOTO:x\r\n\r\n";
    let event = Event::parse(text).unwrap();
    let mut seen = 0;
    let counted = allocation_counter::measure(|| {
        event.typed().visit_fields(&mut |_| seen += 1);
    });
    assert!(seen > 40, "{seen} getters");
    assert_eq!(counted.count_total, 0);
}

fn looks_right(message: &Message) -> bool {
    message.head() == b"Newchannel"
        && message.action_id() == Some(b"x")
        && message.get("privilege").is_some()
        && message.lines().count() == 4
}

#[test]
fn an_event_allocates_nothing_on_its_way_to_a_subscriber() {
    let stream = "Event: Newchannel\r\nPrivilege: call,all\r\n\r\n".repeat(600);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (near, mut far) = duplex(64 * 1024);
    let connect = async {
        far.write_all(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\n").await.unwrap();
        let config = Config::new("user", "secret").login(Login::Plain).keepalive(None);
        config.handshake(near).await.unwrap()
    };
    let client = runtime.block_on(connect);
    let mut all = client.subscribe(Filter::all());
    let mut named = client.subscribe(Filter::named(["Newchannel"]));
    let mut rounds = |count: usize| {
        runtime.block_on(async {
            for _ in 0..count {
                far.write_all(stream.as_bytes()).await.unwrap();
                for _ in 0..600 {
                    assert!(matches!(all.next().await, Some(Item::Event(_))));
                    assert!(matches!(named.next().await, Some(Item::Event(_))));
                }
            }
        });
    };
    // The first rounds allocate the memory that is reused.
    rounds(10);
    let allocations = allocation_counter::measure(|| rounds(50)).count_total;
    // A few allocations for each read are allowed.
    assert!(allocations <= 50 * 10, "{allocations} allocations for 50 reads of 600 messages");
}

#[test]
fn typed_calls_and_subscriptions_allocate_what_raw_ones_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for write in [EventMask::all(), EventMask::of([ami::EventClass::System])] {
        let connect = async {
            let config = Config::new("user", "secret");
            let script = Script::new().read(write).write(write);
            let (client, mut peer) = Peer::connect_with(&config, script).await.unwrap();
            peer.serve_until(client.permissions()).await.unwrap().unwrap();
            (client, peer)
        };
        let (client, _peer) = runtime.block_on(connect);
        let timeout = std::time::Duration::from_secs(7);
        let count = |run: &dyn Fn()| {
            // Some runs allocate memory that is reused.
            let once = || allocation_counter::measure(run).count_total;
            runtime.block_on(async { (0..200).map(|_| once()).min() })
        };
        let poll = |call: ami::Call| {
            let mut call = std::pin::pin!(call);
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(call.as_mut().poll(&mut cx).is_pending());
        };
        let calls = [
            count(&|| {
                let action = Action::new("AbsoluteTimeout").field("Channel", "PJSIP/1");
                poll(client.call(action.field("Timeout", timeout.as_secs().to_string())));
            }),
            count(&|| poll(client.call(AbsoluteTimeout::new("PJSIP/1", timeout)))),
        ];
        assert_eq!(calls[0], calls[1]);
        let subscriptions = [
            count(&|| drop(client.subscribe(Filter::named(["Hangup"])))),
            count(&|| drop(client.subscribe_to::<Hangup>())),
        ];
        assert_eq!(subscriptions[0], subscriptions[1]);
    }
}
