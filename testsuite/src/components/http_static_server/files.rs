//! Answers with files.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_staticfile::{Body, ResolveParams, ResolveResult, Resolver, ResponseBuilder};

use crate::components::tally::Tally;

/// The body of an answer: a file, or a page that says what is wrong.
type Content = Either<Body, Full<Bytes>>;

/// The files of a folder.
#[derive(Clone)]
pub(super) struct Files(Resolver);

impl Files {
    /// The files of a folder. Symbolic links lead to others, also in the folder around it, and no
    /// further.
    pub(super) fn new(root: PathBuf, around: PathBuf) -> io::Result<Self> {
        let folders: Arc<[PathBuf]> = [root.canonicalize()?, around].into();
        let mut resolver = Resolver::new(&folders[0]);
        resolver.set_rewrite(move |wanted: ResolveParams| {
            let folders = Arc::clone(&folders);
            async move {
                let mut path = folders[0].join(&wanted.path);
                if wanted.is_dir_request {
                    path.push("index.html");
                }
                let may = tokio::task::spawn_blocking(move || may_open(&path, &folders)).await;
                may.map_err(io::Error::other)??;
                Ok(wanted)
            }
        });
        Ok(Self(resolver))
    }

    /// Answers a request.
    pub(super) async fn answer<B>(&self, request: Request<B>, tally: &Tally) -> Response<Content> {
        let answer = self.find(&request).await;
        let answer = answer.unwrap_or_else(|error| page(status_of(&error)));
        let (method, uri, status) = (request.method(), request.uri(), answer.status());
        let is_met = !status.is_client_error() && !status.is_server_error();
        tally.add(&format!("{method} {uri}: {}", status.as_u16()), is_met);
        answer
    }

    async fn find<B>(&self, request: &Request<B>) -> io::Result<Response<Content>> {
        let status = match self.0.resolve_request(request).await? {
            ResolveResult::MethodNotMatched => StatusCode::METHOD_NOT_ALLOWED,
            ResolveResult::NotFound => StatusCode::NOT_FOUND,
            ResolveResult::PermissionDenied => StatusCode::FORBIDDEN,
            found @ (ResolveResult::Found(_) | ResolveResult::IsDirectory { .. }) => {
                let answer = ResponseBuilder::new().request(request).build(found);
                return Ok(answer.map_err(io::Error::other)?.map(Either::Left));
            }
        };
        Ok(page(status))
    }
}

/// Fails unless a path leads to a folder or to a file within some folders. Anything else, such as a
/// pipe, could block whoever opens it.
fn may_open(path: &Path, within: &[PathBuf]) -> io::Result<()> {
    let path = path.canonicalize()?;
    let is_within = within.iter().any(|folder| path.starts_with(folder));
    let kind = path.metadata()?.file_type();
    let may = is_within && (kind.is_dir() || kind.is_file());
    if may { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
}

fn status_of(error: &io::Error) -> StatusCode {
    match error.kind() {
        // No file has such a path.
        ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidFilename => StatusCode::NOT_FOUND,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A small page that says what is wrong.
fn page(status: StatusCode) -> Response<Content> {
    let text = format!(
        "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    let mut answer = Response::new(Either::Right(Full::from(text)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    answer
}
