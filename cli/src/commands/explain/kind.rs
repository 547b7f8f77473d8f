//! The kinds of names that are explained.

use std::fmt;

use clap::ValueEnum;

/// The kind of a name. The order is that of the output.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(super) enum Kind {
    /// An event
    Event,
    /// An action
    Action,
    /// A hangup cause
    Cause,
    /// The reason of OriginateResponse
    Reason,
    /// The state of a channel
    ChannelState,
    /// The state of a device, a queue's member among them
    DeviceState,
    /// The state of an extension with a hint
    ExtensionState,
    /// The presence of a user
    Presence,
    /// A class of events and actions (`read` and `write` in manager.conf)
    Class,
    /// A response, or the message of one
    Response,
    /// A response code of SIP
    Sip,
    /// A variable that an application sets
    Variable,
    /// A value of such a variable
    Value,
    /// An application of the dialplan
    Application,
    /// A function of the dialplan
    Function,
    /// A command of AGI
    Agi,
    /// A configuration file, or a section of one
    Config,
    /// An option of a configuration file
    Option,
    /// A module of the server
    Module,
}

impl Kind {
    /// Returns the name of the kind, as on the command line and in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Action => "action",
            Self::Cause => "cause",
            Self::Reason => "reason",
            Self::ChannelState => "channel-state",
            Self::DeviceState => "device-state",
            Self::ExtensionState => "extension-state",
            Self::Presence => "presence",
            Self::Class => "class",
            Self::Response => "response",
            Self::Sip => "sip",
            Self::Variable => "variable",
            Self::Value => "value",
            Self::Application => "application",
            Self::Function => "function",
            Self::Agi => "agi",
            Self::Config => "config",
            Self::Option => "option",
            Self::Module => "module",
        }
    }

    /// Returns the name of the kind for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Cause => "hangup cause",
            Self::Reason => "reason of OriginateResponse",
            Self::ChannelState => "state of a channel",
            Self::DeviceState => "state of a device",
            Self::ExtensionState => "state of an extension",
            Self::Class => "privilege class",
            Self::Sip => "SIP response code",
            Self::Agi => "AGI command",
            Self::Config => "configuration",
            Self::Option => "configuration option",
            other => other.name(),
        }
    }

    /// Returns the kind of the entries with this tag in a server's documentation, or `None` for a
    /// tag whose entries are parts of others.
    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        Some(match tag {
            "managerEvent" => Self::Event,
            "manager" => Self::Action,
            "application" => Self::Application,
            "function" => Self::Function,
            "agi" => Self::Agi,
            "configInfo" => Self::Config,
            "module" => Self::Module,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
