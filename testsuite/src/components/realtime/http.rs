//! The HTTP server of tables.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::tables::{Arguments, Tables};
use crate::case::TestCase;

/// The port that the configurations of tests name.
const PORT: u16 = 46_821;

/// The longest body of a request.
const LONGEST: usize = 1024 * 1024;

/// The port that cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("TCP port {PORT} cannot be listened at")]
pub(super) struct ListenError(#[from] io::Error);

/// Binds the port, and serves tables until the handle is dropped.
pub(super) fn serve(
    tables: Arc<Mutex<Tables>>,
    test: TestCase,
) -> Result<AbortOnDropHandle<()>, ListenError> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(connection(stream, Arc::clone(&tables), test.clone()));
                    }
                    Err(error) => tracing::warn!(%error, "a connection cannot be accepted"),
                },
                // Each says itself what went wrong.
                Some(_) = connections.join_next() => {}
            }
        }
    })))
}

async fn connection(stream: TcpStream, tables: Arc<Mutex<Tables>>, test: TestCase) {
    let service =
        service_fn(|request| async { Ok::<_, Infallible>(answer(request, &tables, &test).await) });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::warn!(%error, "a connection for realtime tables failed");
    }
}

async fn answer(
    request: Request<Incoming>,
    tables: &Mutex<Tables>,
    test: &TestCase,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LONGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let path = percent_decode_str(head.uri.path().trim_start_matches('/')).decode_utf8_lossy();
    let (table, operation) = path.split_once('/').unwrap_or((&path, ""));
    let arguments = Arguments { query: head.uri.query().unwrap_or_default(), body: &body };
    let answered = {
        let mut tables = tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.answer(table, operation, arguments)
    };
    match answered {
        Ok(text) => Response::new(Full::from(text)),
        Err(unknown) => {
            test.note(format!("a server asked for /{path} over HTTP: {unknown}"));
            refuse(StatusCode::NOT_FOUND, &unknown.to_string())
        }
    }
}

fn refuse(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(why.to_owned()));
    *response.status_mut() = status;
    response
}
