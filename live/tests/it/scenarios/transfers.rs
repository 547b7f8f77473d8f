//! Transfers by the keys of a telephone: `#` and a number is a blind one, `*` and a number an
//! attended one.

use super::phone::Phone;
use super::scene::{Office, Scene, on_each_version};
use super::up;

#[tokio::test]
async fn transfers() {
    on_each_version(async |office| {
        blind_by_caller(office).await;
        blind_by_callee(office).await;
        blind_to_nowhere(office).await;
        attended_by_caller(office).await;
        attended_by_callee(office).await;
        attended_given_up_by_caller(office).await;
        attended_given_up_by_callee(office).await;
        attended_refused(office).await;
        blonde_by_caller(office).await;
        blonde_by_callee(office).await;
        three_way(office).await;
    })
    .await;
}

/// Alice and Bob talk.
async fn talking<'a>(scene: &mut Scene<'a>) -> (Phone<'a>, Phone<'a>) {
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    (alice, bob)
}

async fn blind_by_caller(office: &Office) {
    let mut scene = office.scene("blind_by_caller").await;
    let (alice, bob) = talking(&mut scene).await;
    alice.press("#13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("bob+carol").await;
    scene.gone("alice").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by alice, bob to 13@people
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               carol is called by bob, rings, ANSWER, up, 16
               transfer: blind by alice, bob to 13@people
",
        )
        .await;
}

async fn blind_by_callee(office: &Office) {
    let mut scene = office.scene("blind_by_callee").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.press("#13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 13@people
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               carol is called by alice, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 13@people
",
        )
        .await;
}

async fn blind_to_nowhere(office: &Office) {
    let mut scene = office.scene("blind_to_nowhere").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.press("#13").await;
    scene.rings("carol").await.refuse(17).await;
    let _ = alice;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 13@people
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by carol
               alice calls, up, 17
               bob is called by alice, rings, ANSWER, up, 16
               carol is called by alice, rings, BUSY, 17
               transfer: blind by bob, alice to 13@people
",
        )
        .await;
}

async fn attended_by_caller(office: &Office) {
    let mut scene = office.scene("attended_by_caller").await;
    let (alice, _bob) = talking(&mut scene).await;
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
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by alice, bob to carol
",
        )
        .await;
}

async fn attended_by_callee(office: &Office) {
    let mut scene = office.scene("attended_by_callee").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.press("*13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("bob+carol").await;
    bob.hang_up().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 is transferred: attended by bob, alice to carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by bob, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by bob over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by bob, alice to carol
",
        )
        .await;
}

async fn attended_given_up_by_caller(office: &Office) {
    let mut scene = office.scene("attended_given_up_by_caller").await;
    let (alice, bob) = talking(&mut scene).await;
    alice.press("*13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    alice.press("0").await;
    scene.talk("alice+bob").await;
    scene.gone("carol").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn attended_given_up_by_callee(office: &Office) {
    let mut scene = office.scene("attended_given_up_by_callee").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.press("*13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("bob+carol").await;
    bob.press("0").await;
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
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by bob, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by bob over Local/13@people;2, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn attended_refused(office: &Office) {
    let mut scene = office.scene("attended_refused").await;
    let (_alice, bob) = talking(&mut scene).await;
    bob.press("*13").await;
    scene.rings("carol").await.refuse(17).await;
    scene.talk("alice+bob").await;
    // The server keeps a party up that comes back just when the other one hangs up.
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by bob, rings, 17
               (Local/13@people;2), 17
               carol is called by bob over Local/13@people;2, rings, BUSY, 17
",
        )
        .await;
}

async fn blonde_by_caller(office: &Office) {
    let mut scene = office.scene("blonde_by_caller").await;
    let (alice, bob) = talking(&mut scene).await;
    alice.press("*13").await;
    let carol = scene.rings("carol").await;
    // The server forgets a transfer whose maker hangs up while it moves him to the new call.
    scene.until("alice hears it ring", |state| up::hears_ringing(state, "alice")).await;
    alice.hang_up().await;
    scene.until("bob hears it ring", |state| up::hears_ringing(state, "bob")).await;
    carol.answer().await;
    scene.talk("bob+carol").await;
    scene.gone("alice").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 is transferred: attended by alice, bob to carol
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by alice, bob to carol
",
        )
        .await;
}

async fn blonde_by_callee(office: &Office) {
    let mut scene = office.scene("blonde_by_callee").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.press("*13").await;
    let carol = scene.rings("carol").await;
    // The server forgets a transfer whose maker hangs up while it moves him to the new call.
    scene.until("bob hears it ring", |state| up::hears_ringing(state, "bob")).await;
    bob.hang_up().await;
    scene.until("alice hears it ring", |state| up::hears_ringing(state, "alice")).await;
    carol.answer().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 is transferred: attended by bob, alice to carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by bob, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by bob over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by bob, alice to carol
",
        )
        .await;
}

async fn three_way(office: &Office) {
    let mut scene = office.scene("three_way").await;
    let (_alice, bob) = talking(&mut scene).await;
    bob.press("*13").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("bob+carol").await;
    bob.press("6").await;
    scene.talk("alice+bob+carol").await;
    bob.hang_up().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    carol.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 rings at carol
             1 is transferred: attended by bob, alice to a bridge
             1 ends
             call 1: Answered by bob, 16, hung up by carol
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               (Local/13@people;1) is called by bob, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by bob over Local/13@people;2, rings, ANSWER, up, 16
               transfer: attended by bob, alice to a bridge
",
        )
        .await;
}
