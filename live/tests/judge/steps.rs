//! Random steps: what callers, agents, operators and programs do to a server.

use std::time::Duration;

use fastrand::Rng;
use live::ami::{Action, Client, Event};

/// The number of channels from which on more calls are ended than begun.
const CHANNELS: usize = 40;

const PHONES: &[&str] =
    &["answer", "quick", "stay", "ring", "busy", "congestion", "forward", "renumbered"];

const EXTENSIONS: &[&str] =
    &["all", "park", "park2", "hall", "701", "702", "703", "801", "pickup", "spy", "echo"];

/// The extensions that lead to many others.
const GROUPS: &[&str] = &[
    "queue-ringall",
    "queue-rrmemory",
    "queue-empty",
    "queue-empty",
    "conf-1",
    "conf-2",
    "admin-1",
    "marked-2",
    "muted-1",
    "talker-1",
    "waiting-2",
];

const QUEUES: &[&str] = &["ringall", "rrmemory", "empty"];

const INTERFACES: &[&str] = &[
    "Local/answer@phones",
    "Local/stay@phones/n",
    "Local/quick@phones",
    "Local/busy@phones",
    "Local/ring@phones/n",
    "Local/renumbered@phones",
];

const STATES: &[&str] =
    &["NOT_INUSE", "INUSE", "BUSY", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD", "INVALID"];

const DEVICES: &[&str] =
    &["Custom:lamp1", "Custom:lamp2", "Custom:agent2", "Custom:agent3", "Custom:new"];

/// The random steps of a seed.
pub(crate) struct Steps {
    pub(crate) random: Rng,
    /// The names of the channels that were up last.
    channels: Vec<String>,
    pub(crate) calls: u64,
    pub(crate) done: u64,
}

impl Steps {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), channels: Vec::new(), calls: 0, done: 0 }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.random.usize(..from.len())]
    }

    /// Returns the name of a channel that was up, or one that never was.
    fn channel(&mut self) -> String {
        match self.channels.len() {
            0 => "Local/none@phones-00000000;1".to_owned(),
            all => self.channels[self.random.usize(..all)].clone(),
        }
    }

    /// Does some steps. The server may refuse any of them, as the channels go on.
    pub(crate) async fn some(&mut self, client: &Client) {
        if let Ok(list) = client.list(Action::new("CoreShowChannels")).await {
            let name = |it: &Event| it.text("Channel").unwrap_or_default().into_owned();
            self.channels = list.items.iter().map(name).collect();
        }
        for _ in 0..self.random.usize(1..6) {
            self.done += 1;
            let action = self.action();
            // Refusals are part of the game; a lost connection shows at the next check.
            let _ = client.call(action).await;
        }
        if self.random.u8(..) < 100 {
            // Calls need time to go on by themselves.
            tokio::time::sleep(Duration::from_millis(self.random.u64(1..30))).await;
        }
    }

    fn action(&mut self) -> Action {
        let many = self.channels.len() > CHANNELS;
        match self.random.u8(..100) {
            0..30 if !many => self.originate(),
            0..36 => Action::new("Hangup")
                .field("Channel", self.channel())
                .field("Cause", self.random.u8(1..40).to_string()),
            36..48 => self.transfer(),
            48..60 => self.queue(),
            60..70 => self.conference(),
            70..76 => self.park(),
            76..84 => self.variable(),
            84..92 => self.device(),
            92..96 => Action::new("PlayDTMF")
                .field("Channel", self.channel())
                .field("Digit", self.pick(&["#", "*", "1", "2", "0", "7"])),
            96..98 => Action::new("LocalOptimizeAway").field("Channel", self.channel()),
            _ => Action::new("AbsoluteTimeout")
                .field("Channel", self.channel())
                .field("Timeout", self.random.u8(1..4).to_string()),
        }
    }

    fn originate(&mut self) -> Action {
        self.calls += 1;
        let end = if self.random.bool() { "/n" } else { "" };
        let number = self.random.u16(100..999);
        let (phone, exten) = match self.random.u8(..6) {
            0 => (self.pick(PHONES), format!("dial-{}", self.pick(PHONES))),
            1 => (self.pick(PHONES), format!("diln-{}", self.pick(PHONES))),
            2 | 3 => (self.pick(PHONES), self.pick(EXTENSIONS).to_owned()),
            _ => (self.pick(&["stay", "answer"]), self.pick(GROUPS).to_owned()),
        };
        let channel = format!("Local/{phone}@phones{end}");
        Action::new("Originate")
            .field("Async", "true")
            .field("Channel", channel)
            .field("Context", "calls")
            .field("Exten", exten)
            .field("Priority", "1")
            .field("Timeout", self.random.u16(500..4000).to_string())
            .field("CallerID", format!("Caller {number} <{number}>"))
            .field("Account", self.pick(&["", "sales"]))
    }

    fn transfer(&mut self) -> Action {
        let exten = match self.random.u8(..4) {
            0 => self.pick(EXTENSIONS).to_owned(),
            1 => self.pick(GROUPS).to_owned(),
            _ => format!("dial-{}", self.pick(PHONES)),
        };
        let (channel, other) = (self.channel(), self.channel());
        match self.random.u8(..6) {
            0 => Action::new("BlindTransfer")
                .field("Channel", channel)
                .field("Context", "calls")
                .field("Exten", exten),
            1 => Action::new("Atxfer")
                .field("Channel", channel)
                .field("Context", "calls")
                .field("Exten", exten),
            2 => Action::new("CancelAtxfer").field("Channel", channel),
            3 => Action::new("Redirect")
                .field("Channel", channel)
                .field("Context", "calls")
                .field("Exten", exten)
                .field("Priority", "1"),
            4 => Action::new("Redirect")
                .field("Channel", channel)
                .field("ExtraChannel", other)
                .field("Context", "calls")
                .field("Exten", exten)
                .field("Priority", "1")
                .field("ExtraContext", "calls")
                .field("ExtraExten", "echo")
                .field("ExtraPriority", "1"),
            _ => Action::new("Bridge").field("Channel1", channel).field("Channel2", other),
        }
    }

    fn queue(&mut self) -> Action {
        let (queue, interface) = (self.pick(QUEUES), self.pick(INTERFACES));
        let one = |action: Action| action.field("Queue", queue).field("Interface", interface);
        match self.random.u8(..6) {
            0 => one(Action::new("QueueAdd"))
                .field("Penalty", self.random.u8(..3).to_string())
                .field("MemberName", format!("Agent {}", self.random.u8(..9)))
                .field("Paused", self.random.bool().to_string()),
            1 => one(Action::new("QueueRemove")),
            2 | 3 => {
                let paused = self.random.bool();
                let reason = self.pick(&["", "lunch", "meeting"]);
                let action = Action::new("QueuePause")
                    .field("Interface", interface)
                    .field("Paused", paused.to_string())
                    .field("Reason", reason);
                if self.random.bool() { action.field("Queue", queue) } else { action }
            }
            4 => one(Action::new("QueuePenalty")).field("Penalty", self.random.u8(..5).to_string()),
            _ => one(Action::new("QueueMemberRingInUse"))
                .field("RingInUse", self.random.bool().to_string()),
        }
    }

    fn conference(&mut self) -> Action {
        let conference = self.pick(&["1", "2"]);
        let name = self.pick(&[
            "ConfbridgeMute",
            "ConfbridgeUnmute",
            "ConfbridgeKick",
            "ConfbridgeLock",
            "ConfbridgeUnlock",
            "ConfbridgeSetSingleVideoSrc",
        ]);
        Action::new(name).field("Conference", conference).field("Channel", self.channel())
    }

    fn park(&mut self) -> Action {
        Action::new("Park")
            .field("Channel", self.channel())
            .field("TimeoutChannel", self.channel())
            .field("Timeout", self.random.u16(200..4000).to_string())
            .field("Parkinglot", self.pick(&["default", "second"]))
    }

    fn variable(&mut self) -> Action {
        let (name, value) = match self.random.u8(..5) {
            0 => ("CALLERID(num)", self.random.u16(..999).to_string()),
            1 => ("CALLERID(name)", format!("Name {}", self.random.u16(..999))),
            2 => ("CONNECTEDLINE(num)", self.random.u16(..999).to_string()),
            3 => ("CHANNEL(accountcode)", format!("account{}", self.random.u8(..9))),
            _ => ("PLAIN", self.random.u16(..999).to_string()),
        };
        Action::new("Setvar")
            .field("Channel", self.channel())
            .field("Variable", name)
            .field("Value", value)
    }

    fn device(&mut self) -> Action {
        let (variable, value) = if self.random.u8(..4) == 0 {
            let state = self.pick(&["away", "available", "dnd", "chat", "xa"]);
            ("PRESENCE_STATE(CustomPresence:alice)".to_owned(), format!("{state},sub,message"))
        } else {
            let state = self.pick(STATES).to_owned();
            (format!("DEVICE_STATE({})", self.pick(DEVICES)), state)
        };
        Action::new("Setvar").field("Variable", variable).field("Value", value)
    }
}
