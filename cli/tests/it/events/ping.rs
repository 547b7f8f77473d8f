//! `ami ping`.

use ami::testing::{Reply, Script};
use ami::{Action, EventClass};

use super::kit::{VERSIONS, ami, boot, decoded_any, end, run, scripted, scripted_by, start};

#[tokio::test]
async fn a_real_server_tells_what_it_is() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ping = async |words: &[&str]| {
            run(ami(instance.ami_address(), &[&["ping"], words].concat())).await
        };
        let json = ping(&["--json", "-c", "3", "-i", "1ms"]).await;
        assert_eq!(json.code, Some(0), "{json:?}");
        let objects = json.objects();
        assert!(objects.iter().all(|object| object["v"] == 1));
        let [about, first, _, third, figures] = &objects[..] else { panic!("{json:?}") };
        assert!(about["version"].as_str().unwrap().starts_with(&format!("{major}.")), "{about}");
        assert!(about["uptime"].is_u64() && about["calls"] == 0, "{about}");
        assert_eq!((&first["ping"], &third["ping"]), (&1.into(), &3.into()));
        let [min, avg, max] = ["min", "avg", "max"].map(|it| figures[it].as_f64().unwrap());
        assert!(0.0 < min && min <= avg && avg <= max, "{figures}");
        assert!(figures["pings"] == 3 && figures["events_per_second"].is_f64(), "{figures}");

        let people = ping(&["-c", "2", "-i", "1ms"]).await.text();
        let [about, first, _, figures] = people.lines().collect::<Vec<_>>()[..] else {
            panic!("{people}")
        };
        assert!(about.starts_with(&format!("Asterisk {major}.")), "{people}");
        assert!(about.contains(", up ") && about.ends_with(", 0 calls"), "{people}");
        assert!(first.starts_with("1: ") && first.ends_with(" ms"), "{people}");
        assert!(figures.starts_with("min ") && figures.ends_with(" events/s"), "{people}");
        let raw = decoded_any(&ping(&["--raw", "-c", "2", "-i", "1ms"]).await.stdout);
        assert!(raw.len() == 3 && format!("{:?}", raw[2]).contains("Pong"), "{raw:?}");
        end(instance).await;
    }
}

#[tokio::test]
async fn the_events_between_the_pings_are_the_rate() {
    let mut pings = 0;
    let script = Script::new().answer_with("Ping", move |_: &Action| {
        pings += 1;
        let events = "Event: X\r\n\r\n".repeat(if pings == 2 { 500 } else { 0 });
        Reply::success().raw(events)
    });
    let server = scripted_by(script).await;
    let ping = ami(server.address(), &["ping", "--json", "-c", "3", "-i", "1ms"]);
    let ended = server.serve_until(run(ping)).await.unwrap();
    assert!(ended.objects()[4]["events_per_second"].as_f64().unwrap() > 0.0, "{ended:?}");
}

#[tokio::test]
async fn a_user_who_may_ask_nothing_is_told_what_there_is() {
    let script = Script::new().read(EventClass::Call).write(EventClass::Call).booting();
    let server = scripted_by(script).await;
    let ping = ami(server.address(), &["ping"]);
    let ended = server.serve_until(run(ping)).await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = ended.text();
    assert!(text.starts_with("Asterisk Call Manager/11.0.0\n1: "), "{text}");
}

#[tokio::test]
async fn a_server_that_goes_away_or_is_silent_is_no_connection() {
    let server = scripted().await;
    let ping = start(ami(server.address(), &["ping", "--json", "-c", "9", "-i", "1ms"]));
    let mut peer = server.accept().await.unwrap();
    for action in ["Ping", "CoreStatus", "Ping"] {
        let action = peer.expect(action).await.unwrap();
        peer.respond(&action, Reply::success()).await.unwrap();
    }
    drop(peer);
    let ended = ping.end().await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.objects().last().unwrap()["pings"].as_u64() >= Some(1), "{ended:?}");

    let server = scripted().await;
    let ping = start(ami(server.address(), &["ping", "--timeout", "300ms"]));
    let mut peer = server.accept().await.unwrap();
    peer.expect("Ping").await.unwrap();
    assert_eq!(ping.end().await.code, Some(3));
}
