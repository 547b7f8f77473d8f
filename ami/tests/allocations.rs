//! Decoding allocates nothing for a message: a program of its own, because every allocation in it is counted.

use ami::{Codec, Frame, Message};
use bytes::{BufMut, BytesMut};
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

fn looks_right(message: &Message) -> bool {
    message.head() == b"Newchannel"
        && message.action_id() == Some(b"x")
        && message.get("privilege").is_some()
        && message.lines().count() == 4
}
