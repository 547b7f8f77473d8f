//! Calls to a queue, whose agents are Bob, then Carol.

use ami::Action;
use live::State;

use super::phone::Phone;
use super::scene::{Office, Scene, on_each_version};
use super::up;

#[tokio::test]
async fn queues() {
    on_each_version(async |office| {
        queue_answered(office).await;
        queue_abandoned(office).await;
        queue_timed_out(office).await;
        queue_agent_busy(office).await;
        queue_ring_all(office).await;
        queue_blind_by_agent(office).await;
        queue_attended_by_agent(office).await;
        queue_member_paused(office).await;
    })
    .await;
}

/// Alice is in the queue, and Bob has answered.
async fn answered<'a>(scene: &mut Scene<'a>) -> (Phone<'a>, Phone<'a>) {
    let alice = scene.call("alice", "sales").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    (alice, bob)
}

async fn pause(scene: &Scene<'_>, paused: bool) {
    let action = Action::new("QueuePause").field("Queue", "sales").field("Interface", "PJSIP/bob");
    let action = action.field("Paused", paused.to_string()).field("Reason", "lunch");
    scene.act(action).await;
}

async fn queue_answered(office: &Office) {
    let mut scene = office.scene("queue_answered").await;
    let (alice, _bob) = answered(&mut scene).await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             alice leaves sales: answered by bob
             bob takes alice from sales
             bob has completed alice from sales: Caller
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn queue_abandoned(office: &Office) {
    let mut scene = office.scene("queue_abandoned").await;
    let alice = scene.call("alice", "sales").await;
    scene.rings("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             alice leaves sales: abandoned
             call 1: Cancelled by nobody, 0, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, CANCEL, 0
",
        )
        .await;
}

async fn queue_timed_out(office: &Office) {
    let mut scene = office.scene("queue_timed_out").await;
    scene.call("alice", "hurry").await;
    scene.rings("bob").await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             sales calls bob for alice in vain
             alice leaves sales: timedout
             call 1: NoAnswer by nobody, 0, hung up by nobody
               alice calls, up, 16
               bob is called by alice, rings, NOANSWER, 0
",
        )
        .await;
}

async fn queue_agent_busy(office: &Office) {
    let mut scene = office.scene("queue_agent_busy").await;
    let alice = scene.call("alice", "sales").await;
    scene.rings("bob").await.refuse(17).await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 rings at carol
             1 is answered by carol
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             sales calls bob for alice in vain
             sales calls carol for alice
             alice leaves sales: answered by carol
             carol takes alice from sales
             carol has completed alice from sales: Caller
             call 1: Answered by carol, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, NOANSWER, 17
               carol is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn queue_ring_all(office: &Office) {
    let mut scene = office.scene("queue_ring_all").await;
    scene.call("alice", "ringall").await;
    scene.rings("bob").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("alice+carol").await;
    carol.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 rings at carol
             1 is answered by carol
             1 ends
             alice joins ringall at 1
             ringall calls carol for alice
             ringall calls bob for alice
             alice leaves ringall: answered by carol
             carol takes alice from ringall
             carol has completed alice from ringall: Agent
             call 1: Answered by carol, 16, hung up by carol
               alice calls, up, 16
               carol is called by alice, rings, ANSWER, up, 16
               bob is called by alice, rings, CANCEL, 26
",
        )
        .await;
}

async fn queue_blind_by_agent(office: &Office) {
    let mut scene = office.scene("queue_blind_by_agent").await;
    let (alice, bob) = answered(&mut scene).await;
    bob.press("#14").await;
    scene.rings("dave").await.answer().await;
    scene.talk("alice+dave").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 14@people
             1 rings at dave
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             alice leaves sales: answered by bob
             bob takes alice from sales
             bob has completed alice from sales: Transfer
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               dave is called by alice, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 14@people
",
        )
        .await;
}

async fn queue_attended_by_agent(office: &Office) {
    let mut scene = office.scene("queue_attended_by_agent").await;
    let (_alice, bob) = answered(&mut scene).await;
    bob.press("*14").await;
    let dave = scene.rings("dave").await;
    dave.answer().await;
    scene.talk("bob+dave").await;
    bob.press("9").await;
    scene.talk("alice+dave").await;
    scene.gone("bob").await;
    dave.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 rings at dave
             1 is transferred: attended by bob, alice to dave
             1 ends
             alice joins sales at 1
             sales calls bob for alice
             alice leaves sales: answered by bob
             bob takes alice from sales
             bob has completed alice from sales: Transfer
             call 1: Answered by bob, 16, hung up by dave
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/14@people;1) is called by bob, rings, ANSWER, up, 16
               (Local/14@people;2), up, 16
               dave is called by bob over Local/14@people;2, rings, ANSWER, up, 16
               transfer: attended by bob, alice to dave
",
        )
        .await;
}

async fn queue_member_paused(office: &Office) {
    let mut scene = office.scene("queue_member_paused").await;
    pause(&scene, true).await;
    let alice = scene.call("alice", "sales").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    let is_over = |state: &State| {
        let queues = state.queues().unwrap();
        queues.iter().all(|queue| !queue.members.iter().any(|it| up::is_busy(it)))
    };
    scene.until("the call is over", is_over).await;
    pause(&scene, false).await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             1 rings at carol
             1 is answered by carol
             1 ends
             bob pauses in sales: lunch
             alice joins sales at 1
             sales calls carol for alice
             alice leaves sales: answered by carol
             carol takes alice from sales
             carol has completed alice from sales: Caller
             bob is back in sales
             call 1: Answered by carol, 16, hung up by alice
               alice calls, up, 16
               carol is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}
