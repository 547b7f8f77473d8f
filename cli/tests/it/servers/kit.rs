//! Contexts of several servers.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ami::testing::Server;
use tempfile::TempDir;
use tokio::process::Command;

use crate::events::kit::{Ended, offline, run};

/// A file of contexts.
pub(super) struct Contexts {
    folder: TempDir,
}

impl Contexts {
    /// Writes a context for the user of the tests on each server.
    pub(super) fn new(servers: &[(&str, String)]) -> Self {
        let all = servers.iter().map(|(name, address)| {
            format!("[contexts.{name}]\naddress = \"{address}\"\nuser = \"user\"\n")
        });
        Self::of(&all.collect::<String>())
    }

    /// Writes a file of contexts.
    pub(super) fn of(text: &str) -> Self {
        let contexts = Self { folder: tempfile::tempdir().unwrap() };
        let file = File::options().write(true).create_new(true).mode(0o600).open(contexts.file());
        file.unwrap().write_all(text.as_bytes()).unwrap();
        contexts
    }

    fn file(&self) -> PathBuf {
        self.folder().join("contexts.toml")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The program, with these contexts.
    pub(super) fn ami(&self, arguments: &[&str]) -> Command {
        let mut command = offline(arguments);
        command.env("AMI_CONTEXTS", self.file()).current_dir(self.folder());
        command
    }

    /// Runs the program to its end on scripted servers.
    pub(super) async fn run(&self, servers: &[&Server; 2], arguments: &[&str]) -> Ended {
        let [one, other] = servers;
        let ended = one.serve_until(other.serve_until(run(self.ami(arguments)))).await;
        ended.unwrap().unwrap()
    }
}

/// The address of a server that is not there.
pub(super) fn nobody() -> String {
    "127.0.0.1:1".to_owned()
}

/// Contexts of two scripted servers, `berlin` and `paris`, and of `rome`, which is not there.
pub(super) fn three(berlin: &Server, paris: &Server) -> Contexts {
    let at = |server: &Server| server.address().to_string();
    Contexts::new(&[("berlin", at(berlin)), ("paris", at(paris)), ("rome", nobody())])
}
