//! Queues, their callers and members, against the server's own list at each moment.

mod compare;

use std::time::{Duration, Instant};

use instance::ami::{Action, Originate};
use instance::{Builder, Instance, Modules};
use live::{Change, Changes, CompletedBy, Live, QueueExit, State, What};
use tokio::time::timeout;

use self::compare::{ours, similar, theirs};
use crate::kit::{PATIENCE, end};

const QUEUES: &str = "[general]
shared_lastcall=no
persistentmembers=no
[sales]
strategy=linear
weight=3
maxlen=5
servicelevel=10
timeout=2
retry=1
member => Local/busy@agents,0,Busy,Custom:busy
member => Local/ann@agents/n,0,Ann,Custom:ann
[support]
strategy=linear
wrapuptime=2
member => Local/ann@agents/n,2,Ann,Custom:ann
[both]
strategy=ringall
member => Local/silent@agents/n,0,Silent,Custom:silent
member => Local/ann@agents/n,0,Ann,Custom:ann
[nobody]
[auto]
timeout=1
retry=1
autopause=yes
member => Local/silent@agents/n,0,Silent,Custom:silent
";

const DIALPLAN: &str = "[agents]
exten => busy,1,Busy(1)
exten => ann,1,Wait(0.5)
 same => n,Answer()
 same => n,Wait(600)
exten => ask,1,SendDTMF(*2w100)
 same => n,Wait(600)
exten => 100,1,Answer()
 same => n,Wait(600)
exten => silent,1,Ringing()
 same => n,Wait(600)
[callers]
exten => brief,1,Answer()
 same => n,Queue(nobody,,,,1)
 same => n,Wait(600)
exten => first,1,Answer()
 same => n,Set(QUEUE_PRIO=9)
 same => n,Queue(nobody)
exten => _[a-z]!,1,Answer()
 same => n,Queue(${EXTEN},t)
exten => 100,1,Answer()
 same => n,Wait(600)
";

/// A server with its state and the changes that were told.
struct Stage {
    instance: Instance,
    live: Live,
    /// States that began later, in the middle of calls.
    late: Vec<Live>,
    changes: Changes,
}

impl Stage {
    async fn boot(version: u32) -> Self {
        let modules = [
            "app_queue",
            "app_senddtmf",
            "func_callerid",
            "func_devstate",
            "bridge_simple",
            "bridge_builtin_features",
            "bridge_holding",
            "res_musiconhold",
            // For the prompt of a transfer.
            "format_gsm",
            "codec_gsm",
        ];
        let instance = Builder::new(instance::server(version).await.unwrap())
            .dialplan(DIALPLAN)
            .file("queues.conf", QUEUES)
            .file(
                "features.conf",
                "[general]\nxfersound =\nxferfailsound =\n[featuremap]\natxfer => *2\n",
            )
            .modules(Modules::list(modules))
            .boot()
            .await
            .unwrap();
        let live = Live::start(instance.ami());
        live.current().await.unwrap();
        let changes = live.changes();
        Self { instance, live, late: Vec::new(), changes }
    }

    async fn act(&self, name: &'static str, fields: &[(&'static str, &str)]) {
        let mut action = Action::new(name);
        for (field, value) in fields {
            action = action.field(field, *value);
        }
        self.instance.ami().call(action).await.unwrap();
    }

    /// Lets somebody call an extension, and returns the identifier of the channel that executes it.
    async fn caller(&mut self, exten: &str) -> String {
        // What was told of former calls is passed over.
        self.changes = self.live.changes();
        let to = format!("Local/{exten}@callers/n");
        let call = Originate::to_application(&to, "Wait", "60").caller_id("Zoe <4711>");
        self.instance.ami().originate(call).await.unwrap();
        let joined = self.next(|it| matches!(it, What::CallerJoinedQueue { .. })).await;
        let What::CallerJoinedQueue { channel, .. } = joined.what else { unreachable!() };
        channel.to_string()
    }

    /// Lets somebody call a queue until a member talks with him. Returns the identifier of the
    /// caller's channel, and the name of the member's.
    async fn talking(&mut self, queue: &str) -> (String, String) {
        let caller = self.caller(queue).await;
        let answered = self.next(|it| matches!(it, What::AgentAnswered { .. })).await;
        let What::AgentAnswered { channel, .. } = answered.what else { unreachable!() };
        let in_bridge = |state: &State| {
            let channels = state.channels().unwrap();
            let both = [&*caller, &*channel];
            both.iter().all(|it| channels.get(it).is_some_and(|it| it.bridge.is_some()))
        };
        let state = self.until("in a bridge", in_bridge).await;
        let member = state.channels().unwrap().get(&channel).unwrap().name.to_string();
        (caller, member)
    }

    /// Ends all channels.
    async fn all_end(&self) {
        self.instance.ami().command("channel request hangup all").await.unwrap();
        let none = |it: &State| it.channels().is_ok_and(live::Table::is_empty);
        self.until("without channels", none).await;
        self.agree("all calls are over").await;
    }

    async fn hang_up(&self, channel: &str) {
        let state = self.live.state();
        let name = state.channels().unwrap().get(channel).unwrap().name.to_string();
        self.act("Hangup", &[("Channel", &name)]).await;
    }

    /// Returns the next change of a kind.
    async fn next(&mut self, mut is: impl FnMut(&What) -> bool) -> Change {
        let mut others = Vec::new();
        loop {
            let Ok(change) = timeout(PATIENCE, self.changes.next()).await else {
                panic!("no such change came, but {others:#?}");
            };
            let change = change.unwrap().unwrap();
            if is(&change.what) {
                return change;
            }
            others.push(change.what);
        }
    }

    async fn until(&self, what: &str, condition: impl FnMut(&State) -> bool) -> State {
        let state = timeout(PATIENCE, self.live.until(condition)).await;
        state.unwrap_or_else(|_| panic!("not {what}: {:#?}", self.live.state().queues())).unwrap()
    }

    /// Begins a further state.
    async fn begin_late(&mut self) -> State {
        let late = Live::start(self.instance.ami());
        let state = timeout(PATIENCE, late.current()).await.unwrap().unwrap();
        self.late.push(late);
        state
    }

    /// Compares all queues of all states with the list of the server. A list can be ahead of
    /// events, and the server can go on behind it: a difference counts if further lists have it,
    /// too.
    async fn agree(&self, moment: &str) {
        for live in self.late.iter().chain([&self.live]) {
            self.agrees(live, moment).await;
        }
    }

    async fn agrees(&self, live: &Live, moment: &str) {
        let begun = Instant::now();
        loop {
            let items = self.instance.ami().list(Action::new("QueueStatus")).await.unwrap().items;
            let last = theirs(&items);
            let agreed = live.until(|state| ours(state) == last);
            if timeout(Duration::from_secs(1), agreed).await.is_ok() {
                return;
            }
            if begun.elapsed() > PATIENCE {
                similar(&ours(&live.state()), &last, moment);
            }
        }
    }
}

#[tokio::test]
async fn queues_of_22() {
    queues(22).await;
}

#[tokio::test]
async fn queues_of_16() {
    queues(16).await;
}

async fn queues(version: u32) {
    let mut stage = Stage::boot(version).await;
    stage.agree("the start").await;
    for device in ["busy", "ann", "silent"] {
        let device = format!("DEVICE_STATE(Custom:{device})");
        stage.act("Setvar", &[("Variable", &device), ("Value", "NOT_INUSE")]).await;
    }
    stage.agree("the devices are idle").await;
    answered(&mut stage).await;
    waiting(&mut stage).await;
    taken(&mut stage).await;
    members(&mut stage).await;
    counted(&mut stage).await;
    transferred(&mut stage).await;
    reloaded(&mut stage).await;
    end(stage.instance).await;
}

/// One member is busy, the other one of two queues answers; the member hangs up.
async fn answered(stage: &mut Stage) {
    let caller = stage.caller("sales").await;
    let busy = stage.next(|it| matches!(it, What::AgentRangOut { .. })).await;
    assert!(
        matches!(busy.what, What::AgentRangOut { interface, .. } if &*interface == "Local/busy@agents")
    );
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    let What::CallerLeftQueue { how, caller: who, .. } = left.what else { unreachable!() };
    assert!(
        matches!(how, QueueExit::Answered { interface, .. } if &*interface == "Local/ann@agents/n")
    );
    assert_eq!((&*who.channel, who.ringing.len()), (&*caller, 1));
    stage.agree("a member talks").await;
    let state = stage.live.state();
    let of = |queue: &str| {
        let queues = state.queues().unwrap();
        std::sync::Arc::clone(queues.get(queue).unwrap().members.get("Local/ann@agents/n").unwrap())
    };
    assert_eq!(of("sales").calls.len(), 1);
    assert_eq!(*of("sales").calls[0].caller, *caller);
    assert!(of("support").calls.is_empty());
    let late = stage.begin_late().await;
    let member = late.queues().unwrap().get("sales").unwrap().members.get("Local/ann@agents/n");
    assert!(member.unwrap().in_call && member.unwrap().calls.is_empty());
    stage.hang_up(&of("sales").calls[0].channel).await;
    let done = stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
    assert!(
        matches!(&done.what, What::AgentCompleted { caller: Some(who), .. } if **who == *caller),
        "{done:?}"
    );
    stage.agree("the call is over").await;
    stage.all_end().await;
    let caller = stage.caller("both").await;
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    let What::CallerLeftQueue { caller: who, .. } = left.what else { unreachable!() };
    assert_eq!((&*who.channel, who.ringing.len()), (&*caller, 2));
    stage.agree("one of two has answered").await;
    stage.all_end().await;
}

/// A caller of priority joins before others; callers hang up, and time out.
async fn waiting(stage: &mut Stage) {
    let order = |state: &State| -> Vec<String> {
        let queue = state.queues().unwrap().get("nobody").unwrap().clone();
        queue.callers.iter().map(|it| it.channel.to_string()).collect()
    };
    let first = stage.caller("nobody").await;
    let prior = stage.caller("first").await;
    stage.agree("two wait").await;
    assert_eq!(order(&stage.live.state()), [&*prior, &*first]);
    let brief = stage.caller("brief").await;
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    let What::CallerLeftQueue { how, caller, waited, .. } = left.what else { unreachable!() };
    assert_eq!((how, &*caller.channel), (QueueExit::TimedOut, &*brief));
    assert!(waited > Duration::ZERO);
    stage.agree("one has timed out").await;
    let late = stage.begin_late().await;
    let queue = late.queues().unwrap().get("nobody").unwrap().clone();
    assert_eq!(queue.callers.iter().map(|it| it.priority).collect::<Vec<_>>(), [Some(9), Some(0)]);
    assert_eq!(order(&late), [&*prior, &*first]);
    stage.hang_up(&prior).await;
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    assert!(
        matches!(left.what, What::CallerLeftQueue { how: QueueExit::Abandoned, .. }),
        "{left:?}"
    );
    stage.agree("one has hung up").await;
    let state = stage.live.state();
    let name = state.channels().unwrap().get(&first).unwrap().name.to_string();
    let to = [("Channel", &*name), ("Context", "callers"), ("Exten", "100"), ("Priority", "1")];
    stage.act("Redirect", &to).await;
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    assert!(
        matches!(left.what, What::CallerLeftQueue { how: QueueExit::Redirected, .. }),
        "{left:?}"
    );
    stage.agree("one was redirected").await;
    stage.hang_up(&first).await;
    stage.hang_up(&brief).await;
}

/// Channels are taken out of the application in which they wait, which get another caller before.
async fn taken(stage: &mut Stage) {
    let first = stage.caller("nobody").await;
    let second = stage.caller("nobody").await;
    let name =
        |state: &State, id: &str| state.channels().unwrap().get(id).unwrap().name.to_string();
    let state = stage.live.state();
    let (one, other) = (name(&state, &first), name(&state, &second));
    for (variable, value) in [("CALLERID(num)", "4712"), ("CALLERID(name)", r#"the "boss""#)] {
        stage.act("Setvar", &[("Channel", &other), ("Variable", variable), ("Value", value)]).await;
    }
    stage.agree("a caller has another name").await;
    stage.act("Bridge", &[("Channel1", &one), ("Channel2", &other)]).await;
    for _ in 0..2 {
        let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
        let What::CallerLeftQueue { how, .. } = left.what else { unreachable!() };
        assert_eq!(how, QueueExit::Redirected);
    }
    stage.agree("two callers are bridged").await;
    stage.all_end().await;
    // Without a dialplan, another channel takes the place in the application.
    let call = Originate::to_application("Local/100@callers/n", "Queue", "nobody");
    stage.instance.ami().originate(call).await.unwrap();
    let joined = stage.next(|it| matches!(it, What::CallerJoinedQueue { .. })).await;
    let What::CallerJoinedQueue { channel, .. } = joined.what else { unreachable!() };
    let caller = name(&stage.live.state(), &channel);
    let to = [("Channel", &*caller), ("Context", "callers"), ("Exten", "100"), ("Priority", "1")];
    stage.act("Redirect", &to).await;
    let left = stage.next(|it| matches!(it, What::CallerLeftQueue { .. })).await;
    let What::CallerLeftQueue { how, .. } = left.what else { unreachable!() };
    assert_eq!(how, QueueExit::Redirected);
    stage.agree("a caller without a dialplan was redirected").await;
    stage.all_end().await;
}

/// Calls of one member overlap, and a member goes and comes in the middle of a call.
async fn counted(stage: &mut Stage) {
    let (_, first) = stage.talking("sales").await;
    let (_, second) = stage.talking("sales").await;
    for member in [&first, &second] {
        stage.act("Hangup", &[("Channel", member)]).await;
        stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
        stage.agree("one of two calls is over").await;
    }
    stage.all_end().await;
    let member = [("Queue", "nobody"), ("Interface", "Local/ann@agents/n")];
    stage.act("QueueAdd", &member).await;
    let (_, talking) = stage.talking("nobody").await;
    stage.act("QueueRemove", &member).await;
    stage.act("QueueAdd", &member).await;
    stage.act("Hangup", &[("Channel", &talking)]).await;
    stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
    stage.agree("a call is over of somebody who was removed and added").await;
    stage.act("QueueRemove", &member).await;
    stage.all_end().await;
}

/// Members come, pause, change and go; one who does not answer is paused by the server.
async fn members(stage: &mut Stage) {
    let caller = stage.caller("auto").await;
    let paused = stage.next(|it| matches!(it, What::MemberPaused { .. })).await;
    assert!(matches!(paused.what, What::MemberPaused { reason, .. } if &*reason == "Auto-Pause"));
    stage.agree("a member is paused by the server").await;
    stage.hang_up(&caller).await;
    let ann = ("Interface", "Local/ann@agents/n");
    stage.act("QueuePause", &[ann, ("Paused", "true"), ("Reason", "Lunch")]).await;
    let lunch = |state: &State| {
        let queues = state.queues().unwrap();
        ["sales", "support"].iter().all(|it| {
            let member = queues.get(it).unwrap().members.get("Local/ann@agents/n").unwrap();
            member.pause.as_ref().is_some_and(|it| &*it.reason == "Lunch")
        })
    };
    stage.until("paused in both queues", lunch).await;
    stage.agree("a member is paused").await;
    stage.act("QueuePause", &[ann, ("Paused", "false"), ("Reason", "Back")]).await;
    stage.next(|it| matches!(it, What::MemberUnpaused { .. })).await;
    stage.agree("a member is back").await;
    let (queue, dora) = (("Queue", "nobody"), ("Interface", "Local/dora@agents"));
    let state = ("StateInterface", "Custom:dora");
    stage.act("QueueAdd", &[queue, dora, ("Penalty", "1"), ("MemberName", "Dora"), state]).await;
    stage.agree("a member is added").await;
    stage.act("QueuePenalty", &[dora, ("Penalty", "7")]).await;
    let set = [("Variable", "DEVICE_STATE(Custom:dora)"), ("Value", "ONHOLD")];
    stage.act("Setvar", &set).await;
    stage
        .next(|it| matches!(it, What::MemberStatus { interface, .. } if &**interface == dora.1))
        .await;
    stage.agree("a member has another penalty and state").await;
    stage.act("QueueRemove", &[queue, dora]).await;
    stage.next(|it| matches!(it, What::MemberRemoved { .. })).await;
    stage.agree("a member is removed").await;
}

/// A member transfers a caller blindly, who goes back into a queue; and one attended.
async fn transferred(stage: &mut Stage) {
    let (_, member) = stage.talking("sales").await;
    let to = [("Channel", &*member), ("Context", "callers"), ("Exten", "nobody")];
    stage.act("BlindTransfer", &to).await;
    let done = stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
    assert!(
        matches!(done.what, What::AgentCompleted { by: CompletedBy::Transfer, .. }),
        "{done:?}"
    );
    let back = |state: &State| {
        let queues = state.queues().unwrap();
        queues.get("nobody").is_some_and(|it| !it.callers.is_empty())
    };
    stage.until("back in a queue", back).await;
    stage.agree("a caller is back in a queue").await;
    stage.all_end().await;
    let (_, member) = stage.talking("both").await;
    let telephone = member.replace(";1", ";2");
    let to = [("Context", "agents"), ("Exten", "ask"), ("Priority", "1")];
    stage.act("Redirect", &[&[("Channel", &*telephone)], &to[..]].concat()).await;
    let talks = |state: &State| {
        let mut channels = state.channels().unwrap().iter();
        channels.any(|it| &*it.exten == "100" && it.bridge.is_none() && &*it.application == "Wait")
    };
    stage.until("talking with the target", talks).await;
    stage.agree("a member asks somebody").await;
    stage.act("Hangup", &[("Channel", &member)]).await;
    let done = stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
    assert!(
        matches!(done.what, What::AgentCompleted { by: CompletedBy::Transfer, .. }),
        "{done:?}"
    );
    stage.agree("a caller was transferred").await;
    stage.all_end().await;
}

/// The configuration is read again in the middle of a call: queues and members come and go, and no
/// event names them. The call goes on.
async fn reloaded(stage: &mut Stage) {
    let (caller, member) = stage.talking("sales").await;
    let changed = QUEUES.replace("[both]", "[all]").replace("0,Busy", "4,Busier");
    let file = stage.instance.sandbox().etc().join("queues.conf");
    std::fs::write(file, changed).unwrap();
    stage.instance.reload(Some("app_queue")).await.unwrap();
    let gone = stage.next(|it| matches!(it, What::QueueRemoved { .. })).await;
    assert!(
        gone.resync && matches!(gone.what, What::QueueRemoved { queue } if &*queue.name == "both")
    );
    stage.agree("the queues were loaded again").await;
    let state = stage.live.state();
    let queues = state.queues().unwrap();
    assert!(queues.contains("all"));
    let ann = queues.get("sales").unwrap().members.get("Local/ann@agents/n").unwrap();
    assert_eq!(*ann.calls[0].caller, *caller);
    stage.act("Hangup", &[("Channel", &member)]).await;
    stage.next(|it| matches!(it, What::AgentCompleted { .. })).await;
    stage.agree("a call is over that began before").await;
    stage.all_end().await;
}
