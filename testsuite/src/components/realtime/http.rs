//! The HTTP server of tables.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use tokio_util::task::AbortOnDropHandle;

use super::tables::{Arguments, Tables};
use crate::case::TestCase;
use crate::components::listening::{self, ListenError};

/// The port that the configurations of tests name.
const PORT: u16 = 46_821;

/// The longest body of a request.
const LONGEST: usize = 1024 * 1024;

/// Binds the port, and serves tables until the handle is dropped.
pub(super) fn serve(
    tables: Arc<Mutex<Tables>>,
    test: TestCase,
) -> Result<AbortOnDropHandle<()>, ListenError> {
    listening::tcp(PORT, move |stream| {
        let (tables, test) = (Arc::clone(&tables), test.clone());
        async move { listening::http(stream, |request| answer(request, &tables, &test)).await }
    })
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
