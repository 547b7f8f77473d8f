//! Any bytes: cut in any way, they give the frames that they give whole.

use ami::{Codec, Frame};

use crate::chunks::{self, Chunks};

/// Small, so that the fuzzer gets beyond it.
const MAX_MESSAGE: usize = 512;

pub(crate) fn split(data: &[u8]) {
    let Some(Chunks { banner, sizes, stream }) = Chunks::of(data) else { return };
    let codec = || {
        let codec = if banner { Codec::new() } else { Codec::without_banner() };
        codec.max_message(MAX_MESSAGE)
    };
    let whole = chunks::decode(codec(), stream, &[]);
    let pieces = chunks::decode(codec(), stream, sizes);
    let bytes = chunks::decode(codec(), stream, &[1]);
    assert_eq!(shown(&whole), shown(&pieces));
    assert_eq!(shown(&whole), shown(&bytes));
}

/// Frames without what is not theirs: two are the same if they have the same bytes.
fn shown(frames: &[Frame]) -> Vec<String> {
    let raw = |frame: &Frame| match frame {
        Frame::Event(event) => format!("event {:?}", event.raw()),
        Frame::Response(response) => format!("response {:?}", response.raw()),
        Frame::Other(other) => format!("other {:?}", other.raw()),
        other => format!("{other:?}"),
    };
    frames.iter().map(raw).collect()
}
