//! Outcomes of dialling.

use super::scene::{Office, on_each_version};

#[tokio::test]
async fn outcomes_of_dialling() {
    on_each_version(async |office| {
        answered(office).await;
        hung_up_by_callee(office).await;
        busy(office).await;
        no_answer(office).await;
        congestion(office).await;
        caller_gives_up(office).await;
        forwarded(office).await;
        next_after_no_answer(office).await;
        two_ring(office).await;
    })
    .await;
}

async fn answered(office: &Office) {
    let mut scene = office.scene("answered").await;
    let alice = scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
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
               bob is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn hung_up_by_callee(office: &Office) {
    let mut scene = office.scene("hung_up_by_callee").await;
    scene.call("alice", "bob").await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
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
               bob is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn busy(office: &Office) {
    let mut scene = office.scene("busy").await;
    scene.call("alice", "bob").await;
    scene.rings("bob").await.refuse(17).await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 ends
             call 1: Busy by nobody, 17, hung up by bob
               alice calls, 17
               bob is called by alice, rings, BUSY, 17
",
        )
        .await;
}

async fn no_answer(office: &Office) {
    let mut scene = office.scene("no_answer").await;
    scene.call("alice", "short").await;
    scene.rings("bob").await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 ends
             call 1: NoAnswer by nobody, 0, hung up by nobody
               alice calls, 0
               bob is called by alice, rings, NOANSWER, 0
",
        )
        .await;
}

async fn congestion(office: &Office) {
    let mut scene = office.scene("congestion").await;
    scene.call("alice", "bob").await;
    scene.rings("bob").await.refuse(34).await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 ends
             call 1: Congestion by nobody, 34, hung up by bob
               alice calls, 34
               bob is called by alice, rings, CONGESTION, 34
",
        )
        .await;
}

async fn caller_gives_up(office: &Office) {
    let mut scene = office.scene("caller_gives_up").await;
    let alice = scene.call("alice", "bob").await;
    scene.rings("bob").await;
    alice.give_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 ends
             call 1: Cancelled by nobody, 16, hung up by alice
               alice calls, 16
               bob is called by alice, rings, CANCEL, 16
",
        )
        .await;
}

async fn forwarded(office: &Office) {
    let mut scene = office.scene("forwarded").await;
    let alice = scene.call("alice", "bob").await;
    scene.rings("bob").await.forward("13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    // Asterisk 16 does not say why.
    let cause = if office.version == 22 { 23 } else { 0 };
    let expected = format!(
        "
             1 starts
             1 rings at bob
             1 is forwarded by bob to 13
             1 rings at carol
             1 is answered by carol
             1 ends
             call 1: Answered by carol, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, CANCEL to 13, {cause}
               (Local/13@people;1) is called by alice, rings, ANSWER, up, 16
               (Local/13@people;2), up, 16
               carol is called by alice over Local/13@people;2, rings, ANSWER, up, 16
"
    );
    scene.ends(&expected).await;
}

async fn next_after_no_answer(office: &Office) {
    let mut scene = office.scene("next_after_no_answer").await;
    let alice = scene.call("alice", "short-carol").await;
    scene.rings("bob").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 rings at carol
             1 is answered by carol
             1 ends
             call 1: Answered by carol, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, NOANSWER, 0
               carol is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn two_ring(office: &Office) {
    let mut scene = office.scene("two_ring").await;
    scene.call("alice", "both").await;
    scene.rings("bob").await;
    let carol = scene.rings("carol").await;
    carol.answer().await;
    scene.talk("alice+carol").await;
    carol.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 rings at carol
             1 is answered by carol
             1 ends
             call 1: Answered by carol, 16, hung up by carol
               alice calls, up, 16
               bob is called by alice, rings, CANCEL, 26
               carol is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}
