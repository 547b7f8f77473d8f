//! Calls that are parked.

use super::phone::Phone;
use super::scene::{Office, Scene, on_each_version};
use super::up;

#[tokio::test]
async fn parking() {
    on_each_version(async |office| {
        parked_and_retrieved(office).await;
        parked_until_it_times_out(office).await;
        parked_and_given_up(office).await;
    })
    .await;
}

/// Bob has parked Alice: where `17` leads to for a second, and where `18` leads to for long.
async fn parked<'a>(scene: &mut Scene<'a>, keys: &str) -> Phone<'a> {
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    bob.press(keys).await;
    scene.until("alice is parked", |state| up::is_parked(state, "alice")).await;
    bob.hang_up().await;
    scene.gone("bob").await;
    alice
}

async fn parked_and_retrieved(office: &Office) {
    let mut scene = office.scene("parked_and_retrieved").await;
    let alice = parked(&mut scene, "#18").await;
    scene.call("carol", "retrieve").await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 18@people
             2 starts
             2 is accepted at carol
             2 is merged into 1
             1 ends
             alice is parked in long at 801
             alice is retrieved from long by carol
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               carol calls, up, 16
               transfer: blind by bob, alice to 18@people
               merged: 2
",
        )
        .await;
}

async fn parked_until_it_times_out(office: &Office) {
    let mut scene = office.scene("parked_until_it_times_out").await;
    let alice = parked(&mut scene, "#17").await;
    scene.rings("bob").await.answer().await;
    scene.talk("alice+bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 17@people
             1 rings at bob#2
             1 ends
             alice is parked in default at 701
             alice is parked in default for too long
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               bob#2 is called by alice, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 17@people
",
        )
        .await;
}

async fn parked_and_given_up(office: &Office) {
    let mut scene = office.scene("parked_and_given_up").await;
    let alice = parked(&mut scene, "#18").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 18@people
             1 ends
             alice is parked in long at 801
             alice gives up in long
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 18@people
",
        )
        .await;
}
