//! Calls on real servers, as far as a scenario does not show them: found in a list.

use instance::ami::{Action, Originate};
use instance::{Builder, Instance, Modules};
use live::{Call, Live, Role, State};
use tokio::time::timeout;

use crate::kit::{PATIENCE, end};

/// Local channels that end in the dialplan are the telephones.
const DIALPLAN: &str = "\
[phones]
exten => _X,1,Answer()
 same => n,Wait(600)
[pbx]
exten => _X,1,Dial(Local/${EXTEN}@phones)
";

async fn boot(version: u32) -> Instance {
    let server = instance::server(version).await.unwrap();
    let modules = Modules::list(["pbx_config", "app_dial", "bridge_simple"]);
    Builder::new(server).modules(modules).dialplan(DIALPLAN).boot().await.unwrap()
}

async fn call(pbx: &Instance, from: u32, to: u32) {
    let channel = format!("Local/{from}@phones");
    let call = Originate::to_extension(&channel, "pbx", &to.to_string(), "1");
    pbx.ami().originate(call).await.unwrap();
}

/// Returns the names of channels, without the numbers that the server gives them.
fn names(state: &State, ids: &[live::Id]) -> Vec<String> {
    let channels = state.channels().unwrap();
    let names = ids.iter().map(|id| channels.get(id).unwrap().name.rsplit_once('-').unwrap().0);
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// Returns the names of those who talk in each call.
fn talking(state: &State) -> Vec<Vec<String>> {
    let groups = state.calls().unwrap().iter().flat_map(|call| state.talking(&call.id));
    let mut groups: Vec<_> = groups.map(|group| names(state, &group)).collect();
    groups.sort();
    groups
}

fn only(state: &State) -> &Call {
    let mut calls = state.calls().unwrap().iter();
    let call = calls.next().unwrap();
    assert!(calls.next().is_none());
    call
}

#[tokio::test]
async fn a_call_that_is_found_is_like_one_that_was_seen() {
    for version in [22, 16] {
        let pbx = boot(version).await;
        let before = Live::start(pbx.ami());
        before.current().await.unwrap();
        call(&pbx, 1, 2).await;
        let two = ["Local/1@phones".to_owned(), "Local/2@phones".to_owned()];
        let seen = before.until(|state| talking(state) == [two.clone()]).await.unwrap();
        let behind = Live::start(pbx.ami());
        let found = behind.current().await.unwrap();
        assert_eq!(talking(&found), [two]);
        let (seen, found) = (only(&seen), only(&found));
        assert_eq!((&seen.id, seen.complete, found.complete), (&found.id, true, false));
        let legs = |call: &Call| call.parties().map(|leg| leg.channel.clone()).collect::<Vec<_>>();
        assert_eq!(legs(seen), legs(found));
        assert_eq!(seen.legs.len(), 4);
        let roles: Vec<_> = seen.parties().map(|leg| leg.role).collect();
        assert_eq!(roles, [Role::Originated, Role::Called]);
        assert_eq!(seen.answered_by, found.answered_by);
        pbx.ami().command("channel request hangup all").await.unwrap();
        behind.until(|state| state.calls().unwrap().is_empty()).await.unwrap();
        end(pbx).await;
    }
}

/// The halves of a Local channel belong to two calls once only one of them is bridged.
#[tokio::test]
async fn a_bridge_of_two_calls_on_local_channels_is_one_group() {
    for version in [22, 16] {
        let pbx = boot(version).await;
        let live = Live::start(pbx.ami());
        live.current().await.unwrap();
        call(&pbx, 1, 2).await;
        call(&pbx, 3, 4).await;
        let [one, two, three, four] = [1, 2, 3, 4].map(|it| format!("Local/{it}@phones"));
        let groups = [vec![one.clone(), two], vec![three, four.clone()]];
        let state = live.until(|state| talking(state) == groups).await.unwrap();
        let half = |name: &str| {
            let mut channels = state.channels().unwrap().iter();
            let it = channels.find(|it| it.name.starts_with(name) && it.name.ends_with(";1"));
            it.unwrap().name.to_string()
        };
        let action = Action::new("Bridge").field("Channel1", half(&one));
        pbx.ami().call(action.field("Channel2", half(&four))).await.unwrap();
        // The half that is not bridged stays in its call.
        let legs = |it: &Call| it.legs.iter().filter(|leg| leg.is_up()).count();
        let bridged = |state: &State| {
            let calls = state.calls().unwrap().sorted();
            let legs: Vec<_> = calls.into_iter().map(|it| legs(it)).collect();
            talking(state) == [vec![one.clone(), four.clone()]] && legs == [3, 1]
        };
        let bridged = timeout(PATIENCE, live.until(bridged)).await;
        bridged.unwrap_or_else(|_| panic!("{:#?}", live.state().calls())).unwrap();
        pbx.ami().command("channel request hangup all").await.unwrap();
        live.until(|state| state.calls().unwrap().is_empty()).await.unwrap();
        end(pbx).await;
    }
}
