//! The login: banner, challenge and answer.

use std::sync::Arc;

use bytes::BytesMut;
use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_util::codec::Decoder;

use crate::config::{Config, Login};
use crate::error::{Error, LoginError};
use crate::wire::{Action, Banner, Codec, EventMask, Frame, Malformed, Response};

/// A byte stream with its codec and the bytes that were read but not yet decoded.
#[derive(Debug)]
pub(crate) struct Link<T> {
    pub(crate) io: T,
    pub(crate) codec: Codec,
    pub(crate) buffer: BytesMut,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Link<T> {
    pub(crate) fn new(io: T, max_message: usize) -> Self {
        let codec = Codec::new().max_message(max_message);
        Self { io, codec, buffer: BytesMut::new() }
    }

    /// Waits for the banner and logs in. Bytes that the server sends after its last answer stay in
    /// the buffer.
    ///
    /// `events` is the event mask of the login. `id` is the ActionID of both actions.
    pub(crate) async fn log_in(
        &mut self,
        config: &Config,
        events: Option<&EventMask>,
        id: &str,
    ) -> Result<Banner, Error> {
        let banner = self.banner().await?;
        let login = match config.login {
            Login::Plain => config.login_action(("Secret", &config.secret.0), events),
            Login::Challenge => {
                let challenge = Action::new("Challenge").field("AuthType", "MD5");
                let response = self.ask(&challenge, id).await?;
                let challenge = response.get("Challenge").unwrap_or_default();
                config.login_action(("Key", &key(challenge, &config.secret.0)), events)
            }
        };
        self.ask(&login, id).await?;
        Ok(banner)
    }

    async fn banner(&mut self) -> Result<Banner, LoginError> {
        match self.frame().await? {
            Some(Frame::Banner(banner)) if banner.version().is_some() => Ok(banner),
            Some(Frame::Banner(banner)) => Err(not_ami(banner.line())),
            Some(Frame::Malformed(Malformed::Truncated(line))) if !line.is_empty() => {
                Err(not_ami(&line))
            }
            Some(frame) => Err(not_ami(format!("{frame:?}").as_bytes())),
            None => Err(LoginError::NoBanner),
        }
    }

    async fn ask(&mut self, action: &Action, id: &str) -> Result<Response, Error> {
        let mut bytes = BytesMut::new();
        action.encode(Some(id), &mut bytes)?;
        self.io.write_all(&bytes).await.map_err(io_error)?;
        self.io.flush().await.map_err(io_error)?;
        loop {
            let frame = self.frame().await?.map(|frame| response_behind(frame, id));
            match frame {
                Some(Frame::Response(response)) if response.is_success() => return Ok(response),
                Some(Frame::Response(response)) => {
                    return Err(LoginError::Refused(Box::new(response.detach())).into());
                }
                // The server has nothing else to say to a client that is not logged in.
                Some(frame) => tracing::warn!(?frame, "ignored, for it came before the login"),
                None => return Err(LoginError::Closed.into()),
            }
        }
    }

    async fn frame(&mut self) -> Result<Option<Frame>, LoginError> {
        loop {
            if let Some(frame) = self.codec.decode(&mut self.buffer).map_err(io_error)? {
                return Ok(Some(frame));
            }
            if self.io.read_buf(&mut self.buffer).await.map_err(io_error)? == 0 {
                return self.codec.decode_eof(&mut self.buffer).map_err(io_error);
            }
        }
    }
}

/// Turns a message that starts with the ActionID `id`, followed by `Response`, into a response.
/// Proxies send responses in that form.
fn response_behind(frame: Frame, id: &str) -> Frame {
    match frame {
        Frame::Other(message) if message.action_id() == Some(id.as_bytes()) => {
            let response = message.clone().into_response_behind_id();
            response.map_or(Frame::Other(message), |it| Frame::Response(Response::new(it)))
        }
        frame => frame,
    }
}

/// Returns the answer to a challenge: the lower-case hexadecimal MD5 digest of challenge and
/// secret.
fn key(challenge: &[u8], secret: &str) -> String {
    let digest = Md5::new().chain_update(challenge).chain_update(secret).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn not_ami(line: &[u8]) -> LoginError {
    let line = &line[..line.len().min(80)];
    LoginError::NotAmi(String::from_utf8_lossy(line).trim_end().to_owned())
}

fn io_error(error: std::io::Error) -> LoginError {
    LoginError::Io(Arc::new(error))
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_key_is_the_digest_of_challenge_and_secret() {
        // The output of `md5sum` for "840415273mysecret".
        assert_eq!(key(b"840415273", "mysecret"), "72ee2809cbf69e9bdb27bdd924cda8e3");
    }
}
