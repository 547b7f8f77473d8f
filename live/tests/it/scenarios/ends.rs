//! Calls that end because the server is killed. It boots again, and knows of no call.

use ami::value::ChannelState;

use super::scene::{Office, on_each_version};

#[tokio::test]
async fn killed_servers() {
    on_each_version(async |office| {
        killed_while_it_rings(office).await;
        killed_while_two_talk(office).await;
        killed_while_one_is_on_hold(office).await;
    })
    .await;
}

async fn killed_while_it_rings(office: &Office) {
    let mut scene = office.scene("killed_while_it_rings").await;
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    scene.dies().await;
    alice.give_up().await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             stale
             stale
             1 ends (resync)
             current
             call 1: ServerGone by nobody, no cause, hung up by nobody, not complete
               alice calls, no cause
               bob is called by alice, rings, no cause
",
        )
        .await;
}

async fn killed_while_two_talk(office: &Office) {
    let mut scene = office.scene("killed_while_two_talk").await;
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    scene.dies().await;
    alice.hang_up().await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             stale
             stale
             1 ends (resync)
             current
             call 1: ServerGone by bob, no cause, hung up by nobody, not complete
               alice calls, up, no cause
               bob is called by alice, rings, ANSWER, up, no cause
",
        )
        .await;
}

/// Bob asks Carol, and Alice waits.
async fn killed_while_one_is_on_hold(office: &Office) {
    let mut scene = office.scene("killed_while_one_is_on_hold").await;
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    bob.press("*13").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("bob+carol").await;
    scene
        .until("all channels are up", |state| {
            state.channels().unwrap().iter().all(|it| it.state == ChannelState::Up)
        })
        .await;
    scene.dies().await;
    for phone in [alice, bob, carol] {
        phone.hang_up().await;
    }
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             stale
             stale
             1 ends (resync)
             current
             call 1: ServerGone by bob, no cause, hung up by nobody, not complete
               alice calls, up, no cause
               bob is called by alice, rings, ANSWER, up, no cause
               (Local/13@people;1) is called by bob, rings, ANSWER, up, no cause
               (Local/13@people;2), up, no cause
               carol is called by bob over Local/13@people;2, rings, ANSWER, up, no cause
",
        )
        .await;
}
