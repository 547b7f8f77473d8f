//! Tests of finding a server, and of its version.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::server::probe::ASTERISK;
use crate::server::version::Version;

#[test]
fn versions_in_all_spellings() {
    let major = |text| Version::parse(ASTERISK, text).and_then(|version| version.major());
    assert_eq!(major("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1\n"), Some(22));
    assert_eq!(major("Asterisk 16.28.0~dfsg-0+deb11u4"), Some(16));
    assert_eq!(major("Asterisk certified/20.7-cert1"), Some(20));
    assert_eq!(major("Asterisk GIT-21-0a1b2c3"), Some(21));
    assert_eq!(major("Asterisk GIT-master-abcdef1"), None);
    assert_eq!(Version::parse(ASTERISK, "bash: asterisk: not found"), None);
}

/// Servers that say a version, in a folder of their own.
struct Servers(TempDir);

impl Servers {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Installs one below `name`. By a child: a file that this process had open for writing cannot
    /// be executed while another thread forks.
    fn add(&self, name: &str, version: &str) -> PathBuf {
        let root = self.0.path().join(name);
        let script = r#"mkdir -p $1/usr/sbin $1/usr/lib/asterisk/modules $1/usr/share/asterisk/documentation
            touch $1/usr/lib/asterisk/modules/pbx_config.so
            printf '#!/bin/sh\necho Asterisk %s\n' $2 > $1/usr/sbin/asterisk
            chmod 755 $1/usr/sbin/asterisk"#;
        let mut command = std::process::Command::new("sh");
        command.args(["-ec", script, "sh"]).arg(&root).arg(version);
        assert!(command.status().unwrap().success());
        root
    }

    fn environment(&self, asterisk: Option<&Path>, path: &[&Path]) -> Environment {
        Environment {
            asterisk: asterisk.map(Path::to_owned),
            nats_server: None,
            sipp: None,
            path: path.iter().map(|root| root.join("usr/sbin")).collect(),
            cache: Some(self.0.path().join("cache")),
            no_cache: None,
            mirror: None,
            os_release: PathBuf::new(),
            tools: None,
        }
    }
}

#[tokio::test]
async fn the_named_one_comes_first_then_path_then_the_cache() {
    let _forks = crate::FORKS.read().await;
    let servers = Servers::new();
    let (named, in_path) = (servers.add("named", "20.1.0"), servers.add("path", "21.1.0"));
    servers.add("cache/22", "22.1.0");
    servers.add("cache/16", "16.1.0");
    let found = async |asterisk: Option<&Path>, path: &[&Path], want: Want| {
        let environment = servers.environment(asterisk, path);
        Server::find_in(&environment, &want).await.unwrap().version().major()
    };
    assert_eq!(found(Some(&named), &[&in_path], Want::Any).await, Some(20));
    assert_eq!(found(None, &[&in_path], Want::Any).await, Some(21));
    assert_eq!(found(None, &[], Want::Any).await, Some(22));
    assert_eq!(
        found(Some(&named), &[&in_path], Want::Path(servers.0.path().join("cache/16"))).await,
        Some(16)
    );
    // A version that is asked for by number is looked for everywhere.
    for major in [20, 21, 22, 16] {
        assert_eq!(found(Some(&named), &[&in_path], Want::Major(major)).await, Some(major));
    }
}

#[tokio::test]
async fn the_named_one_may_be_a_version() {
    let _forks = crate::FORKS.read().await;
    let servers = Servers::new();
    let in_path = servers.add("path", "21.1.0");
    servers.add("cache/16", "16.1.0");
    let environment = servers.environment(Some(Path::new("16")), &[&in_path]);
    let found = async |want: Want| Server::find_in(&environment, &want).await;
    assert_eq!(found(Want::Any).await.unwrap().version().major(), Some(16));
    // What the caller wants is more.
    assert_eq!(found(Want::Major(21)).await.unwrap().version().major(), Some(21));
    let environment = servers.environment(Some(Path::new("17")), &[&in_path]);
    let error = Server::find_in(&environment, &Want::Any).await.unwrap_err().to_string();
    assert!(error.starts_with("no Asterisk 17 found"), "{error}");
}

#[tokio::test]
async fn a_version_that_is_asked_for_is_never_answered_with_another() {
    let _forks = crate::FORKS.read().await;
    let servers = Servers::new();
    let other = servers.add("other", "21.1.0");
    // What says something else than its place.
    servers.add("cache/22", "16.1.0");
    let environment = servers.environment(Some(&other), &[&other]);
    let error = Server::find_in(&environment, &Want::Major(22)).await.unwrap_err().to_string();
    assert!(error.contains("is 21.1.0") && error.contains("is 16.1.0"), "{error}");
}

#[tokio::test]
async fn a_broken_server_that_is_named_is_an_error_and_one_in_path_is_not() {
    let _forks = crate::FORKS.read().await;
    let servers = Servers::new();
    let (broken, good) = (servers.add("broken", ""), servers.add("good", "22.1.0"));
    let environment = servers.environment(Some(&broken), &[&good]);
    let error = Server::find_in(&environment, &Want::Any).await.unwrap_err();
    assert!(matches!(error, FindError::Named { by: "ASTERISK", .. }), "{error}");
    let environment = servers.environment(None, &[&broken, &good]);
    let found = Server::find_in(&environment, &Want::Any).await.unwrap();
    assert_eq!(found.version().major(), Some(22));
    let environment = servers.environment(None, &[&broken]);
    let error = Server::find_in(&environment, &Want::Any).await.unwrap_err().to_string();
    assert!(error.contains("broken/usr/sbin/asterisk does not work"), "{error}");
}

#[test]
fn a_number_is_a_version_and_the_rest_a_path() {
    assert_eq!("16".parse(), Ok(Want::Major(16)));
    assert_eq!("/opt/asterisk".parse(), Ok(Want::Path("/opt/asterisk".into())));
}
