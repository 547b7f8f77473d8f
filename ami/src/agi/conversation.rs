//! FastAGI: the task that writes commands and reads replies. One command is executed at a time: a
//! server that gets another one in the middle of a sound stops the sound and never replies to the
//! first (`ast_waitstream_full` in `res/res_agi.c`).

use std::io;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};

use super::error::AgiError;
use super::framing::{MAX_REPLY, Said, take};
use super::reply::Reply;

/// Something that a session wants done.
pub(super) enum Order {
    /// A command with its line end.
    Command(String, oneshot::Sender<Result<Reply, AgiError>>),
    /// The end of AGI.
    End(oneshot::Sender<Result<(), AgiError>>),
}

/// The state of a session.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// `true` once the server has told that the channel was hung up.
    pub(super) hung_up: bool,
    /// The reason for which no command is executed any more.
    pub(super) over: Option<AgiError>,
}

impl Fate {
    /// Returns `true` if the channel was hung up or no command is executed any more.
    pub(super) fn is_over(&self) -> bool {
        self.hung_up || self.over.is_some()
    }

    /// Returns the reason for which a session is over.
    pub(super) fn end(&self) -> AgiError {
        let left = if self.hung_up { AgiError::HungUp } else { AgiError::Ended };
        self.over.clone().unwrap_or(left)
    }
}

/// The connection of a session.
pub(super) struct Conversation {
    io: TcpStream,
    input: BytesMut,
    orders: mpsc::UnboundedReceiver<Order>,
    fate: watch::Sender<Fate>,
}

impl Conversation {
    pub(super) fn new(
        io: TcpStream,
        input: BytesMut,
        orders: mpsc::UnboundedReceiver<Order>,
        fate: watch::Sender<Fate>,
    ) -> Self {
        Self { io, input, orders, fate }
    }

    /// Executes orders until the session is over, which all later ones are told.
    pub(super) async fn run(mut self) {
        let Err(over) = self.talk().await else { return };
        self.fate.send_modify(|fate| fate.over = Some(over.clone()));
        self.orders.close();
        // Those that wait still can be told the reason at once.
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Command(_, done) => drop(done.send(Err(over.clone()))),
                Order::End(done) => drop(done.send(Err(over.clone()))),
            }
        }
    }

    /// Executes orders. Returns an error when the session is over, and `Ok` if nobody has it any
    /// more.
    async fn talk(&mut self) -> Result<(), AgiError> {
        loop {
            let order = tokio::select! {
                biased;
                // A hang-up that has come is known before the next command is sent.
                over = unasked(&mut self.io, &mut self.input, &self.fate) => return Err(over),
                order = self.orders.recv() => order,
            };
            match order {
                None => return Ok(()),
                // Nobody waits for it any more, and it was not begun.
                Some(Order::Command(_, done)) if done.is_closed() => {}
                Some(Order::Command(line, done)) => {
                    let reply = self.execute(&line).await;
                    let over = reply.as_ref().err().cloned();
                    // Whoever has given the command up does not want the reply.
                    let _ = done.send(reply);
                    if let Some(over) = over {
                        return Err(over);
                    }
                }
                Some(Order::End(done)) if done.is_closed() => {}
                Some(Order::End(done)) => {
                    let ended = self.end().await;
                    let over = self.fate.borrow().end();
                    let _ = done.send(ended);
                    return Err(over);
                }
            }
        }
    }

    /// Writes a command, and reads its reply.
    async fn execute(&mut self, line: &str) -> Result<Reply, AgiError> {
        if let Err(error) = self.io.write_all(line.as_bytes()).await {
            return Err(self.last_words(error));
        }
        loop {
            match take(&mut self.input, true) {
                Some(Said::HangUp) => self.fate.send_modify(|fate| fate.hung_up = true),
                Some(Said::Reply(reply)) => return Ok(reply),
                Some(Said::Garbage(garbage)) => return Err(AgiError::Unreadable(garbage)),
                None => read(&mut self.io, &mut self.input, &self.fate).await?,
            }
        }
    }

    /// Returns the reason why a command cannot be written: the server has told a hang-up and closed
    /// the connection, or something has failed.
    fn last_words(&mut self, error: io::Error) -> AgiError {
        while let Ok(1..) = self.io.try_read_buf(&mut self.input) {}
        while let Some(Said::HangUp) = take(&mut self.input, false) {
            self.fate.send_modify(|fate| fate.hung_up = true);
        }
        if self.fate.borrow().hung_up { AgiError::HungUp } else { error.into() }
    }

    /// Closes this end of the connection, and waits until the server has left AGI.
    async fn end(&mut self) -> Result<(), AgiError> {
        self.io.shutdown().await?;
        loop {
            // At its end, the server tells a hang-up also where there was none.
            self.input.clear();
            match self.io.read_buf(&mut self.input).await {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
                read => read?,
            };
        }
    }
}

/// Waits for what the server says without a command: a hang-up, which is noted, and the end.
async fn unasked(io: &mut TcpStream, input: &mut BytesMut, fate: &watch::Sender<Fate>) -> AgiError {
    loop {
        match take(input, false) {
            Some(Said::HangUp) => fate.send_modify(|fate| fate.hung_up = true),
            Some(Said::Reply(garbage) | Said::Garbage(garbage)) => {
                return AgiError::Unreadable(garbage);
            }
            None => {
                if let Err(over) = read(io, input, fate).await {
                    return over;
                }
            }
        }
    }
}

/// Reads what comes next, and all that has come with it: where a reply ends can only be told of the
/// whole of what the server has written. Cancel safe.
async fn read(
    io: &mut TcpStream,
    input: &mut BytesMut,
    fate: &watch::Sender<Fate>,
) -> Result<(), AgiError> {
    input.reserve(1024);
    match io.read_buf(input).await {
        Ok(0) => Err(fate.borrow().end()),
        Ok(_) => {
            // The next read tells the end of the connection.
            while input.len() <= MAX_REPLY && matches!(io.try_read_buf(input), Ok(1..)) {}
            Ok(())
        }
        Err(error) if fate.borrow().hung_up => {
            tracing::debug!(%error, "the connection of FastAGI failed after a hang-up");
            Err(AgiError::HungUp)
        }
        Err(error) => Err(error.into()),
    }
}
