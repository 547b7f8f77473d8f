//! The fields that describe a channel in an event, read in one pass.

use ami::Event;

/// The fields that describe a channel. A field that the event does not have is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Snapshot<'a> {
    pub(super) channel: Option<&'a [u8]>,
    pub(super) state: Option<&'a [u8]>,
    pub(super) caller_number: Option<&'a [u8]>,
    pub(super) caller_name: Option<&'a [u8]>,
    pub(super) connected_number: Option<&'a [u8]>,
    pub(super) connected_name: Option<&'a [u8]>,
    pub(super) language: Option<&'a [u8]>,
    pub(super) account_code: Option<&'a [u8]>,
    pub(super) context: Option<&'a [u8]>,
    pub(super) exten: Option<&'a [u8]>,
    pub(super) priority: Option<&'a [u8]>,
    pub(super) unique_id: Option<&'a [u8]>,
    pub(super) linked_id: Option<&'a [u8]>,
    pub(super) application: Option<&'a [u8]>,
    pub(super) application_data: Option<&'a [u8]>,
    pub(super) bridge: Option<&'a [u8]>,
    pub(super) duration: Option<&'a [u8]>,
}

impl<'a> Snapshot<'a> {
    /// Reads the fields of an event. Of a repeated field the first one counts.
    pub(super) fn of(event: &'a Event) -> Self {
        let mut it = Self::default();
        for (name, value) in event.fields() {
            let field = match name {
                b"Channel" => &mut it.channel,
                b"ChannelState" => &mut it.state,
                b"CallerIDNum" => &mut it.caller_number,
                b"CallerIDName" => &mut it.caller_name,
                b"ConnectedLineNum" => &mut it.connected_number,
                b"ConnectedLineName" => &mut it.connected_name,
                b"Language" => &mut it.language,
                b"AccountCode" => &mut it.account_code,
                b"Context" => &mut it.context,
                b"Exten" | b"Extension" => &mut it.exten,
                b"Priority" => &mut it.priority,
                b"Uniqueid" => &mut it.unique_id,
                b"Linkedid" => &mut it.linked_id,
                b"Application" => &mut it.application,
                b"AppData" | b"ApplicationData" => &mut it.application_data,
                b"BridgeUniqueid" | b"BridgeId" => &mut it.bridge,
                b"Duration" => &mut it.duration,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        it
    }

    /// Returns the identifier of the call.
    pub(super) fn linked_id(&self) -> Option<&'a str> {
        str::from_utf8(self.linked_id?).ok().filter(|it| !it.is_empty())
    }

    /// Returns the identifier of the channel.
    pub(super) fn unique_id(&self) -> Option<&'a str> {
        str::from_utf8(self.unique_id?).ok().filter(|it| !it.is_empty())
    }
}
