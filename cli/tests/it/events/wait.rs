//! `ami wait`.

use ami::Action;

use super::kit::{VERSIONS, ami, boot, end, run, scripted, start};

#[tokio::test]
async fn it_ends_with_the_event_or_with_the_time() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let address = instance.ami_address();
        let words = ["wait", "--ready", "--json", "UserEvent", "State=done"];
        let mut wait = start(ami(&address, &words));
        wait.tells("ready").await;
        for state in ["begin", "done"] {
            let action = Action::user_event("Survey").field("State", state);
            instance.ami().call(action).await.unwrap();
        }
        let ended = wait.end().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let event: ami::Event = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(event.get("State"), Some(&b"done"[..]));
        let late = run(ami(&address, &["wait", "--timeout", "100ms", "Hangup"])).await;
        assert_eq!(late.code, Some(8), "{late:?}");
        assert!(late.stderr.contains("no event matched within 100ms"), "{late:?}");
        // The first event after the login counts.
        let booted = run(ami(&address, &["wait", "--quiet", "FullyBooted"])).await;
        assert_eq!((booted.code, booted.stdout), (Some(0), Vec::new()));
        end(instance).await;
    }
}

#[tokio::test]
async fn it_goes_on_after_a_loss() {
    let server = scripted().await;
    let mut wait = start(ami(server.address(), &["wait", "--ready", "Hangup"]));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(wait.tells("ready")).await.unwrap();
    drop(peer);
    let mut peer = server.accept().await.unwrap();
    peer.event("Event: Hangup\nCause: 16").await.unwrap();
    let ended = peer.serve_until(wait.end()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.text().contains("Cause=16"), "{ended:?}");

    let mut wait = start(ami(server.address(), &["wait", "--ready", "--timeout", "4s", "Hangup"]));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(wait.tells("ready")).await.unwrap();
    drop(peer);
    let mut peer = server.accept().await.unwrap();
    let ended = peer.serve_until(wait.end()).await.unwrap();
    assert_eq!(ended.code, Some(7), "{ended:?}");
}
