//! The queues, as they are shown.

use std::time::{Duration, SystemTime};

use ami::value::DeviceState;
use live::{QueueMember, Since, State, Unknown};

use crate::out::escape;

/// A queue.
#[derive(Clone, Debug)]
pub(in super::super) struct Queue {
    pub(in super::super) name: String,
    pub(in super::super) strategy: String,
    /// The number of callers that wait.
    pub(in super::super) waiting: usize,
    /// The beginning of the longest wait.
    pub(in super::super) longest: Option<Since>,
    pub(in super::super) members: Members,
    /// The percentage of completed calls that were answered within a time, or `None` if no call is
    /// completed.
    pub(in super::super) service_level: Option<(f32, Duration)>,
    pub(in super::super) completed: u32,
    pub(in super::super) abandoned: u32,
    /// The average time until an answer.
    pub(in super::super) hold: Duration,
    /// The time at which the server told the service level and the averages.
    pub(in super::super) as_of: SystemTime,
}

/// The numbers of members of a queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in super::super) struct Members {
    pub(in super::super) available: usize,
    /// The members that are called, talk, or use their devices otherwise.
    pub(in super::super) busy: usize,
    pub(in super::super) paused: usize,
    /// The members whose devices cannot be reached.
    pub(in super::super) unreachable: usize,
}

/// Returns the queues in the order of their names.
pub(super) fn of(state: &State) -> Result<Vec<Queue>, Unknown> {
    Ok(state.queues()?.sorted().into_iter().map(|queue| shown(queue)).collect())
}

fn shown(queue: &live::Queue) -> Queue {
    let figures = &queue.figures;
    let mut members = Members::default();
    for member in queue.members.iter() {
        *members.count(member) += 1;
    }
    let level = (figures.service_level_perf, queue.service_level);
    Queue {
        name: escape(queue.name.as_bytes()),
        strategy: escape(queue.strategy.as_bytes()),
        waiting: queue.callers.len(),
        longest: queue.callers.iter().map(|it| it.since).min_by_key(|since| since.time()),
        members,
        service_level: Some(level).filter(|_| figures.completed > 0),
        completed: figures.completed,
        abandoned: figures.abandoned,
        hold: figures.hold_time,
        as_of: figures.as_of,
    }
}

impl Members {
    /// Returns the number that a member belongs to.
    fn count(&mut self, member: &QueueMember) -> &mut usize {
        match member.status {
            _ if member.pause.is_some() => &mut self.paused,
            _ if member.in_call || !member.calls.is_empty() => &mut self.busy,
            DeviceState::Invalid | DeviceState::Unavailable => &mut self.unreachable,
            // The queue calls a member whose device it knows no state of.
            DeviceState::NotInUse | DeviceState::Unknown => &mut self.available,
            _ => &mut self.busy,
        }
    }
}
