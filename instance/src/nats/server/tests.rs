//! Tests of finding a server, and of fetching one with tools that do what apt and dpkg would do.

use std::error::Error;
use std::fs;

use super::*;
use crate::server::{Standin, chain};

/// Tools that fetch a server of a version, and keep what apt was told.
fn fetching(version: &str) -> Standin {
    let standin = Standin::new("");
    let folder = standin.file("").display().to_string();
    standin.tool("apt-get", &format!(
        r#"for option; do case $option in
            Dir::Cache=*) cache=${{option#*=}} ;;
            Dir::Etc::sourcelist=*) source=${{option#*=}} ;;
            Dir::State::status=*) status=${{option#*=}} ;;
        esac; done
        case "$*" in
            *" update "*) cp $source {folder}/source; cp $status {folder}/status ;;
            *print-uris*) echo "'http://m/n.deb' nats-server_{version}_amd64.deb 4500000 SHA256:0" ;;
            *download-only*) echo $$ >> {folder}/downloads; touch $cache/archives/nats.deb ;;
        esac"#,
    ));
    standin.tool(
        "dpkg-deb",
        &format!(
            r#"mkdir -p $3/usr/sbin
            printf '#!/bin/sh\necho nats-server: v{version}\n' > $3/usr/sbin/nats-server
            chmod 755 $3/usr/sbin/nats-server"#
        ),
    );
    standin
}

/// Makes a server of a version in a folder of its own, and returns that.
fn server(standin: &Standin, name: &str, version: &str) -> PathBuf {
    let sbin = standin.file(name).join("usr/sbin");
    fs::create_dir_all(&sbin).unwrap();
    standin.tool(
        &format!("{name}/usr/sbin/nats-server"),
        &format!("[ $1 = --version ] && echo nats-server: v{version}"),
    );
    standin.file(name)
}

async fn found(standin: &Standin) -> Result<String, ServerError> {
    let server = Server::find_in(&standin.environment, |_| {}).await?;
    Ok(server.version().to_string())
}

/// The text of an error with its causes.
fn told(error: ServerError) -> String {
    chain(&error as &dyn Error)
}

#[tokio::test]
async fn the_named_one_comes_first_then_path_then_the_cache_then_the_fetch() {
    let _forks = crate::FORKS.read().await;
    let mut standin = fetching("2.10.1");
    assert_eq!(found(&standin).await.unwrap(), "2.10.1");
    assert_eq!((standin.downloads(), found(&standin).await.unwrap()), (1, "2.10.1".to_owned()));
    assert_eq!((standin.downloads(), standin.cached().len()), (1, 2));
    let in_path = server(&standin, "path", "2.10.2");
    standin.environment.path = vec!["/nonexistent".into(), in_path.join("usr/sbin")];
    assert_eq!(found(&standin).await.unwrap(), "2.10.2");
    standin.environment.nats_server = Some(server(&standin, "named", "2.10.3"));
    assert_eq!(found(&standin).await.unwrap(), "2.10.3");
}

#[tokio::test]
async fn an_old_server_is_refused_by_name_and_passed_over_in_path() {
    let _forks = crate::FORKS.read().await;
    let mut standin = fetching("2.10.27");
    let old = server(&standin, "old", "2.9.10");
    standin.environment.path = vec![old.join("usr/sbin")];
    assert_eq!(found(&standin).await.unwrap(), "2.10.27");
    standin.environment.nats_server = Some(old.clone());
    let error = found(&standin).await.unwrap_err();
    assert!(matches!(error, ServerError::Named { .. }), "{error:?}");
    let reason = "it is version 2.9.10, expected 2.10 or later, because older ones refuse";
    let error = told(error);
    assert!(error.contains(&*old.display().to_string()) && error.contains(reason), "{error}");
    // Where none can be fetched, what is wrong with those that are there is told.
    standin.environment.nats_server = None;
    standin.environment.cache = Some(standin.file("other"));
    standin.tool("apt-get", "echo 'E: no network' >&2; exit 100");
    let error = told(found(&standin).await.unwrap_err());
    assert!(error.starts_with("no nats-server 2.10 or later found"), "{error}");
    assert!(error.contains(reason) && error.contains("E: no network"), "{error}");
    assert!(
        error.contains(
            "name another mirror in ASTERISK_MIRROR, or a program by path or in NATS_SERVER"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn the_package_alone_is_fetched_from_trixie() {
    let _forks = crate::FORKS.read().await;
    let standin = fetching("2.10.27-1+b2");
    let mut said = Vec::new();
    let tell = |progress: Progress| said.push(progress.to_string());
    let server = Server::find_in(&standin.environment, tell).await.unwrap();
    assert_eq!(server.binary(), standin.file("cache/nats-server/usr/sbin/nats-server"));
    let expected = "downloading nats-server 2.10.27-1+b2: 1 package, 0 of 4 MB";
    assert!(said.iter().any(|line| line == expected), "{said:?}");
    assert_eq!(standin.cached(), ["nats-server", "nats-server.lock"]);
    let source = fs::read_to_string(standin.file("source")).unwrap();
    assert!(source.contains("\nSuites: trixie\n"), "{source}");
    // As far as apt knows, the rest is there.
    let status = fs::read_to_string(standin.file("status")).unwrap();
    for package in ["adduser", "libc6"] {
        let entry = format!("Package: {package}\nStatus: install ok installed\n");
        assert!(status.contains(&entry), "{status}");
    }
}

#[tokio::test]
async fn two_at_once_fetch_once() {
    let _forks = crate::FORKS.read().await;
    let standin = fetching("2.10.27");
    let (first, second) = tokio::join!(found(&standin), found(&standin));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(standin.downloads(), 1);
}

#[tokio::test]
async fn a_package_that_is_too_old_is_not_fetched() {
    let _forks = crate::FORKS.read().await;
    let standin = fetching("2.9.10");
    let error = told(found(&standin).await.unwrap_err());
    assert!(error.contains("trixie at http://mirror.invalid/debian has 2.9.10"), "{error}");
    assert_eq!((standin.downloads(), standin.cached()), (0, vec!["nats-server.lock".to_owned()]));
    fs::write(&standin.environment.os_release, "ID=alpine\n").unwrap();
    let error = told(found(&standin).await.unwrap_err());
    assert!(
        error.contains("install nats-server, or name one by path or in NATS_SERVER"),
        "{error}"
    );
}

#[tokio::test]
async fn a_program_that_is_another_is_told_apart() {
    let _forks = crate::FORKS.read().await;
    let error = Server::at("/bin/true").await.unwrap_err();
    assert!(matches!(error, ProbeError::NoVersion { .. }), "{error}");
    let error = Server::at("/nonexistent/nats-server").await.unwrap_err();
    assert!(matches!(error, ProbeError::Missing(_)), "{error}");
}
