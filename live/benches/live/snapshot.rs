//! The time until a state of 2,000 channels is current, in units of the server's own answer.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ami::{Action, Client, EventClass, EventMask, Originate};
use instance::{Builder, Instance, Modules};
use live::{Config, Live, Part};

use crate::{Ratio, median, ratio};

/// The number of calls, each with the two halves of a Local channel.
const CALLS: usize = 1000;

const DIALPLAN: &str = "[default]\nexten => s,1,Answer()\n same => n,Wait(3600)\n";

pub(crate) fn measure(rounds: usize) -> Vec<Ratio> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let names = [(22, "snapshot/list"), (16, "snapshot/list-16")];
    let of = |(version, name)| (name, runtime.block_on(snapshot(version, rounds)));
    names.into_iter().map(of).collect()
}

async fn boot(version: u32) -> Instance {
    let server = instance::server(version).await.unwrap();
    // Each channel has files of its own.
    let builder = Builder::new(server).dialplan(DIALPLAN).option("maxfiles", "16384");
    builder.modules(Modules::list(["pbx_config"])).boot().await.unwrap()
}

async fn client(instance: &Instance) -> Client {
    let config = ami::Config::new("user", "mysecret").timeout(Duration::from_secs(120));
    config.connect(&*instance.ami_address()).await.unwrap()
}

async fn snapshot(version: u32, rounds: usize) -> f64 {
    let instance = boot(version).await;
    let calling =
        ami::Config::new("user", "mysecret").event_mask(EventMask::from(EventClass::Call));
    let calling = calling.timeout(Duration::from_secs(120));
    let calling = calling.connect(&*instance.ami_address()).await.unwrap();
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let calling = calling.clone();
            let call = Originate::to_application("Local/s@default/n", "Wait", "3600");
            tokio::spawn(async move { calling.originate(call).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let client = client(&instance).await;
    let (mut ours, mut theirs, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=rounds {
        let config = Config::new().parts([Part::Channels, Part::Bridges]);
        let part = current(&client, config).await;
        let list = list(&client).await;
        let all = current(&client, Config::new()).await;
        // The first round warms up.
        if round > 0 {
            ours.push(part);
            theirs.push(list);
            whole.push(all);
        }
    }
    for (what, times) in
        [("channels and bridges", &ours), ("all parts", &whole), ("the list of channels", &theirs)]
    {
        println!("snapshot: {version}: {what:22} {:6.1} ms", median(times.clone()) * 1000.0);
    }
    println!("snapshot: {version}: all parts in units of the list {:.3}", ratio(&whole, &theirs));
    instance.stop().await.unwrap();
    ratio(&ours, &theirs)
}

/// Returns the time until a state that begins now is current.
async fn current(client: &Client, config: Config) -> f64 {
    let begun = Instant::now();
    let live = Live::start_with(client, config);
    let state = live.current().await.unwrap();
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(state.channels().unwrap().len(), 2 * CALLS);
    took
}

/// Returns the time of the server's list.
async fn list(client: &Client) -> f64 {
    let begun = Instant::now();
    let list = client.list(Action::new("CoreShowChannels")).collect().await.unwrap();
    let took = begun.elapsed().as_secs_f64();
    // A channel that is changing can be listed twice.
    let ids: HashSet<_> = list.items.iter().map(|it| it.get("Uniqueid").unwrap()).collect();
    assert_eq!(ids.len(), 2 * CALLS);
    took
}
