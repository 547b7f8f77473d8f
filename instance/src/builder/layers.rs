//! The configuration files of a sandbox: ours, those of the test's folders, those that the code sets. The last one wins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::Builder;
use super::error::{BuildError, at};
use crate::includes;
use crate::template::{self, Keys};

/// Where a test puts options of `asterisk.conf`.
const OPTIONS: &str = "asterisk.options.conf.inc";

/// The files of ours that others build on.
const BASE: [(&str, &str); 5] = [
    ("asterisk.conf", include_str!("../../templates/asterisk.conf")),
    (OPTIONS, include_str!("../../templates/asterisk.options.conf.inc")),
    ("indications.conf", include_str!("../../templates/indications.conf")),
    ("logger.conf", include_str!("../../templates/logger.conf")),
    ("manager.conf", include_str!("../../templates/manager.conf")),
];

/// Files that have to be there: what ours include, and what the server would complain of.
const EMPTY: [&str; 13] = [
    "logger.general.conf.inc",
    "logger.logfiles.conf.inc",
    "manager.general.conf.inc",
    "manager.users.conf.inc",
    "modules.conf.inc",
    "acl.conf",
    "ccss.conf",
    "cdr.conf",
    "cel.conf",
    "extensions.conf",
    "features.conf",
    "stasis.conf",
    "udptl.conf",
];

/// The configuration files by name, the last layer of each.
pub(super) struct Layers(BTreeMap<PathBuf, Layer>);

struct Layer {
    text: Vec<u8>,
    from: From,
}

/// Who gave a file.
enum From {
    Us,
    Folder(PathBuf),
    Code,
}

impl From {
    /// The file of that name, as its author knows it.
    fn of(&self, name: &Path) -> String {
        match self {
            Self::Folder(path) => path.display().to_string(),
            Self::Us | Self::Code => format!("{}, set from code", name.display()),
        }
    }
}

/// Whether a line is nothing, a comment or `key = value`. Anything else (a directive, a section, a block comment that hides
/// one) could make the whole file unreadable, or name other folders.
fn is_option(line: &str) -> bool {
    let line = line.trim();
    let is_key = |key: &str| {
        let key = key.trim_end();
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let plain = line.is_empty() || line.starts_with(';');
    !line.contains(";--") && (plain || line.split_once('=').is_some_and(|(key, _)| is_key(key)))
}

impl Layers {
    pub(super) fn of(builder: &Builder) -> Result<Self, BuildError> {
        let mut layers = Self(BTreeMap::new());
        for name in EMPTY {
            layers.add(name, "", From::Us);
        }
        for (name, text) in BASE {
            layers.add(name, text, From::Us);
        }
        layers.add("asterisk.conf", &asterisk_conf(builder)?, From::Us);
        layers.add("modules.conf", &builder.modules.conf(), From::Us);
        for folder in &builder.folders {
            layers.add_folder(folder, Path::new(""))?;
        }
        for (name, text) in &builder.files {
            let inside = |part| matches!(part, Component::Normal(_));
            if name.is_empty() || !Path::new(name).components().all(inside) {
                return Err(BuildError::Name { name: name.clone() });
            }
            if Path::new(name) == Path::new("asterisk.conf") {
                return Err(BuildError::AsteriskConf { from: "the code".to_owned() });
            }
            layers.add(name, text, From::Code);
        }
        Ok(layers)
    }

    fn add(&mut self, name: &str, text: &str, from: From) {
        self.0.insert(name.into(), Layer { text: text.into(), from });
    }

    fn add_folder(&mut self, folder: &Path, inside: &Path) -> Result<(), BuildError> {
        // Joining nothing would add a slash that the error shows.
        let here =
            if inside.as_os_str().is_empty() { folder.to_owned() } else { folder.join(inside) };
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let path = entry.map_err(at(&here))?.path();
            let name = inside.join(path.file_name().unwrap_or_default());
            if path.is_dir() {
                self.add_folder(folder, &name)?;
                continue;
            }
            if name == Path::new("asterisk.conf") {
                return Err(BuildError::AsteriskConf { from: path.display().to_string() });
            }
            let text = fs::read(&path).map_err(at(&path))?;
            self.0.insert(name, Layer { text, from: From::Folder(path) });
        }
        Ok(())
    }

    /// A `.conf.inc` that a test brings and nothing includes would be without effect.
    pub(super) fn check_includes(&self) -> Result<(), BuildError> {
        let is_include = |name: &&PathBuf| name.to_string_lossy().ends_with(".conf.inc");
        for name in self.0.keys().filter(is_include) {
            let layer = &self.0[name];
            let file = name.file_name().unwrap_or_default().to_string_lossy();
            let included = self.0.iter().any(|(other, layer)| {
                let text = String::from_utf8_lossy(&layer.text);
                other != name && includes::included(&text).any(|it| includes::is_for(it, &file))
            });
            // A test's own manager.conf need not include what ours does.
            if !included && !matches!(layer.from, From::Us) {
                return Err(BuildError::NotIncluded { from: layer.from.of(name) });
            }
        }
        Ok(())
    }

    /// A main configuration that the server cannot read makes it fall back to its built-in folders, which are the
    /// system's. So what a test adds to ours must not be able to break it.
    pub(super) fn check_options(&self) -> Result<(), BuildError> {
        let name = Path::new(OPTIONS);
        let layer = &self.0[name];
        for (at, line) in String::from_utf8_lossy(&layer.text).lines().enumerate() {
            if !is_option(line) {
                return Err(BuildError::Options { from: layer.from.of(name), line: at + 1 });
            }
        }
        Ok(())
    }

    pub(super) fn write(self, etc: &Path, keys: &Keys) -> Result<(), BuildError> {
        // It would begin a comment, and the server would see a shorter path.
        if let Some(path) =
            keys.values().find(|path| path.contains(|c: char| c == ';' || c.is_control()))
        {
            return Err(BuildError::OddPath { path: path.clone() });
        }
        for (name, layer) in self.0 {
            let (text, unknown) = template::render(&layer.text, keys);
            match (unknown, layer.from) {
                // A test's file may mean something else by it.
                (None, _) | (_, From::Folder(_)) => {}
                (Some(unknown), _) => {
                    let known = keys.keys().map(|key| format!("<<{key}>>")).collect::<Vec<_>>();
                    return Err(BuildError::UnknownKey {
                        file: name,
                        line: unknown.line,
                        key: unknown.key,
                        known: known.join(" "),
                    });
                }
            }
            let path = etc.join(&name);
            let folder = path.parent().unwrap_or(etc);
            fs::create_dir_all(folder).map_err(at(folder))?;
            fs::write(&path, text).map_err(at(&path))?;
        }
        Ok(())
    }
}

/// `asterisk.conf` with the options that the code sets.
fn asterisk_conf(builder: &Builder) -> Result<String, BuildError> {
    let mut conf = BASE[0].1.to_owned();
    for (key, value) in &builder.options {
        let line = format!("{key} = {value}");
        if line.contains(['\n', '\r']) || !is_option(&line) {
            return Err(BuildError::Option { key: key.clone() });
        }
        conf.push_str(&line);
        conf.push('\n');
    }
    Ok(conf)
}
