//! Actions of a program on calls that are up, and a person who listens in.

use ami::Action;

use super::phone::Phone;
use super::scene::{Office, Scene, on_each_version};

#[tokio::test]
async fn actions() {
    on_each_version(async |office| {
        redirect_of_one(office).await;
        redirect_of_two(office).await;
        bridge_of_two_calls(office).await;
        spied_upon(office).await;
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

async fn redirect_of_one(office: &Office) {
    let mut scene = office.scene("redirect_of_one").await;
    let (alice, _bob) = talking(&mut scene).await;
    let action = Action::new("Redirect").field("Channel", scene.channel("alice"));
    let action = action.field("Context", "office").field("Exten", "carol").field("Priority", "1");
    scene.act(action).await;
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
             1 rings at carol
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               carol is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn redirect_of_two(office: &Office) {
    let mut scene = office.scene("redirect_of_two").await;
    let (alice, bob) = talking(&mut scene).await;
    let action = Action::new("Redirect")
        .field("Channel", scene.channel("alice"))
        .field("Context", "office")
        .field("Exten", "conf")
        .field("Priority", "1")
        .field("ExtraChannel", scene.channel("bob"))
        .field("ExtraContext", "office")
        .field("ExtraExten", "conf")
        .field("ExtraPriority", "1");
    scene.act(action).await;
    scene
        .until("a conference", |state| {
            state.conferences().unwrap().iter().any(|it| it.members.len() == 2)
        })
        .await;
    scene.talk("alice+bob").await;
    alice.hang_up().await;
    scene.gone("alice").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             1 ends
             meeting starts
             alice joins meeting
             bob joins meeting
             alice leaves meeting
             bob leaves meeting
             meeting ends
             call 1: Answered by bob, 16, hung up by bob
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
",
        )
        .await;
}

async fn bridge_of_two_calls(office: &Office) {
    let mut scene = office.scene("bridge_of_two_calls").await;
    let (_alice, _bob) = talking(&mut scene).await;
    let carol = scene.call("carol", "dave").await;
    let dave = scene.rings("dave").await;
    dave.answer().await;
    scene.talk("alice+bob carol+dave").await;
    let action = Action::new("Bridge").field("Channel1", scene.channel("alice"));
    scene.act(action.field("Channel2", scene.channel("dave"))).await;
    scene.talk("alice+dave").await;
    scene.gone("bob").await;
    scene.gone("carol").await;
    dave.hang_up().await;
    let _ = carol;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             2 starts
             2 rings at dave
             2 is answered by dave
             2 ends
             1 ends
             call 1: Answered by bob, 16, hung up by dave
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
               dave is called by carol, rings, ANSWER, up, 16
             call 2: Answered by dave, 16, hung up by nobody
               carol calls, up, 16
               dave is called by carol, rings, ANSWER, up, goes on in 1
",
        )
        .await;
}

async fn spied_upon(office: &Office) {
    let mut scene = office.scene("spied_upon").await;
    let (alice, bob) = talking(&mut scene).await;
    bob.speak().await;
    let carol = scene.call("carol", "spy-bob").await;
    let spies = |name: &str| name == "ChanSpy";
    scene
        .until("carol spies", |state| {
            state.channels().unwrap().iter().any(|it| spies(&it.application))
        })
        .await;
    scene
        .office
        .pbx
        .expect(ami::Matcher::event("ChanSpyStart"), crate::kit::PATIENCE)
        .await
        .unwrap();
    carol.hang_up().await;
    scene.gone("carol").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 rings at bob
             1 is answered by bob
             2 starts
             2 is accepted at carol
             2 ends
             1 ends
             call 1: Answered by bob, 16, hung up by alice
               alice calls, up, 16
               bob is called by alice, rings, ANSWER, up, 16
             call 2: Answered by nobody, 16, hung up by carol
               carol calls, up, 16
",
        )
        .await;
}
