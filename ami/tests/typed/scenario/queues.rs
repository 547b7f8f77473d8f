//! Queues and agents.

use super::{Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: served, dumped, refused, abandoned, members, agent)
}

async fn served(stage: &Stage) -> Result {
    let queue = [("Queue", "support")];
    let mut connected = stage.watch("AgentConnect", &queue);
    let mut completed = stage.watch("AgentComplete", &queue);
    stage.ring("queue").await?;
    let connected = connected.next().await?;
    stage.hang_up(&connected.text("Channel").unwrap_or_default()).await?;
    completed.next().await?;
    Ok(())
}

/// A member who hangs up during the announcement.
async fn dumped(stage: &Stage) -> Result {
    let queue = [("Queue", "dump")];
    let mut dumped = stage.watch("AgentDump", &queue);
    let mut answers = stage.watch_channel("DialEnd", "DestChannel", "Local/dumped@");
    stage.ring("queue-dump").await?;
    let answered = answers.next().await?;
    let member = answered.text("DestChannel").unwrap_or_default();
    stage.act("Hangup", &[("Channel", &member)]).await?;
    dumped.next().await?;
    stage.hang_up(&answered.text("Channel").unwrap_or_default()).await
}

async fn refused(stage: &Stage) -> Result {
    let mut refused = stage.watch("AgentRingNoAnswer", &[("Queue", "refused")]);
    let mut left = stage.watch("QueueCallerLeave", &[("Queue", "refused")]);
    stage.ring("queue-refused").await?;
    refused.next().await?;
    left.next().await?;
    Ok(())
}

async fn abandoned(stage: &Stage) -> Result {
    let queue = [("Queue", "nobody")];
    let mut joined = stage.watch("QueueCallerJoin", &queue);
    let mut abandoned = stage.watch("QueueCallerAbandon", &queue);
    stage.ring("queue-empty").await?;
    let joined = joined.next().await?;
    stage.act("Hangup", &[("Channel", &joined.text("Channel").unwrap_or_default())]).await?;
    abandoned.next().await?;
    Ok(())
}

async fn members(stage: &Stage) -> Result {
    let (queue, member) = (("Queue", "changing"), ("Interface", "Local/200@default"));
    let steps = [
        ("QueueAdd", "QueueMemberAdded", ("StateInterface", "Custom:dora")),
        ("QueuePause", "QueueMemberPause", ("Paused", "true")),
        ("QueuePenalty", "QueueMemberPenalty", ("Penalty", "3")),
        ("QueueMemberRingInUse", "QueueMemberRinginuse", ("RingInUse", "no")),
    ];
    for (action, event, field) in steps {
        let mut told = stage.watch(event, &[queue]);
        stage.act(action, &[queue, member, field]).await?;
        told.next().await?;
    }
    let mut state = stage.watch("QueueMemberStatus", &[queue]);
    let set = [("Variable", "DEVICE_STATE(Custom:dora)"), ("Value", "BUSY")];
    stage.act("Setvar", &set).await?;
    state.next().await?;
    let mut removed = stage.watch("QueueMemberRemoved", &[queue]);
    stage.act("QueueRemove", &[queue, member]).await?;
    removed.next().await?;
    Ok(())
}

async fn agent(stage: &Stage) -> Result {
    let agent = [("Agent", "1000")];
    let mut login = stage.watch("AgentLogin", &agent);
    let mut logoff = stage.watch("AgentLogoff", &agent);
    stage.ring("agent").await?;
    login.next().await?;
    stage.act("AgentLogoff", &agent).await?;
    logoff.next().await?;
    Ok(())
}
