//! Calls by way of Local channels.

use super::scene::{Office, on_each_version};

#[tokio::test]
async fn local_channels() {
    on_each_version(async |office| {
        local_that_stays(office).await;
        local_that_is_optimized_away(office).await;
        local_refused(office).await;
        local_that_consults(office).await;
        local_that_transfers(office).await;
    })
    .await;
}

async fn local_that_stays(office: &Office) {
    let mut scene = office.scene("local_that_stays").await;
    let alice = scene.call("alice", "local").await;
    scene.rings("bob").await.answer().await;
    scene.talk("alice+bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               (Local/12@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/12@people;2), up, 16
               bob is called by alice over Local/12@people;2, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn local_that_is_optimized_away(office: &Office) {
    let mut scene = office.scene("local_that_is_optimized_away").await;
    scene.call("alice", "slim").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    // A Local channel steps aside when sound passes through it.
    bob.speak().await;
    scene.until("two channels are up", |state| state.channels().unwrap().len() == 2).await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               (Local/12@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/12@people;2), up, 16
               bob is called by alice over Local/12@people;2, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn local_refused(office: &Office) {
    let mut scene = office.scene("local_refused").await;
    scene.call("alice", "local").await;
    scene.rings("bob").await.refuse(17).await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 ends
             call 1: Busy by nobody, 17, hung up by bob
               alice calls, 17
               (Local/12@people;1) is called by alice, rings, BUSY, 17
               (Local/12@people;2), 17
               bob is called by alice over Local/12@people;2, rings, BUSY, 17
",
        )
        .await;
}

async fn local_that_consults(office: &Office) {
    let mut scene = office.scene("local_that_consults").await;
    let alice = scene.call("alice", "local").await;
    scene.rings("bob").await.answer().await;
    scene.talk("alice+bob").await;
    // The half of the Local channel that called Bob takes the keys.
    alice.press("*13").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("alice+carol").await;
    carol.hang_up().await;
    scene.talk("alice+bob").await;
    scene.gone("carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               (Local/12@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/12@people;2), up, 16
               bob is called by alice over Local/12@people;2, rings, ANSWER, up, 16
               (Local/13@people;1) is called by Local/12@people;2, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn local_that_transfers(office: &Office) {
    let mut scene = office.scene("local_that_transfers").await;
    let alice = scene.call("alice", "local").await;
    scene.rings("bob").await.answer().await;
    scene.talk("alice+bob").await;
    alice.press("*13").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    scene.talk("bob+carol").await;
    scene.gone("alice").await;
    carol.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 is transferred: attended by alice, bob to carol
             1 ends
             call 1: Answered by bob, 16, hung up by carol
               alice calls, up, 16
               (Local/12@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/12@people;2), up, 16
               bob is called by alice over Local/12@people;2, rings, ANSWER, up, 16
               (Local/13@people;1) is called by Local/12@people;2, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by alice, bob to carol
",
        )
        .await;
}
