//! An action that can be sent is read back with the same name, id and fields; any other is refused, and nothing of it is
//! written.

use ami::{Action, Codec, Frame, Line};
use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

/// The input is cut at bytes 0xFF into the name, the id, and then names and values of fields in turn.
pub(crate) fn roundtrip(data: &[u8]) {
    let mut parts = data.split(|&byte| byte == 0xff);
    let text = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
    let name = text(parts.next());
    let id = parts.next().filter(|id| !id.is_empty()).map(|id| text(Some(id)));
    let mut fields = Vec::new();
    while let Some(field) = parts.next() {
        fields.push((text(Some(field)), parts.next().unwrap_or_default().to_vec()));
    }
    let action = fields.iter().fold(Action::new(&name), |it, (name, value)| it.field(name, value));
    let action = id.iter().fold(action, |it, id| it.with_action_id(id));
    let mut wire = BytesMut::new();
    let encoded = Codec::new().encode(&action, &mut wire);
    assert_eq!(encoded.is_ok(), action.check().is_ok());
    if encoded.is_err() {
        assert!(wire.is_empty());
        return;
    }
    check_limits(&wire);
    let mut expected = vec![("Action".to_owned(), name.into_bytes())];
    expected.extend(id.map(|id| ("ActionID".to_owned(), id.into_bytes())));
    expected.extend(fields);
    let message = match Codec::without_banner().decode(&mut wire).expect("only the transport fails")
    {
        Some(Frame::Other(message)) => message,
        other => panic!("an action is one message: {other:?}"),
    };
    let found = message.lines().map(|line| match line {
        Line::Field(name, value) => (String::from_utf8_lossy(name).into_owned(), value.to_vec()),
        Line::Bare(text) => panic!("a line without a name: {text:?}"),
    });
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert!(wire.is_empty(), "there is more than one message");
}

/// What the server's buffers take.
fn check_limits(wire: &[u8]) {
    let lines: Vec<_> = wire.split(|&byte| byte == b'\n').collect();
    // The empty line and what is behind its LF.
    assert!(lines.len() - 2 <= 128);
    for line in lines {
        assert!(line.len() <= 1023, "{} bytes with the CR", line.len());
        assert!(!line.contains(&0));
    }
}
