//! A fleet of two real servers, one of each version.

use std::fs;

use ami::{Action, Client};
use instance::Instance;
use serde_json::{Value, json};
use tokio::process::Command;

use super::kit::{Contexts, nobody};
use super::nats::{self, Nats};
use crate::events::kit::{boot, end, run, start};
use crate::views::office::Printing;
use crate::views::serve::Serving;

#[tokio::test]
async fn two_real_servers_are_seen_as_one() {
    let (new, old) = tokio::join!(boot(22), boot(16));
    let at = |instance: &Instance| instance.ami_address().to_string();
    let contexts = Contexts::new(&[("new", at(&new)), ("old", at(&old)), ("gone", nobody())]);
    let fleet = Fleet { contexts, new, old };
    fleet.answers().await;
    fleet.views().await;
    fleet.calls().await;
    fleet.events().await;
    fleet.bridge().await;
    end(fleet.new).await;
    end(fleet.old).await;
}

struct Fleet {
    contexts: Contexts,
    new: Instance,
    old: Instance,
}

impl Fleet {
    /// The program on both.
    fn both(&self, words: &[&str]) -> Command {
        self.contexts.ami(&[words, &["--servers", "new,old"]].concat())
    }

    /// Makes each server send an event.
    async fn user_events(&self, name: &str) {
        for client in [self.new.ami(), self.old.ami()] {
            client.call(Action::user_event(name)).await.unwrap();
        }
    }

    async fn answers(&self) {
        let ping = run(self.both(&["ping", "--json"])).await;
        assert_eq!(ping.code, Some(0), "{ping:?}");
        let objects = ping.objects();
        let versions: Vec<_> = objects.iter().filter(|it| it["version"].is_string()).collect();
        let [new, old] = versions[..] else { panic!("{ping:?}") };
        let is = |object: &Value, server: &str, version: &str| {
            object["server"] == json!(server)
                && object["version"].as_str().is_some_and(|it| it.starts_with(version))
        };
        assert!(is(new, "new", "22.") && is(old, "old", "16."), "{ping:?}");

        let doctor = run(self.both(&["doctor", "--sample", "0"])).await;
        assert_eq!(doctor.code, Some(0), "{doctor:?}");
        let begins = |it: &str| it.starts_with("new") || it.starts_with("old");
        assert!(doctor.text().lines().all(begins), "{doctor:?}");
        assert!(doctor.text().lines().any(|it| it.starts_with("old  ok    login")), "{doctor:?}");
    }

    async fn views(&self) {
        let words = ["channels", "--watch", "--json"];
        let mut watch = Printing::start(self.both(&words));
        let current = |object: &Value| object["freshness"] == "current";
        let servers: Vec<_> = [watch.objects(current).await, watch.objects(current).await].concat();
        let mut servers: Vec<_> = servers.iter().map(|it| it["server"].as_str().unwrap()).collect();
        servers.sort_unstable();
        assert_eq!(servers, ["new", "old"]);
        call(self.new.ami()).await;
        let added = |server: &'static str| {
            move |it: &Value| it["change"] == "added" && it["server"] == server
        };
        watch.objects(added("new")).await;
        call(self.old.ami()).await;
        let last = watch.objects(added("old")).await.pop().unwrap();
        watch.interrupt();
        assert_eq!(watch.end().await.0, Some(130));

        let words = ["channels", "--servers", "new,old,gone"];
        let people = run(self.contexts.ami(&words)).await;
        assert_eq!(people.code, Some(9), "{people:?}");
        assert!(people.stderr.contains("error: gone: "), "{people:?}");
        let lines: Vec<_> = people.text().lines().map(str::to_owned).collect();
        assert!(lines[0].starts_with("SERVER  "), "{people:?}");
        assert!(lines[1].starts_with("new ") && lines.last().unwrap().starts_with("old "));
        let reversed = run(self.both(&["channels", "--sort", "server", "-r"])).await.text();
        assert!(reversed.lines().nth(1).unwrap().starts_with("old "), "{reversed}");

        // The identifier of one is that of no other.
        let id = format!("old/{}", last["channel"].as_str().unwrap());
        let one = run(self.both(&["channels", "--json", &id])).await;
        assert_eq!(one.code, Some(0), "{one:?}");
        let [object] = &one.objects()[..] else { panic!("{one:?}") };
        assert_eq!((&object["server"], &object["channel"]), (&json!("old"), &last["channel"]));
        let nobody = run(self.both(&["channels", "new/0.0"])).await;
        assert!(nobody.code == Some(1) && nobody.stderr.contains("there is no channel"));

        let words = ["serve", "metrics", "--json", "--listen", "127.0.0.1:0"];
        let serving = Serving::start(self.both(&words)).await;
        let page = serving.until("asterisk_ami_connected{server=\"old\"} 1").await;
        assert_eq!(page.matches("# TYPE asterisk_ami_connected gauge").count(), 1, "{page}");
        assert!(page.contains("asterisk_ami_connected{server=\"new\"} 1"), "{page}");
        serving.printing.interrupt();
        assert_eq!(serving.printing.end().await.0, Some(130));
    }

    /// A call goes to the server with fewer calls.
    async fn calls(&self) {
        let words = ["call", "Local/answer@default", "--app", "Echo", "--json", "--servers"];
        for (busy, other) in [(self.new.ami(), "old"), (self.old.ami(), "new")] {
            call(busy).await;
            call(busy).await;
            let placed = run(self.contexts.ami(&[&words[..], &["new,old,gone"]].concat())).await;
            assert_eq!(placed.code, Some(0), "{placed:?}");
            let [gone, answered] = &placed.objects()[..] else { panic!("{placed:?}") };
            assert_eq!((&gone["server"], &gone["exit"]), (&json!("gone"), &json!(3)));
            assert_eq!(answered["outcome"], "answered", "{placed:?}");
            assert_eq!(answered["server"], other, "{placed:?}");
        }
        let words = ["call", "Local/silence@default", "--app", "Echo", "--ring", "1ms"];
        let any = run(self.both(&[&words[..], &["--route", "random"]].concat())).await;
        assert_eq!(any.code, Some(11), "{any:?}");
        assert!(any.text().starts_with("new  ") || any.text().starts_with("old  "), "{any:?}");
    }

    async fn events(&self) {
        let words = ["UserEvent", "UserEvent=Both"];
        let tail = [&["tail", "--json", "--ready", "-n", "2"][..], &words].concat();
        let mut tail = start(self.both(&tail));
        let mut record = start(self.both(&["record", "both.ami", "--for", "1s"]));
        tail.tells("ready").await;
        record.tells("recording into both.").await;
        record.tells("recording into both.").await;
        self.user_events("Both").await;
        let tail = tail.end().await;
        assert_eq!(tail.code, Some(0), "{tail:?}");
        let mut servers: Vec<_> =
            tail.objects().iter().map(|it| it["server"].as_str().unwrap().to_owned()).collect();
        servers.sort_unstable();
        assert_eq!(servers, ["new", "old"]);

        let record = record.end().await;
        assert_eq!(record.code, Some(0), "{record:?}");
        for (server, version) in [("new", "11."), ("old", "5.")] {
            let file = self.contexts.folder().join(format!("both.{server}.ami"));
            let text = fs::read_to_string(file).unwrap();
            assert!(text.starts_with(&format!("Asterisk Call Manager/{version}")), "{text}");
            assert!(text.contains("UserEvent: Both"), "{text}");
        }
    }

    /// The events of both are in one stream, and the program ends with all of them there.
    async fn bridge(&self) {
        let nats = nats::boot().await;
        let address = nats.address().to_string();
        let mut seen = Nats::subscribe(&address, "", "ami.ev.*.user.UserEvent").await;
        let words = ["bridge", "--nats", &nats.url(), "--json", "--allow", "Ping"];
        let mut bridge = Printing::start(self.both(&words));
        let state = |server: &str, it: &Value| it["server"] == server && it["state"] == "up";
        let told = bridge.objects(|it| it["role"] == "leader").await;
        for server in ["new", "old"] {
            assert!(told.iter().any(|it| state(server, it)), "{server}: {told:?}");
        }
        assert!(told.iter().all(|it| it["v"] == 1 && it["at"].is_string()), "{told:?}");

        self.user_events("Bridged").await;
        let mut origins = Vec::new();
        for _ in 0..2 {
            let (subject, body) = seen.next().await;
            let body: Value = serde_json::from_slice(&body).unwrap();
            let origin = body["origin"].as_str().unwrap().to_owned();
            assert_eq!(subject, format!("ami.ev.{origin}.user.UserEvent"));
            assert_eq!(body["event"]["lines"][0], json!(["Event", "UserEvent"]), "{body}");
            origins.push(origin);
        }
        origins.sort();
        assert_eq!(origins, ["new", "old"]);
        let pong = Nats::ask(&address, "ami.do.old.Ping", "").await;
        assert_eq!(pong["outcome"], "answered", "{pong}");

        bridge.interrupt();
        let ended = bridge.objects(|it| it["role"] == "ended").await.pop().unwrap();
        assert_eq!((&ended["role"], &ended["left"]), (&json!("ended"), &json!(0)), "{ended}");
        assert!(ended["counts"]["published"].as_u64().unwrap() >= 4, "{ended}");
        assert_eq!(bridge.end().await.0, Some(0));
        nats::end(nats).await;
    }
}

/// Places a call that stays.
async fn call(client: &Client) {
    let call = ami::Originate::to_application("Local/answer@default", "Echo", "");
    client.originate(call).await.unwrap();
}
