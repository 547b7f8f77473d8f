//! The delay of a quiet server's events, alone and beside a loud server.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ami::{Action, Filter};
use fleet::{Fleet, What};

use crate::peer::serve;
use crate::{Ratio, config, median, on_two_threads, ratio};

/// The pauses of the quiet server and of the loud one, and the number of events that the loud one
/// sends after each.
const QUIET: Duration = Duration::from_millis(10);
const LOUD: Duration = Duration::from_millis(1);
const EVENTS: usize = 20;

/// The beginning of all times.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Serves events that say when they were sent, `count` after each pause, until the client goes.
fn server(pause: Duration, count: usize) -> SocketAddr {
    serve(move |client: &mut TcpStream| {
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        clock.block_on(async {
            let mut ticks = tokio::time::interval(pause);
            loop {
                ticks.tick().await;
                let sent = BEGIN.elapsed().as_nanos();
                let event = format!(
                    "Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Tick\r\nSent: {sent}\r\n\
                     Channel: PJSIP/alice-00000001\r\nUniqueid: 1700000000.1\r\n\r\n"
                );
                if client.write_all(event.repeat(count).as_bytes()).is_err() {
                    break;
                }
            }
        });
    })
}

/// The delays of the quiet server's events in seconds, and the number of the loud one's.
async fn delays(quiet: SocketAddr, loud: Option<SocketAddr>, time: Duration) -> (Vec<f64>, usize) {
    let fleet = Fleet::new();
    let mut events = fleet.subscribe(Filter::named(["UserEvent"]));
    for (name, address) in [("quiet", Some(quiet)), ("loud", loud)] {
        let Some(address) = address else { continue };
        let server = ami::Server::new(address.to_string(), config());
        let client = fleet.add(name, &server).unwrap().client().clone();
        client.ready().await.unwrap();
        // The server does not answer.
        tokio::spawn(async move { client.call(Action::new("Start")).await });
    }
    let reader = tokio::spawn(async move {
        let (begun, mut delays, mut others) = (Instant::now(), Vec::new(), 0);
        while begun.elapsed() < time {
            let item = events.next().await.unwrap();
            match item.what {
                What::Event(event) if item.origin.as_str() == "quiet" => {
                    let sent = event.utf8("Sent").unwrap().unwrap().parse().unwrap();
                    let delay = BEGIN.elapsed() - Duration::from_nanos(sent);
                    delays.push(delay.as_secs_f64());
                }
                What::Event(_) => others += 1,
                What::Up(_) => {}
                other => panic!("{other}"),
            }
        }
        (delays, others)
    });
    reader.await.unwrap()
}

pub(crate) fn measure(rounds: usize, time: Duration) -> Ratio {
    let (quiet, loud) = (server(QUIET, 1), server(LOUD, EVENTS));
    let runtime = on_two_threads();
    let mut medians = (Vec::new(), Vec::new());
    let (mut all, mut others) = ((Vec::new(), Vec::new()), 0);
    for _ in 0..rounds {
        let (alone, _) = runtime.block_on(delays(quiet, None, time));
        let (beside, loud) = runtime.block_on(delays(quiet, Some(loud), time));
        medians.0.push(median(alone.clone()));
        medians.1.push(median(beside.clone()));
        all.0.extend(alone);
        all.1.extend(beside);
        others += loud;
    }
    let rate = others as f64 / (time * u32::try_from(rounds).unwrap()).as_secs_f64();
    for (name, mut delays) in [("alone", all.0), ("beside a loud one", all.1)] {
        delays.sort_by(f64::total_cmp);
        let at = |part: usize| delays[delays.len() * part / 1000] * 1e6;
        println!(
            "quiet: {name:18} delay {:5.0} µs in the median, {:5.0} µs for 99 of 100, {} events",
            at(500),
            at(990),
            delays.len()
        );
    }
    println!("quiet: the loud one has sent {rate:.0} events a second");
    ("quiet-beside-loud/quiet-alone", ratio(&medians.1, &medians.0))
}
