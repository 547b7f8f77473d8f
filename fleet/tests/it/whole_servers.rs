//! The states of a fleet of real servers, of the versions 22 and 16, against their own lists.

use std::time::{Duration, Instant};

use ami::{Action, Originate, State};
use fleet::live::{StaleReason, Unknown};
use fleet::{Fleet, FleetLive, FleetState, Member, Origin, Route};
use instance::{Builder, Instance, Modules};
use tokio::process::Command;
use tokio::time::timeout;

use crate::core_kit::AGES;
use crate::whole_kit::{added, taken, taken_to, until};

const DIALPLAN: &str = "[default]\nexten => s,1,Answer()\n same => n,Wait(600)\n";

/// The time after which the server is asked again.
const LAG: Duration = Duration::from_millis(100);

struct Pbx {
    instance: Instance,
    member: Member,
}

impl Pbx {
    async fn boot(fleet: &Fleet, name: &str, version: u32) -> Self {
        let server = instance::server(version).await.unwrap();
        let instance = Builder::new(server)
            .dialplan(DIALPLAN)
            .modules(Modules::list(["pbx_config"]))
            .boot()
            .await
            .unwrap();
        let member = added(fleet, name, instance.ami_address()).await;
        Self { instance, member }
    }

    /// Places calls, each of the two channels of a Local channel.
    async fn call(&self, calls: usize) {
        let calls = (0..calls).map(|_| {
            let call = Originate::to_application("Local/s@default", "Wait", "600");
            tokio::spawn(self.member.client().originate(call))
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap().unwrap();
        }
    }

    async fn signal(&self, signal: &str) {
        let pid = self.instance.pid().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Returns what the server says of its channels and bridges.
    async fn told(&self) -> Vec<String> {
        let client = self.instance.ami();
        let text = |item: &ami::Event, name| item.text(name).unwrap_or_default().into_owned();
        let channels = client.list(Action::new("CoreShowChannels")).await.unwrap().items;
        let bridges = client.list(Action::new("BridgeList")).await.unwrap().items;
        let channels = channels.iter().filter(|it| it.is("CoreShowChannel")).map(|it| {
            let names = ["Uniqueid", "Linkedid", "Channel", "ChannelState", "BridgeId"];
            names.map(|name| text(it, name)).join(" ")
        });
        let bridges = bridges.iter().map(|it| text(it, "BridgeUniqueid"));
        sorted(channels.chain(bridges))
    }

    /// Waits until the state of the fleet says what the server says.
    async fn agree(&self, live: &FleetLive) {
        let begun = Instant::now();
        loop {
            let told = self.told().await;
            let agreed = live.until(|state| said(state, self.member.origin()) == told);
            if timeout(LAG, agreed).await.is_ok() {
                return;
            }
            let said = said(&live.state(), self.member.origin());
            assert!(begun.elapsed() < AGES, "{said:#?}, expected {told:#?}");
        }
    }

    async fn end(self) {
        self.instance.kill().await;
        self.instance.stop().await.unwrap();
    }
}

/// Returns a server's channels and bridges as the state has them.
fn said(state: &FleetState, origin: &Origin) -> Vec<String> {
    let channels = state.channels().known().filter(|(it, _)| *it == origin).map(|(_, it)| {
        let bridge = it.bridge.as_deref().unwrap_or_default();
        format!("{} {} {} {} {bridge}", it.id, it.call, it.name, it.state.number())
    });
    let bridges = state.bridges().known().filter(|(it, _)| *it == origin);
    sorted(channels.chain(bridges.map(|(_, it)| it.id.to_string())))
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    lines
}

/// Returns the number of channels of each server.
fn counts(state: &FleetState) -> Vec<(&str, Result<usize, Unknown>)> {
    let tables = state.channels().tables();
    tables.map(|(name, table)| (name.as_str(), table.map(|it| it.len()))).collect()
}

fn has(state: &FleetState, new: usize, old: usize) -> bool {
    let [("new", Ok(in_new)), ("old", Ok(in_old))] = counts(state)[..] else { return false };
    (in_new, in_old) == (new, old) && state.is_current()
}

async fn until_has(live: &FleetLive, new: usize, old: usize) -> FleetState {
    match timeout(AGES, live.until(|state| has(state, new, old))).await {
        Ok(state) => state.unwrap(),
        Err(_) => panic!("expected {new} and {old}: {:#?}", live.state()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_of_two_servers_is_known_as_they_know_themselves() {
    let fleet = Fleet::new();
    let (new, old) = tokio::join!(Pbx::boot(&fleet, "new", 22), Pbx::boot(&fleet, "old", 16));
    new.call(3).await;
    // Nobody follows them: they are asked.
    assert_eq!(fleet.route(Route::LeastCalls).await.unwrap().origin().as_str(), "old");
    let live = fleet.live();
    timeout(AGES, live.current()).await.unwrap().unwrap();
    let mut changes = live.changes();
    old.call(1).await;
    let state = until_has(&live, 6, 2).await;
    for pbx in [&new, &old] {
        pbx.agree(&live).await;
    }
    assert_eq!(state.calls().known().count(), 4);
    let told = taken(&mut changes);
    let begun: Vec<_> = told.iter().filter(|it| it.contains(" +")).collect();
    assert!(begun.len() == 2 && begun.iter().all(|it| it.starts_with("old +")), "{told:?}");
    assert_eq!(fleet.route(Route::LeastCalls).await.unwrap().origin().as_str(), "old");
    one_is_stopped(&fleet, &new).await;
    one_is_killed(&live, &new, &old).await;
    drop(live);
    tokio::join!(new.end(), old.end());
}

/// An action on each server ends in time, and says of the server that hangs that it may have been
/// executed.
async fn one_is_stopped(fleet: &Fleet, stopped: &Pbx) {
    stopped.signal("-STOP").await;
    let ping = || fleet.each(Action::new("Ping"), Duration::from_millis(200));
    let results = timeout(AGES, ping()).await.unwrap();
    let [(_, Err(hangs)), (other, Ok(_))] = &results[..] else { panic!("{results:?}") };
    assert!(hangs.is_timeout() && hangs.may_have_been_executed(), "{hangs:?}");
    assert_eq!(other.as_str(), "old");
    stopped.signal("-CONT").await;
    let results = timeout(AGES, fleet.each(Action::new("Ping"), AGES)).await.unwrap();
    assert!(results.iter().all(|(_, result)| result.is_ok()), "{results:?}");
}

/// A server that is killed under calls and restarted is right again, and the other one is not
/// touched by it.
async fn one_is_killed(live: &FleetLive, killed: &Pbx, other: &Pbx) {
    killed.call(22).await;
    until_has(live, 50, 2).await;
    let mut changes = live.changes();
    killed.instance.kill().await;
    until(&killed.member, |state| matches!(state, State::Down(_))).await;
    let down = live.until(|state| !state.is_current());
    let down = timeout(AGES, down).await.unwrap().unwrap();
    let stale: Vec<_> = down.stale().collect();
    let [(name, freshness)] = stale[..] else { panic!("{stale:?}") };
    assert_eq!(name.as_str(), "new");
    assert!(matches!(freshness.stale(), Some(StaleReason::Down(_))), "{freshness}");
    assert!(matches!(counts(&down)[..], [("new", Ok(50)), ("old", Ok(2))]), "what was known stays");
    killed.instance.restart().await.unwrap();
    until_has(live, 0, 2).await;
    let told = taken_to(&mut changes, "new current").await;
    let [lost, gap, ended @ .., _] = &told[..] else { panic!("{told:?}") };
    assert_eq!(lost, "new stale: the connection is lost");
    assert!(gap.starts_with("new stale: "), "{gap}");
    assert!(ended.len() == 50 && ended.iter().all(|it| it.starts_with("new *-")), "{told:?}");
    killed.call(2).await;
    until_has(live, 4, 2).await;
    for pbx in [killed, other] {
        pbx.agree(live).await;
    }
}
