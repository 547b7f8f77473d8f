//! The ends of views, for reasons that no server has on command.

use ami::EventClass;
use ami::testing::{Reply, Script};
use serde_json::json;
use tokio::time::timeout;

use super::office::Printing;
use crate::events::kit::{AGES, ami, run, scripted_by};

fn empty() -> Script {
    Script::new().otherwise(|_| Reply::list(Vec::<String>::new()))
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_no_longer_than_told() {
    let server = scripted_by(empty().answer("QueueStatus", Reply::none())).await;
    let queues = run(ami(server.address(), &["queues", "--timeout", "300ms"]));
    let ended = server.serve_until(queues).await.unwrap();
    assert_eq!((ended.code, &*ended.text()), (Some(3), ""), "{ended:?}");
    // The time is that of the list and that of all of them.
    assert!(ended.stderr.contains("did not come"), "{ended:?}");
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_lists_are_in_is_told() {
    let server = scripted_by(empty().answer("QueueStatus", Reply::none().then_close())).await;
    let queues = run(ami(server.address(), &["queues"]));
    let ended = server.serve_until(queues).await.unwrap();
    assert_eq!((ended.code, &*ended.text()), (Some(3), ""), "{ended:?}");
}

#[tokio::test]
async fn nobody_there_and_a_refused_login_have_their_codes() {
    // Nobody gets this port by chance.
    let ended = run(ami("127.0.0.1:1", &["calls"])).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let server = scripted_by(Script::new().refuse_login("Authentication failed")).await;
    let calls = run(ami(server.address(), &["calls", "--watch"]));
    let ended = server.serve_until(calls).await.unwrap();
    assert_eq!(ended.code, Some(4), "{ended:?}");
}

#[tokio::test]
async fn a_list_that_is_refused_is_not_an_empty_one() {
    let refused = Reply::error("Invalid/unknown command: QueueStatus.");
    let server = scripted_by(empty().answer("QueueStatus", refused)).await;
    let queues = run(ami(server.address(), &["queues", "--json"]));
    let ended = server.serve_until(queues).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let [object] = &ended.objects()[..] else { panic!("{ended:?}") };
    assert_eq!((&object["unknown"], &object["classes"]), (&json!("queues"), &json!([])));
    assert!(ended.stderr.contains("Invalid/unknown command"), "{ended:?}");
    assert!(ended.stderr.contains("hint: the module app_queue may not be loaded"), "{ended:?}");
}

#[tokio::test]
async fn rights_that_are_gone_after_a_reconnect_are_told_while_watching() {
    let server = scripted_by(empty()).await;
    let mut watch = Printing::start(ami(server.address(), &["queues", "--watch", "--json"]));
    let mut peer = server.accept().await.unwrap();
    let first = peer.serve_until(watch.object()).await.unwrap();
    assert_eq!(first["freshness"], "current", "{first}");
    drop(peer);
    let script = empty().user("user", "mysecret").read(EventClass::Call);
    let server = server.script(script);
    let mut peer = server.accept().await.unwrap();
    let told = peer.serve_until(watch.objects(|it| it["freshness"] == "current")).await.unwrap();
    let unknown: Vec<_> = told.iter().filter(|it| !it["unknown"].is_null()).collect();
    let [unknown] = &unknown[..] else { panic!("{told:?}") };
    assert_eq!((&unknown["unknown"], &unknown["classes"]), (&json!("queues"), &json!(["agent"])));
    drop(peer);
    let script = Script::new().refuse_login("Authentication failed");
    let server = server.script(script);
    let (_, (code, told)) = tokio::join!(server.accept(), watch.end());
    assert_eq!(code, Some(4), "{told}");
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_a_watch_without_an_error() {
    let server = scripted_by(empty()).await;
    let mut watch = Printing::start(ami(server.address(), &["queues", "--watch"]));
    let mut peer = server.accept().await.unwrap();
    let line = peer.serve_until(watch.line()).await.unwrap();
    assert!(line.ends_with("no queues"), "{line}");
    let mut child = watch.close_output();
    let ended = peer.serve_until(timeout(AGES, child.wait())).await.unwrap();
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_part_of_a_table_that_is_refused_is_told_beside_it() {
    let script = empty().answer("PJSIPShowContacts", Reply::error("Permission denied")).answer(
        "PJSIPShowEndpoints",
        Reply::list(["Event: EndpointList\nObjectName: alice\nDeviceState: Not in use"]),
    );
    let server = scripted_by(script).await;
    for form in ["--json", "--color=always"] {
        let endpoints = run(ami(server.address(), &["endpoints", form]));
        let ended = server.serve_until(endpoints).await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        if form == "--json" {
            let [alice, unknown] = &ended.objects()[..] else { panic!("{ended:?}") };
            assert_eq!((&alice["endpoint"], &alice["contacts"]), (&json!("alice"), &json!(null)));
            assert_eq!(unknown["unknown"], "contacts");
        } else {
            assert!(ended.text().contains("\x1b[31mthe contacts are not known"), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn rights_that_the_server_does_not_tell_are_told_before_watching() {
    let server = scripted_by(empty().write(EventClass::System)).await;
    let mut watch = Printing::start(ami(server.address(), &["queues", "--watch"]));
    let mut peer = server.accept().await.unwrap();
    peer.serve_until(watch.line()).await.unwrap();
    watch.interrupt();
    let (code, told) = watch.end().await;
    assert_eq!(code, Some(130), "{told}");
    assert!(told.contains("does not tell which events the user may read"), "{told}");
}
