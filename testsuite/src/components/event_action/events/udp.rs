//! `matcher_listener.Udp`: datagrams, such as the metrics of `res_statsd`.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::task::{Context, Poll};

use ami::Expression;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::task::AbortOnDropHandle;

use super::conditions::Conditions;
use super::{Event, Judging};
use crate::case::{Failure, Needs, Setting, TestCase};
use crate::components::cause::Cause;
use crate::files::{ConfigError, Section};
use crate::matching::refused;

/// The port of statsd.
const PORT: usize = 8125;

/// The datagrams that nobody wants, unless the section says otherwise: what a server in developer
/// mode tells of itself.
const FILTERS: [&str; 2] = ["stasis.message", "channels."];

/// The longest datagram.
const LONGEST: usize = 65_536;

/// Builds the event of its section.
pub(super) fn build(section: &Section) -> Result<Box<dyn Event>, ConfigError> {
    Ok(Box::new(Udp::read(section)?))
}

fn filter(section: &Section, expression: &str) -> Result<Expression, ConfigError> {
    Expression::at_start(expression).map_err(|error| refused(section.node(), error))
}

struct Udp {
    port: u16,
    filters: Vec<Expression>,
    conditions: Conditions,
    listener: Option<Listener>,
}

/// A socket, and the task that receives from it all the time: there is room for few datagrams in a
/// socket, and a server sends many while it boots.
struct Listener {
    socket: UdpSocket,
    received: UnboundedReceiver<String>,
    receiving: AbortOnDropHandle<()>,
}

/// The socket fails.
#[derive(Debug, thiserror::Error)]
#[error("UDP port {port} cannot be listened at")]
struct ListenError {
    port: u16,
    source: io::Error,
}

impl Udp {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let port = section.get("port").map_or(Ok(PORT), |node| node.expect_count("port"))?;
        let Ok(port) = u16::try_from(port) else {
            return Err(section.error(format!("{port} is no port")));
        };
        let filters = match section.part("filter", "filters have") {
            None => FILTERS.iter().map(|it| filter(section, it)).collect::<Result<_, _>>()?,
            Some(list) => {
                let filters = list.items("a filter has");
                let filters =
                    filters.iter().map(|it| filter(it, it.node().expect_text("a filter")?));
                filters.collect::<Result<_, _>>()?
            }
        };
        Ok(Self { port, filters, conditions: Conditions::read(section)?, listener: None })
    }

    /// Counts a datagram, unless it is one that nobody wants.
    fn take(&mut self, datagram: String, test: &TestCase) -> Option<Cause> {
        if self.filters.iter().any(|filter| filter.is_match(&datagram)) {
            return None;
        }
        let message = Value::String(datagram);
        let triggers = self.conditions.take(&message, test);
        triggers.then(|| Cause::with_fields(format!("the datagram {message}"), message))
    }
}

impl Event for Udp {
    fn needs(&self, needs: &mut Needs) {
        // Modules send metrics when they are unloaded.
        needs.unloading();
    }

    fn prepare(&mut self, _: &mut Setting) -> Result<(), Failure> {
        let port = self.port;
        let listener = Listener::bind(port).map_err(|source| ListenError { port, source })?;
        self.listener = Some(listener);
        Ok(())
    }

    fn poll_cause(&mut self, cx: &mut Context<'_>, test: &TestCase) -> Poll<Cause> {
        loop {
            let Some(listener) = &mut self.listener else { return Poll::Pending };
            let Poll::Ready(Some(datagram)) = listener.received.poll_recv(cx) else {
                return Poll::Pending;
            };
            if let Some(cause) = self.take(datagram, test) {
                return Poll::Ready(cause);
            }
        }
    }

    fn judge<'a>(&'a mut self, test: &'a TestCase) -> Judging<'a> {
        Box::pin(async move {
            if let Some(listener) = self.listener.take() {
                for datagram in listener.finish().await {
                    self.take(datagram, test);
                }
            }
            self.conditions.judge(test);
        })
    }
}

impl Listener {
    fn bind(port: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
        socket.set_nonblocking(true)?;
        let theirs = tokio::net::UdpSocket::from_std(socket.try_clone()?)?;
        let (sender, received) = unbounded_channel();
        let receiving = AbortOnDropHandle::new(tokio::spawn(receive(theirs, sender)));
        Ok(Self { socket, received, receiving })
    }

    /// Returns all datagrams that came and were not taken. No more can come from servers that have
    /// ended.
    async fn finish(mut self) -> Vec<String> {
        self.receiving.abort();
        // One that was aborted has no result.
        let _ = (&mut self.receiving).await;
        let mut all = Vec::new();
        while let Ok(datagram) = self.received.try_recv() {
            all.push(datagram);
        }
        let mut buffer = vec![0; LONGEST];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            all.push(text(&buffer[..length]));
        }
        all
    }
}

async fn receive(socket: tokio::net::UdpSocket, sender: UnboundedSender<String>) {
    let mut buffer = vec![0; LONGEST];
    loop {
        match socket.recv(&mut buffer).await {
            Ok(length) if sender.send(text(&buffer[..length])).is_err() => return,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "a datagram cannot be received"),
        }
    }
}

fn text(datagram: &[u8]) -> String {
    String::from_utf8_lossy(datagram).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};

    #[tokio::test]
    async fn all_datagrams_that_came_are_handed_out_before_the_end() {
        let listener = Listener::bind(0).unwrap();
        let address = (Ipv4Addr::LOCALHOST, listener.socket.local_addr().unwrap().port());
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let all: Vec<_> = (0..50).map(|number| format!("metric:{number}|g")).collect();
        for datagram in &all[..20] {
            sender.send_to(datagram.as_bytes(), address).unwrap();
        }
        // The task receives some of them.
        tokio::task::yield_now().await;
        for datagram in &all[20..] {
            sender.send_to(datagram.as_bytes(), address).unwrap();
        }
        assert_eq!(listener.finish().await, all);
    }

    #[tokio::test]
    async fn what_a_filter_matches_at_its_start_is_no_message() {
        for (filter, wanted, unwanted) in [
            ("", "a.stasis.message:1|c", "channels.count:1|g"),
            ("filter: 'a|b'", "stasis.message:1|c", "bc:1|g"),
            ("filter: [a, b]", "channels.count:1|g", "b:1|g"),
        ] {
            let yaml = format!("conditions: ['.*']\n{filter}");
            let alone = Alone::new(0).await;
            let mut event = Udp::read(&section(&yaml)).unwrap();
            assert!(event.take(unwanted.to_owned(), &alone.test).is_none(), "{yaml}");
            assert!(event.take(wanted.to_owned(), &alone.test).is_some(), "{yaml}");
        }
    }
}
