//! Calls with every end, and what moves a call: transfers, redirects, bridges, pickups.

use ami::Event;

use super::{Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: answered, late, given_up, names, transfers, conference_of_three, bridges, pickup, optimized)
}

async fn answered(stage: &Stage) -> Result {
    let call = stage.call("dial").await?;
    stage.hang_up(&call.first).await?;
    let mut busy = stage.watch("DialEnd", &[("DialStatus", "BUSY")]);
    stage.ring("dial-busy").await?;
    busy.next().await?;
    Ok(())
}

async fn late(stage: &Stage) -> Result {
    let mut late = stage.watch("DialEnd", &[("DialStatus", "NOANSWER")]);
    stage.ring("dial-late").await?;
    late.next().await?;
    Ok(())
}

async fn given_up(stage: &Stage) -> Result {
    let mut rings = stage.watch_channel("DialBegin", "DestChannel", "Local/unanswered@");
    let mut ends = stage.watch("DialEnd", &[("DialStatus", "CANCEL")]);
    stage.ring("dial-given-up").await?;
    let ringing = rings.next().await?;
    let caller = ringing.text("Channel").unwrap_or_default();
    let mut softly = stage.watch("SoftHangupRequest", &[]);
    stage.client.command(format!("channel request hangup {caller}")).await?;
    softly.next().await?;
    ends.next().await?;
    Ok(())
}

/// Names, accounts, hangup handlers, events of users.
async fn names(stage: &Stage) -> Result {
    let mut named = stage.watch("UserEvent", &[("UserEvent", "Named")]);
    let mut ended = stage.watch("CEL", &[("EventName", "ours")]);
    let mut ran = stage.watch("HangupHandlerRun", &[]);
    stage.ring("names").await?;
    named.next().await?;
    ended.next().await?;
    ran.next().await?;
    let mut ours = stage.watch("UserEvent", &[("UserEvent", "Ours")]);
    stage.act("UserEvent", &[("UserEvent", "Ours"), ("Text", "a: b")]).await?;
    ours.next().await?;
    Ok(())
}

/// Returns `true` if the event is of a channel that was dialled to a number.
fn is_to(event: &Event, number: &str) -> bool {
    event.text("Channel").is_some_and(|it| it.starts_with(&format!("Local/{number}-")))
}

async fn transfers(stage: &Stage) -> Result {
    let call = stage.bridged("dial").await?;
    let mut transferred = stage.watch("BlindTransfer", &[("TransfererChannel", &call.second)]);
    let to = [("Channel", &*call.second), ("Context", "default"), ("Exten", "200")];
    stage.act("BlindTransfer", &to).await?;
    let transferred = transferred.next().await?;
    stage.hang_up(&transferred.text("TransfereeChannel").unwrap_or_default()).await?;

    let call = stage.bridged("dial").await?;
    let second = [("OrigTransfererChannel", &*call.second)];
    let mut transferred = stage.watch("AttendedTransfer", &second);
    let mut reached = stage.watch("BridgeEnter", &[]);
    stage.press(&call.first, "4201").await?;
    reached.pair(|it| is_to(it, "201@default")).await?;
    stage.act("Hangup", &[("Channel", &call.first)]).await?;
    transferred.next().await?;
    Ok(())
}

/// An attended transfer in which all three stay.
async fn conference_of_three(stage: &Stage) -> Result {
    // Digits come to an end only where there is sound.
    let call = stage.bridged("dial").await?;
    let mut reached = stage.watch("BridgeEnter", &[]);
    stage.press(&call.first, "4202").await?;
    reached.pair(|it| is_to(it, "202@default")).await?;
    let mut merged = stage.watch("BridgeMerge", &[]);
    stage.press(&call.first, "*3").await?;
    merged.next().await?;
    stage.hang_up(&call.first).await
}

async fn bridges(stage: &Stage) -> Result {
    let (one, two) = (stage.call("answer").await?, stage.call("answer").await?);
    let mut entered = stage.watch("BridgeEnter", &[("Channel", &two.second)]);
    let both = [("Channel1", &*one.second), ("Channel2", &*two.second)];
    stage.act("Bridge", &both).await?;
    entered.next().await?;
    let mut moved = stage.watch("Newexten", &[("Channel", &one.second), ("Extension", "moved")]);
    let mut also = stage.watch("Newexten", &[("Channel", &two.second), ("Extension", "moved")]);
    let fields = [
        ("Channel", &*one.second),
        ("ExtraChannel", &two.second),
        ("Context", "default"),
        ("Exten", "moved"),
        ("Priority", "1"),
        ("ExtraContext", "default"),
        ("ExtraExten", "moved"),
        ("ExtraPriority", "1"),
    ];
    stage.act("Redirect", &fields).await?;
    moved.next().await?;
    also.next().await?;
    stage.hang_up(&one.first).await?;
    stage.hang_up(&two.first).await
}

async fn pickup(stage: &Stage) -> Result {
    let mut rings = stage.watch_channel("Newstate", "Channel", "Local/picked@");
    let mut picked = stage.watch("Pickup", &[]);
    stage.ring("dial-picked").await?;
    rings.next().await?;
    stage.ring("pick").await?;
    let picked = picked.next().await?;
    let channel = picked.text("Channel").unwrap_or_default();
    stage.hang_up(&channel).await
}

/// A Local channel that gets out of the way.
async fn optimized(stage: &Stage) -> Result {
    let mut begin = stage.watch("LocalOptimizationBegin", &[]);
    let mut end = stage.watch("LocalOptimizationEnd", &[]);
    let call = stage.call("chain").await?;
    begin.next().await?;
    end.next().await?;
    stage.hang_up(&call.first).await
}
