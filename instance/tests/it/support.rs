//! Servers to test with, and a look at what is left.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use instance::{Builder, Modules, Server, Want};
use tempfile::TempDir;

use crate::memory;

/// The versions that everything is tested with.
pub(crate) const VERSIONS: [u32; 2] = [22, 16];

/// The modules that the tests need.
pub(crate) const MODULES: [&str; 5] =
    ["pbx_config", "app_playback", "app_userevent", "codec_gsm", "format_gsm"];

/// A real server, fetched if there is none.
pub(crate) async fn server(major: u32) -> Server {
    let said = |progress| eprintln!("{progress}");
    Server::find_or_fetch(&Want::Major(major), said).await.unwrap()
}

/// A sandbox for a real server that boots fast.
pub(crate) async fn builder(major: u32) -> Builder {
    Builder::new(server(major).await).root(memory::folder()).modules(Modules::list(MODULES))
}

/// A folder that goes away at the end.
pub(crate) struct Scratch(
    pub(crate) PathBuf,
    #[expect(dead_code, reason = "it is removed when it is dropped")] TempDir,
);

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("it-").tempdir().unwrap();
        Self(folder.path().to_owned(), folder)
    }

    /// Writes a file below it.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Puts a link in place of a folder.
    pub(crate) fn replace(&self, name: &str, target: &Path) {
        fs::remove_dir_all(self.0.join(name)).unwrap();
        std::os::unix::fs::symlink(target, self.0.join(name)).unwrap();
    }

    /// The root of a server whose binary is a script, with folders that look like a server's. The
    /// script is written by a child: a file that this process had open for writing cannot be
    /// executed while another thread has just forked.
    pub(crate) async fn server(&self, script: &str) -> Server {
        let script =
            format!("#!/bin/sh\ncase $1 in -V) echo Asterisk 99.1.2; exit ;; esac\n{script}\n");
        for folder in ["usr/sbin", "usr/lib/asterisk/modules", "usr/share/asterisk/documentation"] {
            fs::create_dir_all(self.0.join(folder)).unwrap();
        }
        self.file("usr/lib/asterisk/modules/pbx_config.so", "");
        let write = r#"printf %s "$1" > "$2" && chmod 755 "$2""#;
        let path = self.0.join("usr/sbin/asterisk");
        let status = Command::new("sh").args(["-c", write, "sh", &script]).arg(path).status();
        assert!(status.unwrap().success());
        Server::find(&Want::Path(self.0.clone())).await.unwrap()
    }
}

/// A server that is started by a script, in which `"$@"` is what launches the real one, with its
/// folders.
pub(crate) async fn wrapped(root: &Scratch, real: &Server, script: &str) -> Server {
    let command = real.command();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>();
    root.server(&format!("set -- {} \"$@\"\n{script}", words.join(" "))).await;
    root.replace("usr/lib/asterisk/modules", &real.directories().modules);
    root.replace("usr/share/asterisk", &real.directories().data);
    Server::find(&Want::Path(root.0.clone())).await.unwrap()
}

/// The processes that have a path in their command line, or in the mark that instances have.
pub(crate) fn processes(path: &Path) -> Vec<u32> {
    let path = path.to_str().unwrap();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mark = format!("\0ASTERISK_INSTANCE={path}");
        String::from_utf8_lossy(&line).contains(path)
            || String::from_utf8_lossy(&environment).contains(&mark)
    })
    .collect()
}

/// The text of an error with its causes, as programs print it.
pub(crate) fn chain(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Asserts that neither folder nor process is left.
pub(crate) fn assert_gone(folder: &Path) {
    assert!(!folder.exists(), "{} is left", folder.display());
    assert_eq!(processes(folder), [0; 0], "processes are left");
}

/// Long enough for anything, and short enough to end a test that hangs.
pub(crate) const AGES: Duration = Duration::from_secs(60);

/// Returns `true` if a process runs. A process that waits to be reaped does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
