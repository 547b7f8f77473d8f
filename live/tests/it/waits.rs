//! Waits for calls, and the history.

use std::pin::pin;
use std::task::{Context, Waker};

use ami::Originate;
use instance::Builder;
use live::{CallHandle, Config, Id, Live, Part, State, WaitError};

use crate::kit::end;
use crate::scripted::{connect, hangup, newchannel, small};

fn has_calls(calls: usize) -> impl Fn(&State) -> bool {
    move |state| state.calls().is_ok_and(|it| it.len() == calls)
}

#[tokio::test]
async fn a_call_is_waited_for_through_a_merge_up_to_its_end() {
    let (client, mut peer) = connect(&[]).await;
    let config = small().history(2);
    let live = Live::start_with(&client, config);
    // A handle can be older than its call, and a wait that is given up costs nothing.
    let early = live.call("1.1");
    peer.serve_until(live.current()).await.unwrap().unwrap();
    for id in ["1.1", "2.2"] {
        peer.event(newchannel(id)).await.unwrap();
    }
    peer.serve_until(live.until(has_calls(2))).await.unwrap().unwrap();
    let (one, two) = (live.call("1.1"), live.call("2.2"));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(two.ended()).poll(&mut cx).is_pending());
    let moved = newchannel("2.2").replace("Newchannel", "Newstate");
    peer.event(moved.replace("Linkedid: 2.2", "Linkedid: 1.1")).await.unwrap();
    peer.serve_until(live.until(has_calls(1))).await.unwrap().unwrap();
    assert_eq!((&*one.id(), &*two.id()), ("1.1", "1.1"));
    let merged = two.until(|call| call.merged.iter().any(|id| &**id == "2.2")).await.unwrap();
    assert_eq!(&*merged.id, "1.1");
    // One wait has begun when the call ends, the others begin behind that.
    let waiting = two.clone();
    let waiting = tokio::spawn(async move { waiting.ended().await });
    peer.event(hangup("1.1")).await.unwrap();
    peer.event(hangup("2.2").replace("Linkedid: 2.2", "Linkedid: 1.1")).await.unwrap();
    peer.serve_until(live.until(has_calls(0))).await.unwrap().unwrap();
    let ended = waiting.await.unwrap().unwrap();
    assert!(ended.ended.is_some() && &*ended.id == "1.1", "{ended:?}");
    for handle in [&early, &one, &two] {
        assert_eq!(&*handle.ended().await.unwrap().id, "1.1");
    }
    assert!(matches!(one.until(|_| false).await, Err(WaitError::CallEnded(_))));
    assert!(matches!(two.answered().await, Err(WaitError::CallEnded(_))));
    // Who comes late gets it from the history.
    assert!(live.call("1.1").ended().await.is_ok());
    assert!(matches!(live.call("3.3").ended().await, Err(WaitError::NoSuchCall(_))));
    assert_eq!(live.history().len(), 1);
}

#[tokio::test]
async fn calls_of_a_real_server_are_waited_for_and_kept() {
    for version in [22, 16] {
        let server = instance::server(version).await.unwrap();
        let dialplan = "[default]\nexten => s,1,Answer()\n same => n,Wait(600)\n";
        let instance = Builder::new(server).dialplan(dialplan).boot().await.unwrap();
        let client = instance.ami();
        let config = Config::new().parts([Part::Channels, Part::Bridges]).history(2);
        let live = Live::start_with(client, config);
        live.current().await.unwrap();
        let mut handles: Vec<CallHandle> = Vec::new();
        for calls in 1..=3 {
            let call = Originate::to_application("Local/s@default", "Wait", "600");
            client.originate(call).await.unwrap();
            let is_new = |id: &&Id| handles.iter().all(|it| it.id() != **id);
            let new = |state: &State| state.calls().ok()?.ids().find(is_new).cloned();
            let id = live.find(new).await.unwrap();
            assert_eq!(live.state().calls().unwrap().len(), calls, "{version}");
            handles.push(live.call(id));
        }
        client.command("channel request hangup all").await.unwrap();
        for handle in &handles {
            let call = handle.ended().await.unwrap();
            assert!(call.id == handle.id() && call.ended.is_some(), "{version}: {call:?}");
        }
        live.until(has_calls(0)).await.unwrap();
        assert_eq!(live.history().len(), 2, "{version}");
        end(instance).await;
    }
}
