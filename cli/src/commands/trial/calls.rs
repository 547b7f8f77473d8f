//! The calls that come and go.

use std::convert::Infallible;
use std::time::Duration;

use ami::{Action, Client, Matcher};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use self::From::{Inside, Outside};
use super::pbx::Pbx;

/// The longest wait for a first call, without which there would be little to see.
const FIRST: Duration = Duration::from_secs(3);

/// A person who calls.
#[derive(Clone, Copy, Debug)]
enum From {
    /// A telephone of the PBX.
    Inside(&'static str),
    /// The next one of the people outside.
    Outside,
}
/// A call.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// The seconds behind the beginning of the scene.
    after: u64,
    from: From,
    to: &'static str,
    /// The seconds after which the caller hangs up once the call is answered.
    stays: u32,
}

const fn call(after: u64, from: From, to: &'static str, stays: u32) -> Call {
    Call { after, from, to, stays }
}

/// The scenes, in turn. The first scenes begin at once, so that there is something to see.
const SCENES: &[&[Call]] = &[
    // A conference.
    &[
        call(0, Inside("bob"), "800", 45),
        call(1, Outside, "800", 60),
        call(3, Inside("carol"), "800", 35),
    ],
    // A queue with two agents and three callers.
    &[call(0, Outside, "200", 60), call(1, Outside, "200", 40), call(2, Outside, "200", 50)],
    // A transfer by the reception.
    &[call(0, Outside, "101", 60)],
    // A plain call.
    &[call(0, Inside("bob"), "103", 20)],
    // Busy.
    &[call(0, Inside("carol"), "107", 10)],
    // Parked, and taken by another person.
    &[call(0, Outside, "106", 60), call(12, Inside("bob"), "770", 15)],
    // No answer.
    &[call(0, Outside, "108", 10)],
    // A caller who may give up in the queue.
    &[call(0, Outside, "200", 12)],
    // Out of the house.
    &[call(0, Inside("grace"), "+442079460958", 25)],
    // The transfer of another call.
    &[call(0, Outside, "101", 45)],
    // A telephone that is unplugged.
    &[call(0, Inside("carol"), "109", 10)],
    &[call(0, Outside, "103", 30)],
];

/// The number of scenes that begin at once.
const AT_ONCE: usize = 3;

/// People outside. The numbers are those that are set aside for films.
const PEOPLE: [(&str, &str); 9] = [
    ("Ines Novak", "+442079460123"),
    ("Tom Okafor", "+12025550143"),
    ("Jörg Müller", "+442079460871"),
    ("Priya Raman", "+12125550187"),
    ("Lucas Moreau", "+441614960442"),
    ("Mei Tanaka", "+13105550119"),
    ("Olga Petrova", "+442079460305"),
    ("Sam Carter", "+12025550176"),
    ("Zoe Dumont", "+441314960288"),
];

/// The rate at which calls begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// The time for each call.
    each: Duration,
}

impl Rate {
    pub(super) fn new(calls_a_minute: u32) -> Self {
        Self { each: Duration::from_secs(60) / calls_a_minute }
    }
}

/// The callers: what happens next, and the calls under way.
pub(super) struct Callers {
    telephones: Client,
    host: String,
    scenes: usize,
    people: usize,
    calls: JoinSet<()>,
}

impl Callers {
    pub(super) fn new(pbx: &Pbx) -> Self {
        let (telephones, host) = (pbx.telephones().clone(), pbx.host());
        Self { telephones, host, scenes: 0, people: 0, calls: JoinSet::new() }
    }

    /// Begins the first calls, and waits until one of them is up.
    pub(super) async fn begin(&mut self, pbx: &Pbx) {
        for _ in 0..AT_ONCE {
            self.scene();
        }
        // Calls that do not come are what a user sees.
        pbx.tells(Matcher::event("ConfbridgeJoin"), FIRST).await;
    }

    /// Begins calls at a rate.
    pub(super) async fn go_on(&mut self, rate: Rate) -> Infallible {
        let mut next = Instant::now() + rate.each;
        loop {
            sleep_until(next).await;
            next += rate.each * self.scene();
            // Calls that have ended are not kept.
            while self.calls.try_join_next().is_some() {}
        }
    }

    /// Begins the next scene, and returns the number of its calls.
    fn scene(&mut self) -> u32 {
        let scene = SCENES[self.scenes % SCENES.len()];
        self.scenes += 1;
        let mut count = 0;
        for call in scene {
            let action = self.originate(call);
            let (telephones, after) = (self.telephones.clone(), Duration::from_secs(call.after));
            self.calls.spawn(async move {
                sleep(after).await;
                // A call that fails is one that the PBX shows; a server that ended is told.
                let _ = telephones.call(action).await;
            });
            count += 1;
        }
        count
    }

    fn originate(&mut self, call: &Call) -> Action {
        let (endpoint, caller) = match call.from {
            // The PBX knows the telephone, and whose it is.
            Inside(telephone) => (telephone, None),
            Outside => {
                let (name, number) = PEOPLE[self.people % PEOPLE.len()];
                self.people += 1;
                ("outside", Some(format!("\"{name}\" <{number}>")))
            }
        };
        let channel = format!("PJSIP/{endpoint}/sip:{}@{}", call.to, self.host);
        let action = Action::new("Originate")
            .field("Channel", channel)
            .field("Context", "talk")
            .field("Exten", call.stays.to_string())
            .field("Priority", "1")
            .field("Timeout", "60000")
            .field("Async", "true");
        match caller {
            Some(caller) => action.field("CallerID", caller),
            None => action,
        }
    }
}
