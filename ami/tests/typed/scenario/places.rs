//! Places where several callers meet: conferences and parking lots.

use super::{Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: conference, parked, late, swapped)
}

async fn conference(stage: &Stage) -> Result {
    let room = [("Conference", "room")];
    let mut begin = stage.watch("ConfbridgeStart", &room);
    let mut talks = stage.watch("ConfbridgeTalking", &room);
    let fields = [
        ("Channel", "Local/conference@default/n"),
        ("Application", "Milliwatt"),
        ("Async", "true"),
    ];
    let mut joined = stage.watch("ConfbridgeJoin", &room);
    stage.act("Originate", &fields).await?;
    begin.next().await?;
    let joined = joined.next().await?;
    let channel = joined.text("Channel").unwrap_or_default();
    talks.next().await?;
    let user = [room[0], ("Channel", &channel)];
    for (action, event) in [
        ("ConfbridgeMute", "ConfbridgeMute"),
        ("ConfbridgeUnmute", "ConfbridgeUnmute"),
        ("ConfbridgeSetSingleVideoSrc", "BridgeVideoSourceUpdate"),
    ] {
        let mut told = stage.watch(event, &[]);
        stage.act(action, &user).await?;
        told.next().await?;
    }
    let mut begin = stage.watch("ConfbridgeRecord", &room);
    let mut end = stage.watch("ConfbridgeStopRecord", &room);
    stage.act("ConfbridgeStartRecord", &[room[0], ("RecordFile", "room.wav")]).await?;
    begin.next().await?;
    stage.act("ConfbridgeStopRecord", &room).await?;
    end.next().await?;
    let mut left = stage.watch("ConfbridgeLeave", &room);
    let mut end = stage.watch("ConfbridgeEnd", &room);
    stage.act("ConfbridgeKick", &user).await?;
    left.next().await?;
    end.next().await?;
    Ok(())
}

/// One who is fetched, and one who gives up.
async fn parked(stage: &Stage) -> Result {
    let mut parked =
        stage.watch("ParkedCall", &[("Parkinglot", "default"), ("ParkingSpace", "701")]);
    let mut fetched = stage.watch("UnParkedCall", &[]);
    stage.ring("park").await?;
    let first = parked.next().await?;
    stage.ring("fetch").await?;
    let by = fetched.next().await?;
    stage.hang_up(&by.text("RetrieverChannel").unwrap_or_default()).await?;
    drop(first);
    let mut given_up = stage.watch("ParkedCallGiveUp", &[]);
    stage.ring("park").await?;
    let second = parked.next().await?;
    let channel = second.text("ParkeeChannel").unwrap_or_default();
    stage.act("Hangup", &[("Channel", &channel)]).await?;
    given_up.next().await?;
    Ok(())
}

async fn late(stage: &Stage) -> Result {
    let mut late = stage.watch("ParkedCallTimeOut", &[]);
    let mut gone = stage.watch_channel("Hangup", "Channel", "Local/park-late@");
    stage.ring("park-late").await?;
    late.next().await?;
    gone.next().await?;
    Ok(())
}

/// A parked Local channel that gets out of the way of the channel behind it.
async fn swapped(stage: &Stage) -> Result {
    let mut swapped = stage.watch("ParkedCallSwap", &[]);
    let fields = [
        ("Channel", "Local/park-swap@default"),
        ("Application", "Park"),
        ("Data", "swap,s"),
        ("Async", "true"),
    ];
    stage.act("Originate", &fields).await?;
    let swapped = swapped.next().await?;
    stage.hang_up(&swapped.text("ParkerChannel").unwrap_or_default()).await.ok();
    Ok(())
}
