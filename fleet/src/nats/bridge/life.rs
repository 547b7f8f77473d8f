//! The life of a bridge: connecting, standing by, publishing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Role;
use super::board::Board;
use super::error::{BridgeError, fatal};
use super::lead::{Left, lead};
use super::report::Report;
use super::standby::Standby;
use crate::merge::Subscription;
use crate::nats::command::Responder;
use crate::nats::connect::Connection;
use crate::nats::lease::{Lead, Lease, LeaseError};
use crate::nats::stream::{Stream, StreamError, StreamSettings};
use crate::origin::Origin;

/// The shortest and the longest time between two attempts.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// The time between looks at servers that were added.
const LOOK: Duration = Duration::from_secs(1);

/// Fills the spools until the bridge is to stop, with what has come until then.
pub(super) async fn drain(board: Arc<Board>, mut events: Subscription) {
    let until = loop {
        let item = tokio::select! {
            biased;
            until = board.stopping() => break Some(until),
            item = events.next() => item,
        };
        let Some(item) = item else { break None };
        board.take(&item);
    };
    if let Some(until) = until {
        while let Some(Some(item)) = events.next().now_or_never() {
            board.take(&item);
            if Instant::now() >= until {
                break;
            }
        }
    }
    board.set_drained();
}

/// Connects, and plays one role after the other, until the bridge is to stop.
pub(super) async fn run(board: Arc<Board>) -> Result<(), BridgeError> {
    let Some(connection) = connect(&board).await? else { return Ok(()) };
    let ended = CancellationToken::new();
    let roles = async {
        let _ends = ended.clone().drop_guard();
        roles(&board, &connection).await
    };
    let (end, ()) = tokio::join!(roles, commands(&board, &connection, &ended));
    end
}

/// Connects to NATS. Returns `None` if the bridge is to stop.
async fn connect(board: &Arc<Board>) -> Result<Option<Connection>, BridgeError> {
    let mut wait = FIRST;
    loop {
        let opened = tokio::select! {
            biased;
            _ = board.stopping() => return Ok(None),
            opened = Connection::open(&board.config) => opened,
        };
        match opened {
            Ok(connection) => return Ok(Some(connection)),
            Err(error) => board.tell(&fatal(error)?, "NATS is retried"),
        }
        if board.stops_within(wait).await {
            return Ok(None);
        }
        wait = LONGEST.min(wait * 2);
    }
}

/// The connection, stream and buckets that a bridge uses.
struct Open {
    stream: Stream,
    lease: Lease,
    report: Report,
}

#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error(transparent)]
    Lease(#[from] LeaseError),
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Fatal(#[from] BridgeError),
}

async fn roles(board: &Arc<Board>, connection: &Connection) -> Result<(), BridgeError> {
    let mut is_new = true;
    loop {
        let Some(mut open) = open(board, connection, is_new).await? else { return Ok(()) };
        is_new = false;
        if let Err(error) = play(board, &mut open).await {
            board.tell(&error, "the stream is opened again");
            if board.stops_within(LONGEST).await {
                return Ok(());
            }
        } else {
            return Ok(());
        }
    }
}

/// Stands by and publishes in turn. Ends when the bridge is to stop.
async fn play(board: &Arc<Board>, open: &mut Open) -> Result<(), StreamError> {
    let Open { stream, lease, report } = open;
    let mut leave_until = None;
    loop {
        if !(Standby { board, stream, lease, leave_until }).run().await {
            return Ok(());
        }
        board.set_role(Role::Leader);
        let left = lead(board, stream, lease, report).await;
        tracing::info!(?left, "this bridge publishes no more");
        leave_until = match left? {
            Left::Stopped => return Ok(()),
            Left::Lost => None,
            Left::GaveOver => Some(Instant::now() + 2 * lease.time()),
        };
        board.set_role(Role::Standby);
    }
}

/// Opens the stream and the bucket of the leases. Returns `None` if the bridge is to stop.
async fn open(
    board: &Arc<Board>,
    connection: &Connection,
    is_new: bool,
) -> Result<Option<Open>, BridgeError> {
    let mut wait = FIRST;
    loop {
        let opened = tokio::select! {
            biased;
            _ = board.stopping() => return Ok(None),
            opened = try_open(board, connection, is_new) => opened,
        };
        match opened {
            Ok(open) => return Ok(Some(open)),
            Err(OpenError::Fatal(error)) => return Err(error),
            Err(OpenError::Stream(error))
                if !error.is_temporary() && !matches!(error, StreamError::Gone(_)) =>
            {
                return Err(BridgeError::of_stream(&board.config.stream, error));
            }
            Err(error) => board.tell(&error, "the stream is retried"),
        }
        if board.stops_within(wait).await {
            return Ok(None);
        }
        wait = LONGEST.min(wait * 2);
    }
}

async fn try_open(
    board: &Arc<Board>,
    connection: &Connection,
    is_new: bool,
) -> Result<Open, OpenError> {
    let config = &board.config;
    let mut lease =
        Lease::open(&connection.jetstream, &config.stream, config.lease, config.replicas).await?;
    // Before the stream gets our subjects.
    if is_new && let Lead::Theirs(holder) = lease.look(&board.holder()).await? {
        board.check_origins(&holder)?;
    }
    let settings = StreamSettings::of(config);
    let subjects = &board.writer.subjects;
    let stream = match Stream::open(connection, subjects, &settings, &board.origins()).await {
        // The server was added while the bridge runs, which goes on without it.
        Err(error @ StreamError::Overlap { .. }) if !is_new => {
            board.tell(&error, "a server cannot be added to the stream");
            Stream::open(connection, subjects, &settings, &[]).await?
        }
        opened => opened?,
    };
    let report = Report::new(connection, config.replicas);
    Ok(Open { stream, lease, report })
}

/// Answers actions that are sent over NATS, for all servers, until the bridge ends. If that is
/// because it is to stop, the actions in progress are answered within its limit.
async fn commands(board: &Arc<Board>, connection: &Connection, ended: &CancellationToken) {
    let responder = Responder::new(
        connection.client.clone(),
        board.writer.subjects.clone(),
        board.run().as_str(),
        board.commands.clone(),
    );
    let (mut serving, mut tasks) = (HashMap::<_, Origin>::new(), JoinSet::new());
    let (mut ticks, stop) = (interval(LOOK), CancellationToken::new());
    let until = loop {
        tokio::select! {
            biased;
            until = board.stopping() => break until,
            () = ended.cancelled() => return,
            _ = ticks.tick() => {}
        }
        board.set_commands(responder.sent());
        while let Some(ended) = tasks.try_join_next_with_id() {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            serving.remove(&id);
        }
        if board.commands.is_empty() {
            continue;
        }
        for member in board.fleet.servers() {
            let origin = member.origin().clone();
            if serving.values().all(|it| *it != origin) {
                let (responder, client) = (Arc::clone(&responder), member.client().clone());
                let serve = responder.serve(origin.clone(), client, stop.clone());
                serving.insert(tasks.spawn(serve).id(), origin);
            }
        }
    };
    stop.cancel();
    let answered = async { while tasks.join_next().await.is_some() {} };
    if timeout_at(until, answered).await.is_err() {
        tracing::warn!("actions in progress are left without a reply");
    }
    board.set_commands(responder.sent());
}
