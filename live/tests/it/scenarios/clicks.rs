//! Click-to-dial: the server calls one person, then another for it.

use ami::Action;

use super::scene::{Office, Scene, on_each_version};

#[tokio::test]
async fn click_to_dial() {
    on_each_version(async |office| {
        click_answered(office).await;
        click_refused_by_first(office).await;
        click_refused_by_second(office).await;
        click_transferred(office).await;
        click_local_answered(office).await;
        click_local_refused_by_first(office).await;
        click_local_refused_by_second(office).await;
        click_local_transferred(office).await;
    })
    .await;
}

/// Asks the server to call Alice, and to connect her with Bob.
async fn click(scene: &Scene<'_>, channel: &str) {
    let action = Action::new("Originate").field("Channel", channel);
    let action = action.field("Context", "office").field("Exten", "bob").field("Priority", "1");
    scene.act(action.field("CallerID", "click <9>").field("Async", "true")).await;
}

async fn click_answered(office: &Office) {
    let mut scene = office.scene("click_answered").await;
    click(&scene, "PJSIP/alice").await;
    let alice = scene.rings("alice").await;
    alice.answer().await;
    scene.rings("bob").await.answer().await;
    scene.talk("alice+bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice is originated, rings, ANSWER, up, 16
               bob is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn click_refused_by_first(office: &Office) {
    let mut scene = office.scene("click_refused_by_first").await;
    click(&scene, "PJSIP/alice").await;
    scene.rings("alice").await.refuse(17).await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 ends
             call 1: Busy by nobody, 17, hung up by alice
               alice is originated, rings, BUSY, 17
",
        )
        .await;
}

async fn click_refused_by_second(office: &Office) {
    let mut scene = office.scene("click_refused_by_second").await;
    click(&scene, "PJSIP/alice").await;
    scene.rings("alice").await.answer().await;
    scene.rings("bob").await.refuse(17).await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 ends
             call 1: Busy by nobody, 17, hung up by bob
               alice is originated, rings, ANSWER, up, 17
               bob is called by alice, rings, BUSY, 17
",
        )
        .await;
}

async fn click_transferred(office: &Office) {
    let mut scene = office.scene("click_transferred").await;
    click(&scene, "PJSIP/alice").await;
    let alice = scene.rings("alice").await;
    alice.answer().await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    bob.press("#13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 13@people
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice is originated, rings, ANSWER, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               carol is called by alice, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 13@people
",
        )
        .await;
}

async fn click_local_answered(office: &Office) {
    let mut scene = office.scene("click_local_answered").await;
    click(&scene, "Local/11@people").await;
    let alice = scene.rings("alice").await;
    alice.answer().await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 ends
             call 1: Answered by bob, 16, hung up by bob
               (Local/11@people;1) is originated, rings, ANSWER, up, 16
               (Local/11@people;2), up, 16
               alice is originated, rings, ANSWER, up, 16
               bob is called by alice over Local/11@people;1, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn click_local_refused_by_second(office: &Office) {
    let mut scene = office.scene("click_local_refused_by_second").await;
    click(&scene, "Local/11@people/n").await;
    scene.rings("alice").await.answer().await;
    scene.rings("bob").await.refuse(17).await;
    // Asterisk 16 passes the cause on.
    let cause = if office.version == 22 { 16 } else { 17 };
    let expected = format!(
        "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 ends
             call 1: Busy by nobody, 17, hung up by bob
               (Local/11@people;1) is originated, rings, ANSWER, up, 17
               (Local/11@people;2), up, 17
               alice is originated, rings, ANSWER, up, {cause}
               bob is called by alice over Local/11@people;1, rings, BUSY, 17
"
    );
    scene.ends(&expected).await;
}

async fn click_local_refused_by_first(office: &Office) {
    let mut scene = office.scene("click_local_refused_by_first").await;
    click(&scene, "Local/11@people/n").await;
    scene.rings("alice").await.refuse(17).await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 ends
             call 1: Busy by nobody, 17, hung up by alice
               (Local/11@people;1) is originated, rings, BUSY, 17
               (Local/11@people;2), 17
               alice is originated, rings, BUSY, 17
",
        )
        .await;
}

async fn click_local_transferred(office: &Office) {
    let mut scene = office.scene("click_local_transferred").await;
    click(&scene, "Local/11@people/n").await;
    let alice = scene.rings("alice").await;
    alice.answer().await;
    let bob = scene.rings("bob").await;
    bob.answer().await;
    scene.talk("alice+bob").await;
    bob.press("#13").await;
    scene.rings("carol").await.answer().await;
    scene.talk("alice+carol").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at alice
             1 is accepted at alice
             1 rings at bob
             1 is answered by bob
             1 is transferred: blind by bob, alice to 13@people
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               (Local/11@people;1) is originated, rings, ANSWER, up, 16
               (Local/11@people;2), up, 16
               alice is originated, rings, ANSWER, up, 16
               bob is called by alice over Local/11@people;1, rings, ANSWER, up, 16
               carol is called by alice over Local/11@people;1, rings, ANSWER, up, 16
               transfer: blind by bob, alice to 13@people
",
        )
        .await;
}
