//! The errors that a server logs while it boots without a configuration: those that a configuration
//! does not make. With all modules there are some hundred, for modules that miss their files.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, bail};
use instance::{Builder, Documentation, Finding, Instance, Sandbox, Section, Server};

use crate::{aside, complain};

/// The version of the plain form of a line; counted up when that changes, for the cache has what
/// earlier versions made.
const FORM: u32 = 1;

/// The longest time that a bare boot may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A line of a log: `[date] LEVEL[thread] file: text`.
pub(crate) struct Line<'a> {
    pub(crate) level: &'a str,
    /// The part behind the thread and the number of the call.
    text: &'a str,
}

impl<'a> Line<'a> {
    pub(crate) fn of(line: &'a str) -> Option<Self> {
        let (level, rest) = line.split_once("] ")?.1.split_once('[')?;
        let is_level = !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_uppercase());
        let text = rest.split_once(' ')?.1;
        is_level.then_some(Self { level, text })
    }

    /// Returns `true` for a warning of a reader of configuration (`main/config.c`, and those of the
    /// dialplan) about something that is not read as it stands.
    pub(crate) fn is_of_configuration(&self) -> bool {
        const READERS: [&str; 3] = ["config.c:", "pbx_config.c:", "pbx_ael.c:"];
        self.level == "WARNING" && READERS.iter().any(|reader| self.text.starts_with(reader))
    }
}

/// The parts of log lines that are one instance's alone.
#[derive(Debug)]
pub(crate) struct Own {
    base: String,
    folder: String,
    address: String,
    pid: String,
}

impl Own {
    pub(crate) fn of(instance: &Instance) -> Self {
        let sandbox = instance.sandbox();
        let folder = sandbox.folder();
        Self {
            base: folder.join(format!("ast{}", sandbox.number())).display().to_string(),
            folder: folder.display().to_string(),
            address: sandbox.address().to_string(),
            pid: instance.pid().map(|pid| pid.to_string()).unwrap_or_default(),
        }
    }

    /// The form of a line in which it can be compared with that of another boot.
    pub(crate) fn plain(&self, line: &str) -> String {
        let (level, text) = Line::of(line).map_or(("", line), |line| (line.level, line.text));
        let text = text.replace(&self.base, "<sandbox>").replace(&self.folder, "<run>");
        let text = text.replace(&self.address, "<address>");
        let word = |word: &str| match word {
            pid if !pid.is_empty() && pid == self.pid => "<pid>".to_owned(),
            pointer if pointer.starts_with("0x") => "<pointer>".to_owned(),
            other => other.to_owned(),
        };
        let is_end = |c: char| !c.is_ascii_alphanumeric();
        let words: String = text
            .split_inclusive(is_end)
            .map(|part| {
                let end = part.rfind(is_end).unwrap_or(part.len());
                word(&part[..end]) + &part[end..]
            })
            .collect();
        // The library gives lines without blanks at their end.
        format!("{level} {}", words.trim_end())
    }
}

/// The modules that a sandbox loads: its `modules.conf`, without what would make a module
/// necessary. A module that misses its configuration is to be one of the errors, and not the end of
/// the boot.
pub(crate) fn modules_of(sandbox: &Sandbox) -> String {
    let section = sandbox.section("modules.conf", "modules");
    let keys = section.iter().flat_map(Section::keys);
    let lines = keys.map(|(key, value)| {
        let key = match key.to_ascii_lowercase().as_str() {
            "require" => "load".to_owned(),
            "preload-require" => "preload".to_owned(),
            _ => key.to_owned(),
        };
        format!("{key} = {value}\n")
    });
    format!("[modules]\n{}", lines.collect::<String>())
}

/// The bare boots of a server.
pub(crate) struct Bare {
    server: Server,
    root: PathBuf,
    documentation: Documentation,
    /// The errors by the modules; none where the boot failed.
    known: RefCell<BTreeMap<String, Option<Rc<BTreeSet<String>>>>>,
}

impl Bare {
    pub(crate) fn new(server: Server, root: &Path, documentation: Documentation) -> Self {
        Self { server, root: root.to_owned(), documentation, known: RefCell::default() }
    }

    /// Finds out the errors of a boot with these modules, unless that is known: from the cache or
    /// by booting. A boot that fails is told, once.
    pub(crate) async fn find_out(&self, modules: &str) {
        if self.known.borrow().contains_key(modules) {
            return;
        }
        let found = self.cached_or_booted(modules).await.map(Rc::new);
        if let Err(error) = &found {
            let what = "failed to find out the errors of a bare boot to compare with";
            complain(&format!("{what}: {error:#}"));
        }
        self.known.borrow_mut().insert(modules.to_owned(), found.ok());
    }

    /// The errors, in their plain form, that were found out for these modules.
    pub(crate) fn errors(&self, modules: &str) -> Option<Rc<BTreeSet<String>>> {
        self.known.borrow().get(modules).cloned().flatten()
    }

    async fn cached_or_booted(&self, modules: &str) -> anyhow::Result<BTreeSet<String>> {
        let file = self.cache_file(modules)?;
        if let Some(file) = &file
            && let Ok(text) = fs::read_to_string(file)
        {
            return Ok(text.lines().map(str::to_owned).collect());
        }
        let errors = self.boot(modules).await?;
        if let Some(file) = &file
            && let Err(error) = keep(file, &errors)
        {
            // The next run finds them out again.
            complain(&format!(
                "{}: failed to keep the errors of a bare boot: {error}",
                file.display()
            ));
        }
        Ok(errors)
    }

    /// The file in which the errors are kept, if there is a cache.
    fn cache_file(&self, modules: &str) -> anyhow::Result<Option<PathBuf>> {
        let Some(cache) = instance::cache_folder() else {
            return Ok(None);
        };
        let mut state = DefaultHasher::new();
        (FORM, modules, self.documentation == Documentation::Full).hash(&mut state);
        for path in [self.server.binary(), &self.server.directories().modules] {
            let it = fs::metadata(path).with_context(|| path.display().to_string())?;
            (path, it.len(), it.mtime(), it.mtime_nsec()).hash(&mut state);
        }
        Ok(Some(cache.join("bare").join(format!("{:016x}", state.finish()))))
    }

    async fn boot(&self, modules: &str) -> anyhow::Result<BTreeSet<String>> {
        let builder = Builder::new(self.server.clone()).root(&self.root).boot_timeout(PATIENCE);
        let builder = builder.keep_on_drop(false);
        let builder =
            builder.documentation(self.documentation).file("modules.conf", modules.to_owned());
        let sandbox = aside(|| builder.build()).await??;
        let instance = sandbox.boot().await?;
        let own = Own::of(&instance);
        let stopped = instance.stop().await?;
        let mut lines = stopped.boot_errors;
        for finding in stopped.findings {
            match finding {
                // It does nothing but boot.
                Finding::Error(line) => lines.push(line),
                // Its log may be cut, and what is kept here is believed from then on.
                other => bail!("{other}"),
            }
        }
        Ok(lines.iter().map(|line| own.plain(line)).collect())
    }
}

/// Writes a file that is complete when it gets its name.
fn keep(file: &Path, errors: &BTreeSet<String>) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = file.with_extension(std::process::id().to_string());
    let text: String = errors.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&partial, text)?;
    fs::rename(&partial, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_plain_without_what_is_of_one_boot_alone() {
        let plain = |folder: &str, address: &str, pid: &str, line: &str| {
            let (base, folder) = (format!("{folder}/ast1"), folder.to_owned());
            Own { base, folder, address: address.to_owned(), pid: pid.to_owned() }.plain(line)
        };
        let one = "[2026-01-02 03:04:05.678] ERROR[12][C-00000001] a.c: /tmp/x/ast1/etc of 127.1.2.3:5038, pid 77, 770 at 0x55aa: /tmp/x/ast2";
        let two = "[Jan  3 00:00:00] ERROR[977] a.c: /tmp/yy/ast1/etc of 127.9.9.9:5038, pid 8, 770 at 0x66bb: /tmp/yy/ast2";
        let one = plain("/tmp/x", "127.1.2.3", "77", one);
        assert_eq!(one, plain("/tmp/yy", "127.9.9.9", "8", two));
        assert_eq!(
            one,
            "ERROR a.c: <sandbox>/etc of <address>:5038, pid <pid>, 770 at <pointer>: <run>/ast2"
        );
        let line = "[2026-01-02 03:04:05.678] WARNING[12] config.c: parse error";
        assert!(Line::of(line).unwrap().is_of_configuration());
        assert!(Line::of("no line [x] of a log").is_none());
    }
}
