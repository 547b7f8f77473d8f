//! Files over HTTP.

use std::fs;
use std::os::unix::fs::symlink;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, Response};

use super::*;
use crate::case::alone::section;

#[test]
fn mistakes_are_refused_with_their_place() {
    for (yaml, told) in [
        ("{}", "1: expected `root-directory:`"),
        ("root-directory: [a]", "1: root-directory is a list, not a text"),
        ("root-directory: a\nport: b", "2: port is "),
        ("root-directory: a\nport: 0", "2: port is 0, expected a number from 1 to 65535"),
    ] {
        let error = build(&section(yaml)).err().unwrap().to_string();
        assert!(error.starts_with(&format!("test-config.yaml:{told}")), "{yaml}: {error}");
    }
}

/// A suite with a folder of files, and something beside it.
struct Suite {
    folder: tempfile::TempDir,
    files: Files,
    tally: Tally,
}

impl Suite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("suite/web/sub")).unwrap();
        for (name, text) in [
            ("secret.txt", "secret"),
            ("suite/web/hello.txt", "hello"),
            ("suite/web/a b.json", "{}"),
            ("suite/web/sub/index.html", "<p>"),
            ("suite/shared.txt", "shared"),
        ] {
            fs::write(path(name), text).unwrap();
        }
        symlink("../shared.txt", path("suite/web/shared.txt")).unwrap();
        symlink("../../secret.txt", path("suite/web/secret.txt")).unwrap();
        symlink("../..", path("suite/web/out")).unwrap();
        symlink("loop", path("suite/web/loop")).unwrap();
        fs::create_dir(path("suite/web/index")).unwrap();
        symlink("../../../secret.txt", path("suite/web/index/index.html")).unwrap();
        let pipe = path("suite/web/pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        let around = path("suite").canonicalize().unwrap();
        let files = Files::new(path("suite/web"), around).unwrap();
        Self { folder, files, tally: Tally::default() }
    }

    async fn ask(&self, method: &str, path: &str) -> (u16, String, Response<()>) {
        self.ask_with(method, path, ("accept", "*/*")).await
    }

    async fn ask_with(
        &self,
        method: &str,
        path: &str,
        (header, value): (&str, &str),
    ) -> (u16, String, Response<()>) {
        let request = Request::builder().method(method).uri(path).header(header, value);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let (head, body) = self.files.answer(request, &self.tally).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (head.status.as_u16(), text, Response::from_parts(head, ()))
    }
}

#[tokio::test]
async fn files_are_served_and_nothing_else() {
    let suite = Suite::new();
    for (method, path, status, text) in [
        ("GET", "/hello.txt", 200, "hello"),
        ("GET", "/hello.txt?a=b", 200, "hello"),
        ("GET", "/a%20b.json", 200, "{}"),
        ("GET", "/sub/../hello.txt", 200, "hello"),
        ("GET", "/sub/", 200, "<p>"),
        ("GET", "/sub", 301, ""),
        ("GET", "/shared.txt", 200, "shared"),
        ("HEAD", "/hello.txt", 200, ""),
        ("GET", "/", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/none.txt", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/hello.txt/", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/hello.txt/more", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/a%00b", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/../shared.txt", 200, "shared"),
        ("GET", "/../../secret.txt", 403, "<h1>403 Forbidden</h1>"),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "<h1>404 Not Found</h1>"),
        ("GET", "/secret.txt", 403, "<h1>403 Forbidden</h1>"),
        ("GET", "/out/secret.txt", 403, "<h1>403 Forbidden</h1>"),
        ("GET", "/out/suite/shared.txt", 200, "shared"),
        ("GET", "/index/", 403, "<h1>403 Forbidden</h1>"),
        ("GET", "/loop", 500, "<h1>500 "),
        ("GET", "/pipe", 403, "<h1>403 Forbidden</h1>"),
        ("POST", "/hello.txt", 405, "<h1>405 Method Not Allowed</h1>"),
        ("DELETE", "/none.txt", 405, "<h1>405 Method Not Allowed</h1>"),
    ] {
        let (found, content, _) = suite.ask(method, path).await;
        assert_eq!(found, status, "{method} {path}: {content}");
        assert!(content.contains(text), "{method} {path}: {content}");
    }
    let told = suite.tally.told();
    assert!(told.starts_with("GET /: 404; GET /none.txt: 404; "), "{told}");
    assert!(told.contains("; GET /hello.txt: 200; GET /hello.txt?a=b: 200;"), "{told}");
    assert!(suite.folder.path().join("secret.txt").exists());
}

#[tokio::test]
async fn answers_have_their_type_and_can_be_parts() {
    let suite = Suite::new();
    let header = |answer: &Response<()>, name: &str| {
        answer.headers().get(name).map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (_, _, answer) = suite.ask("GET", "/a%20b.json").await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    let (_, _, answer) = suite.ask("GET", "/none").await;
    assert_eq!(header(&answer, "content-type"), "text/html");
    let (_, _, answer) = suite.ask("PUT", "/none").await;
    assert_eq!(header(&answer, "allow"), "GET, HEAD");

    let (status, content, answer) =
        suite.ask_with("GET", "/hello.txt", ("range", "bytes=1-2")).await;
    assert_eq!((status, &*content), (206, "el"));
    let modified = header(&answer, "last-modified");
    let (status, content, _) =
        suite.ask_with("GET", "/hello.txt", ("if-modified-since", &modified)).await;
    assert_eq!((status, &*content), (304, ""));
}
