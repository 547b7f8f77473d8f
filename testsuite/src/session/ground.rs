//! The runner's own sandbox: the server that is asked what it can do, and what tests share.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use instance::sipp::Sipp;
use instance::{Builder, Instance, Sandbox, Server, Stop};

use crate::plan::Facts;
use crate::plan::Python;
use crate::session::known::Known;

/// A sandbox that lasts as long as the run. It goes away with it, in whatever way that ends.
#[derive(Debug)]
pub(crate) struct Ground {
    server: Server,
    folder: PathBuf,
    /// The server's own configuration and data.
    etc: PathBuf,
    data: PathBuf,
    spool: PathBuf,
    logs: PathBuf,
    held: Probe,
}

#[derive(Debug)]
#[expect(dead_code, reason = "what is held is held for its `Drop`")]
enum Probe {
    Made(Box<Sandbox>),
    /// The sandbox of a server that has ended.
    Asked(Box<Instance>),
    Nothing,
}

impl Ground {
    pub(crate) fn new(server: Server, root: &Path) -> Result<Self, instance::BuildError> {
        let sandbox = Builder::new(server.clone()).root(root).keep_on_drop(false).build()?;
        Ok(Self {
            server,
            folder: sandbox.folder().to_owned(),
            etc: sandbox.etc(),
            data: sandbox.data(),
            spool: sandbox.spool(),
            logs: sandbox.logs(),
            held: Probe::Made(Box::new(sandbox)),
        })
    }

    /// The folder of all sandboxes of this user.
    pub(crate) fn shared(&self) -> Option<&Path> {
        self.folder.parent()
    }

    /// Returns the facts of the server. One that was asked before, and is as it was then, need not
    /// boot for it.
    pub(crate) async fn facts(
        &mut self,
    ) -> Result<Facts, Box<dyn std::error::Error + Send + Sync>> {
        let known = Known::of(&self.server);
        if let Some(facts) = known.read() {
            return Ok(facts);
        }
        let facts = self.ask().await?;
        known.write(&facts);
        Ok(facts)
    }

    /// Boots the server with all its modules, and asks. Once.
    async fn ask(&mut self) -> Result<Facts, Box<dyn std::error::Error + Send + Sync>> {
        let Probe::Made(sandbox) = std::mem::replace(&mut self.held, Probe::Nothing) else {
            return Err("it was asked before".into());
        };
        let instance = sandbox.boot().await?;
        let facts = Facts::ask(&self.server, &instance).await;
        instance.shut_down(Stop::Now).await;
        self.held = Probe::Asked(Box::new(instance));
        Ok(facts?)
    }

    /// The configuration that all tests of the suite share: the files in its `configs`, but for its
    /// subfolders, over the samples that came with the server, which its tests expect; where
    /// ours say something, they count rather than a sample. None if the suite has none.
    pub(crate) fn base(&self, suite: &Path) -> io::Result<Option<PathBuf>> {
        let base = self.folder.join("base");
        let Ok(entries) = fs::read_dir(suite.join("configs")) else {
            return Ok(None);
        };
        fs::create_dir_all(&base)?;
        let is_ours = |name: &OsStr| self.etc.join(name).metadata().is_ok_and(|it| it.len() > 0);
        if let Some(samples) = samples(&self.server) {
            copy_confs(fs::read_dir(samples)?, &base, |name| !is_ours(name))?;
        }
        copy_confs(entries, &base, |_| true)?;
        Ok(Some(base))
    }

    /// A system as the suite's library expects it below `AST_TEST_ROOT`, made of the server in use.
    /// The library mirrors it file by file and does not follow links to folders, so folders are
    /// folders here and files are links. Paths are short: below it come 40 characters of the
    /// library's, and then the control socket.
    pub(crate) fn tree(
        &self,
        facts: &Facts,
        python: &Python,
        sipp: Option<&Sipp>,
    ) -> io::Result<PathBuf> {
        let root = &self.folder;
        let place = |path: &str| -> io::Result<PathBuf> {
            let path = root.join(path);
            fs::create_dir_all(&path)?;
            Ok(path)
        };
        program(&place("usr/sbin")?.join("asterisk"), &wrapper(&self.server.command()))?;
        // A link would not be known as a part of its virtual environment.
        if let Some(path) = python.path() {
            let text = format!("#!/bin/sh\nexec {} \"$@\"\n", quoted(path.as_os_str()));
            for name in ["python", "python3"] {
                program(&place("usr/local/bin")?.join(name), &text)?;
            }
        }
        if let Some(sipp) = sipp {
            program(&place("usr/local/bin")?.join("sipp"), &wrapper(&sipp.command()))?;
        }
        let etc = place("etc/asterisk")?;
        match samples(&self.server) {
            Some(samples) => mirror(samples, &etc, 0)?,
            None => mirror(&self.etc, &etc, 0)?,
        }
        let conf = etc.join("asterisk.conf");
        if fs::symlink_metadata(&conf).is_ok() {
            fs::remove_file(&conf)?;
        }
        fs::write(conf, ASTERISK_CONF)?;
        fs::write(place("usr/include/asterisk")?.join("buildopts.h"), facts.header())?;
        mirror(&self.server.directories().modules, &place("usr/lib/asterisk/modules")?, 0)?;
        mirror(&self.data, &place("var/lib/asterisk")?, 0)?;
        for folder in FOLDERS {
            place(folder)?;
        }
        let (spool, logs) = (place("var/spool/asterisk")?, place("var/log/asterisk")?);
        same_folders(&self.spool, &spool)?;
        same_folders(&self.logs, &logs)?;
        // Its package or its `make install` knows best.
        if let Some(own) = samples(&self.server).and_then(|etc| etc.ancestors().nth(2)) {
            same_folders(&own.join("var/spool/asterisk"), &spool)?;
            same_folders(&own.join("var/log/asterisk"), &logs)?;
        }
        Ok(root.clone())
    }
}

/// The folders that `make install` makes beside those that have something in them, and those for
/// what runs.
const FOLDERS: [&str; 9] = [
    "var/lib/asterisk/agi-bin",
    "var/lib/asterisk/firmware/iax",
    "var/lib/asterisk/images",
    "var/lib/asterisk/keys",
    "var/lib/asterisk/moh",
    "var/lib/asterisk/phoneprov",
    "var/spool/asterisk/voicemail/default",
    "run",
    "tmp",
];

/// The folders of the server. The library takes the values for paths below the tree.
const ASTERISK_CONF: &str = "\
[directories]
astetcdir => /etc/asterisk
astmoddir => /usr/lib/asterisk/modules
astvarlibdir => /var/lib/asterisk
astdbdir => /var/lib/asterisk
astkeydir => /var/lib/asterisk
astdatadir => /var/lib/asterisk
astagidir => /var/lib/asterisk/agi-bin
astspooldir => /var/spool/asterisk
astrundir => /run
astlogdir => /var/log/asterisk
astsbindir => /usr/sbin
[options]
";

/// The sample configuration that came with a server which has a root of its own. That of the system
/// is somebody's, and in use.
fn samples(server: &Server) -> Option<&Path> {
    let etc = server.directories().configuration.as_deref()?;
    let is_systems = ["/etc", "/usr/local/etc"].iter().any(|folder| etc.starts_with(folder));
    (!is_systems).then_some(etc)
}

/// Copies those configuration files that are wanted.
fn copy_confs(
    entries: fs::ReadDir,
    to: &Path,
    is_wanted: impl Fn(&OsStr) -> bool,
) -> io::Result<()> {
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        let is_conf =
            [".conf", ".conf.inc", ".ael", ".lua", ".adsi"].iter().any(|it| text.ends_with(it));
        if is_conf && is_wanted(name) && path.is_file() {
            // Over one that may be there and not be written.
            let target = to.join(name);
            if target.exists() {
                fs::remove_file(&target)?;
            }
            fs::copy(&path, target)?;
        }
    }
    Ok(())
}

/// Writes a program.
fn program(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// A word for a shell.
fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))
}

/// A program that launches another, also one that needs a loader or libraries of its own.
fn wrapper(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("export {}={}\n", name.to_string_lossy(), quoted(value?)))
    });
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(quoted).collect::<Vec<_>>().join(" ");
    format!("#!/bin/sh\n{}exec {words} \"$@\"\n", set.collect::<String>())
}

/// The depth that the folders of a server may have.
const DEPTH: usize = 16;

/// Makes folders of folders, also of links to them, and links of files.
fn mirror(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else {
            continue;
        };
        let target = to.join(name);
        if path.is_dir() {
            if depth < DEPTH {
                fs::create_dir_all(&target)?;
                mirror(&path, &target, depth + 1)?;
            }
        } else if let Ok(original) = fs::canonicalize(&path) {
            symlink(original, target)?;
        }
    }
    Ok(())
}

/// Makes the folders that are in another, without what is in them.
fn same_folders(from: &Path, to: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_dir()) {
            fs::create_dir_all(to.join(name))?;
        }
    }
    Ok(())
}
