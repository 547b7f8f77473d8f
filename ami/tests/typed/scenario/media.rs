//! Sound, digits, recordings, and the calls of SIP and fax.

use super::{Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: music, digits, talk, spy, recordings, sip, async_agi, fax)
}

async fn music(stage: &Stage) -> Result {
    let mut begin = stage.watch("MusicOnHoldStart", &[]);
    let mut end = stage.watch("MusicOnHoldStop", &[]);
    let call = stage.call("music").await?;
    begin.next().await?;
    end.next().await?;
    stage.hang_up(&call.first).await
}

async fn digits(stage: &Stage) -> Result {
    let call = stage.call_with("answer", "Milliwatt", "").await?;
    let mut begin = stage.watch("DTMFBegin", &[("Channel", &call.second), ("Digit", "5")]);
    stage.press(&call.first, "5").await?;
    begin.next().await?;
    let mut flash = stage.watch_channel("Flash", "Channel", "Local/flash@");
    let flashes = stage.call("flash").await?;
    flash.next().await?;
    stage.hang_up(&flashes.first).await?;
    stage.hang_up(&call.first).await
}

/// A channel whose caller talks for a while.
async fn talk(stage: &Stage) -> Result {
    let mut begin = stage.watch_channel("ChannelTalkingStart", "Channel", "Local/talk@");
    let mut end = stage.watch_channel("ChannelTalkingStop", "Channel", "Local/talk@");
    let fields = [
        ("Channel", "Local/talk@default/n"),
        ("Application", "Playback"),
        ("Data", "demo-congrats"),
        ("Async", "true"),
    ];
    stage.act("Originate", &fields).await?;
    let begin = begin.next().await?;
    let channel = begin.text("Channel").unwrap_or_default();
    end.next().await?;
    stage.hang_up(&channel).await
}

async fn spy(stage: &Stage) -> Result {
    let call = stage.call("spied").await?;
    let mut begin = stage.watch("ChanSpyStart", &[]);
    let mut end = stage.watch("ChanSpyStop", &[]);
    stage.ring("spy").await?;
    let begin = begin.next().await?;
    stage.hang_up(&begin.text("SpyerChannel").unwrap_or_default()).await?;
    end.next().await?;
    stage.hang_up(&call.first).await
}

async fn recordings(stage: &Stage) -> Result {
    let call = stage.call("record").await?;
    let channel = [("Channel", &*call.second)];
    let mut begin = stage.watch("MixMonitorStart", &channel);
    let mut muted = stage.watch("MixMonitorMute", &channel);
    let mut end = stage.watch("MixMonitorStop", &channel);
    stage.act("MixMonitor", &[channel[0], ("File", "mixed.wav")]).await?;
    begin.next().await?;
    let mute = [channel[0], ("Direction", "read"), ("State", "1")];
    stage.act("MixMonitorMute", &mute).await?;
    muted.next().await?;
    stage.act("StopMixMonitor", &channel).await?;
    end.next().await?;
    if stage.major < 22 {
        let mut begin = stage.watch("MonitorStart", &channel);
        let mut end = stage.watch("MonitorStop", &channel);
        stage.act("Monitor", &[channel[0], ("File", "monitored")]).await?;
        begin.next().await?;
        stage.act("StopMonitor", &channel).await?;
        end.next().await?;
    }
    stage.hang_up(&call.first).await
}

/// A call by SIP to the server itself, with sound and reports about it.
async fn sip(stage: &Stage) -> Result {
    let mut sent = stage.watch("RTCPSent", &[]);
    let mut received = stage.watch("RTCPReceived", &[]);
    let fields = [
        ("Channel", "PJSIP/loop"),
        ("ChannelId", "scenario-sip"),
        ("Application", "Milliwatt"),
        ("Async", "true"),
    ];
    stage.act("Originate", &fields).await?;
    sent.next().await?;
    received.next().await?;
    let mut gone = stage.watch("Hangup", &[("Uniqueid", "scenario-sip")]);
    stage.act("Hangup", &[("Channel", "scenario-sip")]).await?;
    gone.next().await?;
    Ok(())
}

async fn async_agi(stage: &Stage) -> Result {
    let mut begin = stage.watch("AsyncAGIStart", &[]);
    let mut done = stage.watch("AsyncAGIExec", &[]);
    let mut end = stage.watch("AsyncAGIEnd", &[]);
    let call = stage.call("agi").await?;
    begin.next().await?;
    let channel = ("Channel", &*call.second);
    let command = [channel, ("Command", "EXEC NoOp hello"), ("CommandID", "first")];
    stage.act("AGI", &command).await?;
    done.next().await?;
    stage.act("AGI", &[channel, ("Command", "ASYNCAGI BREAK")]).await?;
    end.next().await?;
    stage.hang_up(&call.first).await
}

/// A fax that nobody sends.
async fn fax(stage: &Stage) -> Result {
    let mut status = stage.watch("FAXStatus", &[]);
    let mut end = stage.watch("ReceiveFAX", &[]);
    let fields = [
        ("Channel", "Local/fax-in@default/n"),
        ("Application", "Wait"),
        ("Data", "600"),
        ("Async", "true"),
    ];
    stage.act("Originate", &fields).await?;
    let status = status.next().await?;
    stage.hang_up(&status.text("Channel").unwrap_or_default()).await?;
    end.next().await?;
    Ok(())
}
