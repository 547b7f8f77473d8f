//! Any bytes: cut in any way, they give the frames that they give whole.

use ami::{Codec, Frame};

use crate::chunks::{self, Chunks};

/// Small, so that the fuzzer gets beyond it.
const MAX_MESSAGE: usize = 512;

/// The stream is decoded whole, and then in the pieces that the input names; or byte by byte, if it
/// names none.
pub(crate) fn split(data: &[u8]) {
    let Some(Chunks { banner, sizes, stream }) = Chunks::of(data) else { return };
    let codec = || {
        let codec = if banner { Codec::new() } else { Codec::without_banner() };
        codec.max_message(MAX_MESSAGE)
    };
    let mut whole = Vec::new();
    chunks::decode(codec(), stream, &[], |frame| whole.push(frame));
    let sizes: &[u8] = match sizes {
        [] | [0, ..] => &[1],
        sizes => sizes,
    };
    let mut expected = whole.iter();
    chunks::decode(codec(), stream, sizes, |frame| {
        let same = expected.next().is_some_and(|expected| is_same(&frame, expected));
        assert!(same, "{frame:?} in pieces of {sizes:?} is not in {whole:?}");
    });
    let missing = expected.next();
    assert!(missing.is_none(), "{missing:?} is not there in pieces of {sizes:?}");
}

/// Two frames are the same if they are of one kind, and have the same bytes and the same parts.
fn is_same(one: &Frame, other: &Frame) -> bool {
    match (one, other) {
        (Frame::Banner(one), Frame::Banner(other)) => one == other,
        (Frame::Event(one), Frame::Event(other)) => one == other,
        (Frame::Response(one), Frame::Response(other)) => one == other,
        (Frame::Other(one), Frame::Other(other)) => one == other,
        (Frame::Malformed(one), Frame::Malformed(other)) => one == other,
        _ => false,
    }
}
