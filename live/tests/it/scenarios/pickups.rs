//! Calls that another person than the one called answers.

use super::scene::{Office, on_each_version};

#[tokio::test]
async fn pickups() {
    on_each_version(async |office| {
        directed_pickup(office).await;
        group_pickup(office).await;
    })
    .await;
}

async fn directed_pickup(office: &Office) {
    let mut scene = office.scene("directed_pickup").await;
    let alice = scene.call("alice", "bob").await;
    scene.rings("bob").await;
    scene.call("carol", "pick-bob").await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             2 starts
             2 is accepted at carol
             1 is answered by carol
             1 is picked up by carol from bob
             2 is merged into 1
             1 ends
             call 1: Answered by carol, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, 26
               carol is called by alice, ANSWER, up, 16
               merged: 2
",
        )
        .await;
}

async fn group_pickup(office: &Office) {
    let mut scene = office.scene("group_pickup").await;
    scene.call("alice", "bob").await;
    scene.rings("bob").await;
    let carol = scene.call("carol", "pick").await;
    scene.talk("alice+carol").await;
    carol.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             2 starts
             2 is accepted at carol
             1 is answered by carol
             1 is picked up by carol from bob
             2 is merged into 1
             1 ends
             call 1: Answered by carol, 16, hung up by carol
               alice calls, up, 16
               bob is called by alice, rings, 26
               carol is called by alice, ANSWER, up, 16
               merged: 2
",
        )
        .await;
}
