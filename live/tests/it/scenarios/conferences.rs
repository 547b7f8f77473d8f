//! Conferences.

use ami::Action;
use live::{ConferenceMember, State};

use super::scene::{Office, Scene, on_each_version};

#[tokio::test]
async fn conferences() {
    on_each_version(async |office| {
        conference_that_the_last_one_leaves(office).await;
        conference_with_a_mute_and_a_kick(office).await;
    })
    .await;
}

async fn command(scene: &Scene<'_>, name: &str, person: &str) {
    let action = Action::new(name).field("Conference", "meeting");
    scene.act(action.field("Channel", scene.channel(person))).await;
}

/// Returns the number of members that meet a condition.
fn members(state: &State, condition: fn(&ConferenceMember) -> bool) -> usize {
    let conferences = state.conferences().unwrap();
    conferences.iter().flat_map(|it| &it.members).filter(|it| condition(it)).count()
}

async fn conference_that_the_last_one_leaves(office: &Office) {
    let mut scene = office.scene("conference_that_the_last_one_leaves").await;
    let alice = scene.call("alice", "conf").await;
    scene.joins("alice").await;
    let bob = scene.call("bob", "conf").await;
    scene.until("two members", |state| members(state, |_| true) == 2).await;
    scene.talk("alice+bob").await;
    let carol = scene.call("carol", "conf").await;
    scene.until("three members", |state| members(state, |_| true) == 3).await;
    scene.talk("alice+bob+carol").await;
    alice.hang_up().await;
    scene.talk("bob+carol").await;
    scene.gone("alice").await;
    carol.hang_up().await;
    scene.gone("carol").await;
    bob.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             2 starts
             2 is accepted at bob
             3 starts
             3 is accepted at carol
             1 ends
             3 ends
             2 ends
             meeting starts
             alice joins meeting
             bob joins meeting
             carol joins meeting
             alice leaves meeting
             carol leaves meeting
             bob leaves meeting
             meeting ends
             call 1: Answered by nobody, 16, hung up by alice
               alice calls, up, 16
             call 2: Answered by nobody, 16, hung up by bob
               bob calls, up, 16
             call 3: Answered by nobody, 16, hung up by carol
               carol calls, up, 16
",
        )
        .await;
}

async fn conference_with_a_mute_and_a_kick(office: &Office) {
    let mut scene = office.scene("conference_with_a_mute_and_a_kick").await;
    let alice = scene.call("alice", "conf").await;
    scene.joins("alice").await;
    scene.call("bob", "conf").await;
    scene.talk("alice+bob").await;
    // A list that the server is asked for must not tell the mute with the joining.
    scene.until("both are described", |state| members(state, |it| it.waiting.is_some()) == 2).await;
    command(&scene, "ConfbridgeMute", "bob").await;
    scene.until("one is muted", |state| members(state, |it| it.muted) == 1).await;
    command(&scene, "ConfbridgeUnmute", "bob").await;
    scene.until("nobody is muted", |state| members(state, |it| it.muted) == 0).await;
    command(&scene, "ConfbridgeKick", "bob").await;
    scene.gone("bob").await;
    alice.hang_up().await;
    scene
        .ends(
            "
             1 starts
             1 is accepted at alice
             2 starts
             2 is accepted at bob
             2 ends
             1 ends
             meeting starts
             alice joins meeting
             bob joins meeting
             bob is muted in meeting
             bob is unmuted in meeting
             bob leaves meeting
             alice leaves meeting
             meeting ends
             call 1: Answered by nobody, 16, hung up by alice
               alice calls, up, 16
             call 2: Answered by nobody, 16, hung up by nobody
               bob calls, up, 16
",
        )
        .await;
}
