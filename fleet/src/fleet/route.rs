//! The choice of a server for a call.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ami::action::CoreStatus;
use ami::{Error, State};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::Fleet;
use super::each::Bounded;
use crate::member::Member;
use crate::origin::Origin;

/// The longest wait for a server's own number of calls.
const ASK: Duration = Duration::from_secs(1);

/// The time for which a number that a server has told is used again.
const REUSE: Duration = Duration::from_millis(100);

/// The time within which a server's own numbers have to have a call that was routed to it.
const SETTLE: Duration = Duration::from_secs(5);

/// The choice of a server for a call.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Route<'a> {
    /// The server with the fewest calls: that of the fewest channels, which is what a server
    /// counts.
    ///
    /// The numbers are those of [`Fleet::live`] where its state is current. Other servers are asked
    /// (`CoreStatus`, write class `system` or `reporting`); one that does not answer within a
    /// second is not chosen. A choice counts as a call for five seconds, or until the server's
    /// own number has it, so that many calls at once are spread. Of equal ones, the server that was
    /// not chosen for the longest time.
    LeastCalls,
    /// The server that was not chosen for the longest time.
    RoundRobin,
    /// The one of those that the predicate admits that was not chosen for the longest time.
    Where(&'a (dyn Fn(&Member) -> bool + Sync)),
}

impl fmt::Debug for Route<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeastCalls => "LeastCalls",
            Self::RoundRobin => "RoundRobin",
            Self::Where(_) => "Where",
        })
    }
}

/// The error of a [route](Fleet::route) for which there is no server. The text says of each server
/// why it was not chosen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NoneUp {
    /// The servers of the fleet, in the order of their names, each with the reason.
    pub servers: Vec<(Origin, Unfit)>,
}

/// The reason why a server was not chosen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Unfit {
    /// The client is not up.
    NotUp(State),
    /// The predicate of [`Route::Where`] does not admit it.
    NotAdmitted,
    /// The server is up, but did not tell how many calls it has.
    Uncounted(Error),
    /// The server is up, but its answer has no number of calls.
    NoNumber,
}

impl fmt::Display for NoneUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.servers.is_empty() {
            return f.write_str("no server is up: the fleet has none");
        }
        for (index, (origin, unfit)) in self.servers.iter().enumerate() {
            let begin = if index == 0 { "no server is up: " } else { "; " };
            write!(f, "{begin}{origin} is ")?;
            fmt::Display::fmt(unfit, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for NoneUp {}

/// Writes the reason; `{:#}` also the causes of an error.
impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUp(state) => fmt::Display::fmt(state, f),
            Self::NotAdmitted => f.write_str("up, but not admitted"),
            Self::Uncounted(error) => {
                f.write_str("up, but its calls are not known: ")?;
                fmt::Display::fmt(error, f)
            }
            Self::NoNumber => f.write_str("up, but told no number of calls"),
        }
    }
}

/// The knowledge of how many channels servers have, of one who follows them.
pub(crate) trait Figures: Send + Sync {
    /// Returns the number of channels of a server, if it is known.
    fn channels(&self, member: &Member) -> Option<u64>;
}

/// The choices that were made, and the numbers that they are made by.
#[derive(Default)]
pub(crate) struct Router {
    choices: Mutex<Choices>,
    figures: Mutex<Vec<Weak<dyn Figures>>>,
    /// The numbers that servers have told, and when. Who asks holds the lock, so that many calls
    /// at once ask once.
    told: tokio::sync::Mutex<Option<Told>>,
}

/// The numbers of channels of servers, or the reasons why they are not known.
type Numbers = HashMap<Origin, Result<u64, Unfit>>;

struct Told {
    at: Instant,
    numbers: Numbers,
}

#[derive(Default)]
struct Choices {
    /// The number of choices.
    made: u64,
    servers: HashMap<Origin, Chosen>,
}

/// The choices of one server.
#[derive(Default)]
struct Chosen {
    /// The number of its last choice.
    last: u64,
    /// The choices by number that the server's own number may not have yet: the time of each, and
    /// the number by which it was made.
    recent: VecDeque<(Instant, u64)>,
}

impl Chosen {
    /// Returns the number of channels that the server has when all choices have become calls.
    fn expected(&mut self, number: u64, now: Instant) -> u64 {
        while self.recent.front().is_some_and(|(at, _)| now.duration_since(*at) >= SETTLE) {
            self.recent.pop_front();
        }
        // What has come since the oldest of these choices is taken to be these calls.
        let before = self.recent.front().map_or(0, |&(_, number)| number);
        number.max(before + self.recent.len() as u64)
    }
}

/// The servers of a fleet, each with the number by which it is chosen, or the reason why it is not.
type Candidates = Vec<(Member, Result<u64, Unfit>)>;

impl Choices {
    /// Chooses the server with the smallest number; of several, the one that was not chosen for the
    /// longest time.
    fn least(&mut self, servers: &Candidates) -> Option<Member> {
        let now = Instant::now();
        let fit = servers.iter().filter_map(|(it, number)| Some((it, *number.as_ref().ok()?)));
        let ranked = fit.map(|(member, number)| {
            let chosen = self.of(member);
            (chosen.expected(number, now), chosen.last, member, number)
        });
        // The first of equal ones, in the order of names.
        let (_, _, member, number) = ranked.min_by_key(|it| (it.0, it.1))?;
        self.of(member).recent.push_back((now, number));
        Some(self.chosen(member))
    }

    /// Chooses the server that was not chosen for the longest time.
    fn next(&mut self, servers: &Candidates) -> Option<Member> {
        let fit = servers.iter().filter(|(_, number)| number.is_ok());
        let (member, _) = fit.min_by_key(|(member, _)| self.of(member).last)?;
        Some(self.chosen(member))
    }

    fn of(&mut self, member: &Member) -> &mut Chosen {
        self.servers.entry(member.origin().clone()).or_default()
    }

    fn chosen(&mut self, member: &Member) -> Member {
        self.made += 1;
        self.of(member).last = self.made;
        member.clone()
    }
}

impl Router {
    /// Adds one who follows servers.
    pub(crate) fn add_figures(&self, figures: &Arc<dyn Figures>) {
        let mut all = lock(&self.figures);
        all.retain(|figures| figures.strong_count() > 0);
        all.push(Arc::downgrade(figures));
    }

    /// Returns the number of channels of a server, if somebody follows it.
    fn followed(&self, member: &Member) -> Option<u64> {
        let all: Vec<_> = lock(&self.figures).iter().filter_map(Weak::upgrade).collect();
        all.iter().find_map(|figures| figures.channels(member))
    }

    /// Finds out how many channels the servers have that are up.
    async fn count(&self, servers: &mut Candidates) {
        let mut unknown = Vec::new();
        for (member, number) in servers.iter_mut().filter(|(_, number)| number.is_ok()) {
            match self.followed(member) {
                Some(channels) => *number = Ok(channels),
                None => unknown.push(member.clone()),
            }
        }
        let mut told = self.ask(&unknown).await;
        for (member, number) in servers {
            if let Some(told) = told.remove(member.origin()) {
                *number = told;
            }
        }
    }

    /// Returns the numbers of channels of servers that nobody follows.
    async fn ask(&self, members: &[Member]) -> Numbers {
        if members.is_empty() {
            return Numbers::new();
        }
        let mut told = self.told.lock().await;
        let is_told = |told: &Told| {
            told.at.elapsed() < REUSE
                && members.iter().all(|member| told.numbers.contains_key(member.origin()))
        };
        if let Some(told) = told.as_ref().filter(|told| is_told(told)) {
            return told.numbers.clone();
        }
        let numbers = members.iter().map(async |member| {
            let answer = member.client().call(CoreStatus::new()).within(ASK).await;
            let number = answer.map_err(Unfit::Uncounted).and_then(|answer| {
                let number = answer.text("CoreCurrentCalls").and_then(|it| it.parse().ok());
                number.ok_or(Unfit::NoNumber)
            });
            (member.origin().clone(), number)
        });
        let numbers: Numbers = join_all(numbers).await.into_iter().collect();
        *told = Some(Told { at: Instant::now(), numbers: numbers.clone() });
        numbers
    }
}

impl Fleet {
    /// Chooses a server that is up.
    ///
    /// ```no_run
    /// # async fn example(fleet: fleet::Fleet) -> Result<(), Box<dyn std::error::Error>> {
    /// use fleet::Route;
    /// use fleet::ami::Originate;
    ///
    /// let server = fleet.route(Route::LeastCalls).await?;
    /// let call = Originate::to_application("PJSIP/alice", "Playback", "hello");
    /// server.client().originate(call).await?;
    /// println!("alice was called by {}", server.origin());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The server can go down at any moment. A call that was never sent can go to another one:
    ///
    /// ```no_run
    /// # async fn example(fleet: fleet::Fleet) -> Result<(), Box<dyn std::error::Error>> {
    /// use fleet::Route;
    /// use fleet::ami::Originate;
    ///
    /// let call = Originate::to_application("PJSIP/alice", "Playback", "hello");
    /// let mut tried = Vec::new();
    /// loop {
    ///     let server = fleet.route(Route::Where(&|it| !tried.contains(it.origin()))).await?;
    ///     match server.client().originate(call.clone()).await {
    ///         Err(error) if !error.may_have_been_executed() => {
    ///             tried.push(server.origin().clone());
    ///         }
    ///         result => break drop(result?),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if no server is up and fit, with the reason of each.
    pub async fn route(&self, route: Route<'_>) -> Result<Member, NoneUp> {
        let candidate = |member: Member| {
            let state = member.client().state().borrow().clone();
            let number = match route {
                _ if !state.is_up() => Err(Unfit::NotUp(state)),
                Route::Where(admits) if !admits(&member) => Err(Unfit::NotAdmitted),
                _ => Ok(0),
            };
            (member, number)
        };
        let mut servers: Candidates = self.servers().into_iter().map(candidate).collect();
        let router = self.router();
        let is_by_number = matches!(route, Route::LeastCalls);
        if is_by_number {
            router.count(&mut servers).await;
        }
        let mut choices = lock(&router.choices);
        choices.servers.retain(|name, _| servers.iter().any(|(it, _)| it.origin() == name));
        let chosen = if is_by_number { choices.least(&servers) } else { choices.next(&servers) };
        chosen.ok_or_else(|| {
            let unfit =
                |(it, number): (Member, _)| Some((it.origin().clone(), Result::err(number)?));
            NoneUp { servers: servers.into_iter().filter_map(unfit).collect() }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> impl Fn(Instant) -> Instant {
        move |begin| begin + Duration::from_secs(seconds)
    }

    /// Chooses by a number.
    fn choose(chosen: &mut Chosen, number: u64, now: Instant) -> u64 {
        let expected = chosen.expected(number, now);
        chosen.recent.push_back((now, number));
        expected
    }

    #[test]
    fn a_choice_counts_until_the_number_of_the_server_has_it_or_its_time_is_over() {
        let begin = Instant::now();
        let mut chosen = Chosen::default();
        for expected in [10, 11, 12] {
            assert_eq!(choose(&mut chosen, 10, begin), expected);
        }
        assert_eq!(chosen.expected(10, begin), 13);
        // Two of the three have become calls, then all, then two calls of others come.
        for (number, expected) in [(12, 13), (13, 13), (15, 15)] {
            assert_eq!(chosen.expected(number, begin), expected);
        }
        // All have ended.
        assert_eq!(chosen.expected(8, at(4)(begin)), 13);
        assert_eq!(choose(&mut chosen, 8, at(4)(begin)), 13);
        assert_eq!(chosen.expected(8, at(5)(begin)), 9, "the latest one alone");
        assert_eq!(chosen.expected(8, at(9)(begin)), 8);
        assert!(chosen.recent.is_empty());
    }

    #[test]
    fn the_text_says_of_each_server_why_it_was_not_chosen() {
        let refused = Error::NotBooted(Duration::from_secs(3));
        let mut none = NoneUp { servers: Vec::new() };
        assert_eq!(none.to_string(), "no server is up: the fleet has none");
        for (name, unfit) in [
            ("a", Unfit::NotUp(State::Connecting)),
            ("b", Unfit::NotAdmitted),
            ("c", Unfit::Uncounted(refused.clone())),
            ("d", Unfit::NotUp(State::Down(refused))),
            ("e", Unfit::NoNumber),
        ] {
            none.servers.push((Origin::new(name).unwrap(), unfit));
        }
        assert_eq!(
            none.to_string(),
            "no server is up: a is connecting; b is up, but not admitted; c is up, but its calls \
             are not known: the server did not say within 3s that it is fully booted; d is \
             down: the server did not say within 3s that it is fully booted; e is up, but told \
             no number of calls"
        );
    }
}
