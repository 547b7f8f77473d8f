//! Metrics of real servers with calls whose number and ends are known.

mod parser;

use std::time::Duration;

use ami::{Action, Client, Originate, Reconnect};
use instance::{Builder, Instance, Modules, Stop};
use live::metrics::Metrics;
use live::{Config, Live, State};
use tokio::time::timeout;

use self::parser::{Samples, read};
use crate::kit::PATIENCE;

const DIALPLAN: &str = "[callees]
exten => zoe,1,Answer()
 same => n,Wait(600)
exten => ann,1,Answer()
 same => n,Wait(600)
exten => busy,1,Busy(1)
exten => silent,1,Ringing()
 same => n,Wait(600)
[callers]
exten => _[a-z]!,1,Dial(Local/${EXTEN}@callees/n,1)
exten => sales,1,Answer()
 same => n,Queue(sales)
exten => nobody,1,Answer()
 same => n,Queue(nobody)
exten => brief,1,Answer()
 same => n,Queue(nobody,,,,1)
 same => n,Wait(600)
";

/// The last name has what labels have to escape.
const QUEUES: &str = "[sales]
servicelevel=10
member => Local/ann@callees/n,0,Ann Arbor
member => Local/silent@callees/n,5,Silent
[nobody]
[a\"b\\c]
";

struct Stage {
    instance: Instance,
    client: Client,
    live: Live,
}

impl Stage {
    async fn boot(version: u32) -> Self {
        let modules =
            ["app_queue", "app_dial", "bridge_simple", "bridge_holding", "res_musiconhold"];
        let instance = Builder::new(instance::server(version).await.unwrap())
            .dialplan(DIALPLAN)
            .file("queues.conf", QUEUES)
            .modules(Modules::list(modules))
            .boot()
            .await
            .unwrap();
        let wait = Reconnect::default().wait(Duration::from_millis(1), Duration::from_millis(50));
        let login = ami::Config::new("user", "mysecret").reconnect(wait);
        let client = login.connect(&*instance.ami_address()).await.unwrap();
        let live = Live::start_with(&client, Config::new().history(9));
        let stage = Self { instance, client, live };
        let samples = stage.samples();
        assert_eq!(samples["asterisk_state_stale"], 1.0);
        assert_eq!(samples["asterisk_state_unknown{part=\"channels\"}"], 1.0);
        assert!(!samples.contains_key("asterisk_bridges"), "no number that is not known");
        stage.live.current().await.unwrap();
        stage
    }

    fn samples(&self) -> Samples {
        let text = Metrics::new(&self.live.state(), &self.client.stats()).to_string();
        // A value may have any digits.
        let labels: String =
            text.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect();
        for private in ["Zoe", "4711", "Arbor", "Local/", "@"] {
            assert!(!labels.contains(private), "{private} in {text}");
        }
        read(&text)
    }

    /// Waits until samples have these values.
    async fn until(&self, wanted: &[(&str, f64)]) -> Samples {
        let has = |state: &State| {
            let samples = read(&Metrics::new(state, &self.client.stats()).to_string());
            wanted.iter().all(|(name, value)| value_of(&samples, name) == *value)
        };
        if timeout(PATIENCE, self.live.until(has)).await.is_err() {
            let samples = self.samples();
            let is: Vec<_> = wanted.iter().map(|(name, _)| value_of(&samples, name)).collect();
            panic!("not {wanted:?} but {is:?} of {:#?}", self.live.history());
        }
        self.samples()
    }

    /// Lets somebody call an extension.
    async fn call(&self, exten: &str) {
        let call = Originate::to_extension("Local/zoe@callees/n", "callers", exten, 1);
        let call = call.caller_id("Zoe <4711>");
        let _ = self.client.originate(call).await;
    }

    async fn hang_up_all(&self) {
        self.instance.ami().command("channel request hangup all").await.unwrap();
        self.live.until(|it| it.channels().is_ok_and(live::Table::is_empty)).await.unwrap();
    }
}

/// Returns the value of a sample. A gauge of states that no entity has is not written.
fn value_of(samples: &Samples, name: &str) -> f64 {
    samples.get(name).copied().unwrap_or_default()
}

#[tokio::test]
async fn metrics_of_22() {
    metrics(22).await;
}

#[tokio::test]
async fn metrics_of_16() {
    metrics(16).await;
}

async fn metrics(version: u32) {
    let stage = Stage::boot(version).await;
    calls(&stage).await;
    queues(&stage).await;
    restart(stage).await;
}

/// One call is answered, one is busy, and one is not answered.
async fn calls(stage: &Stage) {
    stage.call("ann").await;
    stage
        .until(&[
            ("asterisk_calls{state=\"answered\"}", 1.0),
            ("asterisk_channels{technology=\"Local\",state=\"up\"}", 4.0),
            ("asterisk_bridges", 1.0),
            ("asterisk_ended_calls_total{outcome=\"answered\"}", 0.0),
        ])
        .await;
    stage.hang_up_all().await;
    for exten in ["busy", "silent"] {
        stage.call(exten).await;
    }
    stage
        .until(&[
            ("asterisk_ended_calls_total{outcome=\"answered\"}", 1.0),
            ("asterisk_ended_calls_total{outcome=\"busy\"}", 1.0),
            ("asterisk_ended_calls_total{outcome=\"no_answer\"}", 1.0),
            ("asterisk_ended_calls_total{outcome=\"failed\"}", 0.0),
            ("asterisk_call_duration_seconds_count", 3.0),
            ("asterisk_call_talk_seconds_count", 1.0),
            ("asterisk_channels{technology=\"Local\",state=\"up\"}", 0.0),
        ])
        .await;
}

/// A member answers one caller, one gives up, and one waits for too long.
async fn queues(stage: &Stage) {
    stage.call("sales").await;
    stage
        .until(&[
            ("asterisk_queue_members_in_call{queue=\"sales\"}", 1.0),
            ("asterisk_queue_callers{queue=\"sales\"}", 0.0),
        ])
        .await;
    stage.hang_up_all().await;
    stage.call("nobody").await;
    stage.until(&[("asterisk_queue_callers{queue=\"nobody\"}", 1.0)]).await;
    stage.hang_up_all().await;
    stage.call("brief").await;
    let waits = |queue, result| {
        format!("asterisk_queue_wait_seconds_count{{queue=\"{queue}\",result=\"{result}\"}}")
    };
    stage.until(&[(&waits("nobody", "timed_out"), 1.0)]).await;
    stage.hang_up_all().await;
    stage
        .until(&[
            (&waits("sales", "answered"), 1.0),
            (&waits("sales", "abandoned"), 0.0),
            (&waits("nobody", "abandoned"), 1.0),
            (&waits("nobody", "timed_out"), 1.0),
            (&waits(r#"a\"b\\c"#, "answered"), 0.0),
            ("asterisk_queue_answered_in_service_level_total{queue=\"sales\"}", 1.0),
            ("asterisk_queue_talk_seconds_count{queue=\"sales\"}", 1.0),
            ("asterisk_queue_members{queue=\"sales\",state=\"not_inuse\"}", 2.0),
        ])
        .await;
    let action = Action::new("QueuePause").field("Interface", "Local/silent@callees/n");
    stage.client.call(action.field("Paused", "true")).await.unwrap();
    stage.until(&[("asterisk_queue_members_paused{queue=\"sales\"}", 1.0)]).await;
}

/// A server that restarts tells of the end of its calls. All counts go on behind that.
async fn restart(stage: Stage) {
    stage.call("nobody").await;
    let before = stage.until(&[("asterisk_queue_callers{queue=\"nobody\"}", 1.0)]).await;
    stage.instance.restart().await.unwrap();
    let after = stage
        .until(&[
            ("asterisk_state_resynchronisations_total", 1.0),
            ("asterisk_ami_reconnects_total", 1.0),
            ("asterisk_ami_connected", 1.0),
            ("asterisk_state_stale", 0.0),
            ("asterisk_queue_callers{queue=\"nobody\"}", 0.0),
            ("asterisk_queue_wait_seconds_count{queue=\"nobody\",result=\"abandoned\"}", 2.0),
        ])
        .await;
    let counts = ["_total", "_bucket", "_count", "_sum"];
    let counters = before.iter().filter(|(name, _)| {
        let name = name.split('{').next().unwrap_or_default();
        counts.iter().any(|it| name.ends_with(it))
    });
    for (name, value) in counters {
        assert!(after[name] >= *value, "{name} went back from {value} to {}", after[name]);
    }
    stage.instance.shut_down(Stop::Now).await;
    stage.until(&[("asterisk_ami_connected", 0.0), ("asterisk_state_stale", 1.0)]).await;
    assert!(stage.samples().contains_key("asterisk_state_stale_since_timestamp_seconds"));
}
