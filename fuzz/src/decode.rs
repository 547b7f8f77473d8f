//! Any bytes, in any chunks: the decoder does not panic, always gets on, holds no more than its limit, and loses nothing.

use ami::{Codec, Frame, Line, Malformed, Message};
use bytes::BytesMut;
use tokio_util::codec::Decoder;

/// Small, so that the fuzzer gets beyond it.
const MAX_MESSAGE: usize = 512;

/// The first byte chooses the start of the stream and the size of its chunks, the rest is the stream.
pub(crate) fn decode(data: &[u8]) {
    let Some((&mode, stream)) = data.split_first() else {
        return;
    };
    let codec = if mode & 1 == 0 { Codec::new() } else { Codec::without_banner() };
    let mut codec = codec.max_message(MAX_MESSAGE);
    let chunk = usize::from(mode >> 1) + 1;
    let mut buffer = BytesMut::new();
    let mut accounted = 0;
    for bytes in stream.chunks(chunk) {
        buffer.extend_from_slice(bytes);
        while let Some(frame) = codec.decode(&mut buffer).expect("only the transport fails") {
            accounted += check(&frame);
        }
        let banner = 1024;
        assert!(buffer.len() <= MAX_MESSAGE.max(banner) + chunk, "{} bytes are held", buffer.len());
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).expect("only the transport fails") {
        accounted += check(&frame);
    }
    assert!(buffer.is_empty(), "{} bytes are left", buffer.len());
    // What no frame has are line ends between messages, and those of a banner.
    assert!(accounted <= stream.len());
    let blanks = stream.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    assert!(stream.len() - accounted <= blanks, "{} bytes are lost", stream.len() - accounted);
}

/// Looks at everything in a frame. The result is how many bytes of the stream it stands for.
fn check(frame: &Frame) -> usize {
    match frame {
        Frame::Banner(banner) => {
            let _ = banner.version();
            banner.line().len()
        }
        Frame::Event(event) => {
            assert!(
                event.is(&String::from_utf8_lossy(event.name()))
                    || event.name().iter().any(|b| !b.is_ascii())
            );
            message(event)
        }
        Frame::Response(response) => {
            let _ = (response.status(), response.is_error(), response.message());
            message(response)
        }
        Frame::Other(other) => message(other),
        Frame::Malformed(Malformed::TooLarge(bytes)) => *bytes,
        Frame::Malformed(Malformed::Truncated(rest)) => rest.len(),
        other => panic!("a new kind of frame: {other:?}"),
    }
}

fn message(message: &Message) -> usize {
    assert!(message.raw().len() <= MAX_MESSAGE);
    for line in message.lines() {
        let (Line::Field(text, _) | Line::Bare(text)) = line;
        assert!(!text.contains(&b'\n'));
        if let (Line::Field(name, value), Ok(text)) = (line, std::str::from_utf8(text)) {
            let found = message.get(text).expect("a field that is there is found");
            assert!(
                found == value || message.get_all(text).any(|other| other == value),
                "{name:?}"
            );
        }
    }
    let _ = (message.action_id(), message.command_output().count(), format!("{message:?}"));
    assert_eq!(&message.detach(), message);
    message.raw().len()
}
