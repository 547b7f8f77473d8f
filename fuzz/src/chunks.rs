//! A stream and the pieces that it comes in.

use ami::{Codec, Frame};
use bytes::BytesMut;
use tokio_util::codec::Decoder;

/// What a target makes of its input: how the stream begins, how it is cut, and the stream.
pub(crate) struct Chunks<'a> {
    pub(crate) banner: bool,
    /// The sizes of the pieces, used again from the start when they run out.
    pub(crate) sizes: &'a [u8],
    pub(crate) stream: &'a [u8],
}

impl<'a> Chunks<'a> {
    /// The first byte says whether there is a banner and how many sizes follow; the rest is the
    /// stream.
    pub(crate) fn of(data: &'a [u8]) -> Option<Self> {
        let (&first, rest) = data.split_first()?;
        let (sizes, stream) = rest.split_at_checked(usize::from(first >> 4))?;
        Some(Self { banner: first & 1 == 0, sizes, stream })
    }
}

/// Decodes a stream in pieces, to its end, and shows each frame. A size of nothing means all.
pub(crate) fn decode(
    mut codec: Codec,
    mut stream: &[u8],
    sizes: &[u8],
    mut show: impl FnMut(Frame),
) {
    let mut buffer = BytesMut::with_capacity(stream.len());
    let mut sizes = sizes.iter().copied().cycle();
    while !stream.is_empty() {
        let size = match usize::from(sizes.next().unwrap_or(0)) {
            0 => stream.len(),
            size => size.min(stream.len()),
        };
        let (piece, rest) = stream.split_at(size);
        stream = rest;
        buffer.extend_from_slice(piece);
        while let Some(frame) = codec.decode(&mut buffer).expect("only the transport fails") {
            show(frame);
        }
    }
    while let Some(frame) = codec.decode_eof(&mut buffer).expect("only the transport fails") {
        show(frame);
    }
}
