//! The configuration files of a sandbox: ours, those of the test's folders, those that the code
//! sets; the last one wins. Then what the code adds to them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::sandbox::conf;
use crate::sandbox::dialplan;
use crate::sandbox::error::{BuildError, at};
use crate::sandbox::files::{Entry, Walk, is_lock, look};
use crate::sandbox::includes::MissingInclude;
use crate::sandbox::includes::{self, Files};
use crate::sandbox::logs::OWN;
use crate::sandbox::modules::{Modules, TIMING};
use crate::sandbox::parts::{From, Part, Rendered, text};
use crate::sandbox::permissions::Permissions;
use crate::sandbox::template::Keys;

/// The file for a test's options of `asterisk.conf`.
const OPTIONS: &str = "asterisk.options.conf.inc";

/// The file with the levels to log, and the log files.
const LOGGER: &str = "logger.conf";

/// The file with the modules to load.
const MODULES: &str = "modules.conf";

/// The file for a test's additions to it.
const MODULES_INC: &str = "modules.conf.inc";

/// The file of the dialplan.
const DIALPLAN: &str = "extensions.conf";

/// Our base files.
const BASE: [(&str, &str); 10] = [
    ("asterisk.conf", include_str!("../../templates/asterisk.conf")),
    (OPTIONS, include_str!("../../templates/asterisk.options.conf.inc")),
    ("ari.conf", include_str!("../../templates/ari.conf")),
    ("cdr.conf", include_str!("../../templates/cdr.conf")),
    ("cel.conf", include_str!("../../templates/cel.conf")),
    ("cel_custom.conf", include_str!("../../templates/cel_custom.conf")),
    ("http.conf", include_str!("../../templates/http.conf")),
    ("indications.conf", include_str!("../../templates/indications.conf")),
    (LOGGER, include_str!("../../templates/logger.conf")),
    ("manager.conf", include_str!("../../templates/manager.conf")),
];

/// The `manager.conf` of a sandbox without AMI.
const NO_MANAGER: &str = include_str!("../../templates/manager.disabled.conf");

/// The file for servers that have music on hold. On others, its module would complain of the class.
const MUSIC_ON_HOLD: (&str, &str) =
    ("musiconhold.conf", include_str!("../../templates/musiconhold.conf"));

/// Files that have to exist: those that ours include, and those that the server would complain of.
const EMPTY: [&str; 16] = [
    "logger.general.conf.inc",
    "logger.logfiles.conf.inc",
    "manager.general.conf.inc",
    "manager.users.conf.inc",
    MODULES_INC,
    "acl.conf",
    "ccss.conf",
    "cli_aliases.conf",
    "extensions.conf",
    "features.conf",
    "res_config_sqlite.conf",
    "res_pgsql.conf",
    "res_pktccops.conf",
    "sorcery.conf",
    "stasis.conf",
    "udptl.conf",
];

/// An addition of the code to a file, behind everything that gives whole files.
#[derive(Clone, Debug)]
pub(super) enum Addition {
    Text(String),
    /// Contexts of the dialplan.
    Dialplan(String),
    Section {
        name: String,
        keys: Vec<(String, String)>,
    },
}

/// The configuration files by name: the last layer of each, and the additions to it.
pub(super) struct Layers {
    files: BTreeMap<PathBuf, Vec<Part>>,
    /// Links that lead nowhere with their targets, by the names of the files that they would be.
    dangling: BTreeMap<PathBuf, (PathBuf, PathBuf)>,
    permissions: Vec<Permissions>,
    /// `true` if the code adds to the dialplan, which needs its module.
    has_dialplan: bool,
}

/// Returns `true` if a line is empty, a comment or `key = value`. Anything else (a directive, a
/// section, a block comment that hides one) could make the whole file unreadable, or name other
/// folders.
fn is_option(line: &str) -> bool {
    let line = line.trim();
    let is_key = |key: &str| {
        let key = key.trim_end();
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let plain = line.is_empty() || line.starts_with(';');
    !line.contains(";--")
        && !line.contains("--;")
        && (plain || line.split_once('=').is_some_and(|(key, _)| is_key(key)))
}

impl Layers {
    /// Begins with our own files, with the options that the code sets, and with AMI or without.
    pub(super) fn base(options: &[(String, String)], ami: bool) -> Result<Self, BuildError> {
        let mut layers = Self {
            files: BTreeMap::new(),
            dangling: BTreeMap::new(),
            permissions: Vec::new(),
            has_dialplan: false,
        };
        for name in EMPTY {
            layers.put(name, "", From::Us);
        }
        for (name, text) in BASE {
            layers.put(name, text, From::Us);
        }
        layers.put("asterisk.conf", &asterisk_conf(options)?, From::Us);
        if !ami {
            layers.put("manager.conf", NO_MANAGER, From::Us);
        }
        layers.put(MODULES, "", From::Us);
        Ok(layers)
    }

    /// Writes our `modules.conf`, unless the test has its own. What the test says in that file, or
    /// in the files that it includes, takes precedence. `folder` has the server's modules.
    pub(super) fn set_modules(
        &mut self,
        modules: &Modules,
        folder: &Path,
    ) -> Result<(), BuildError> {
        if let Some(name) = modules.odd_name() {
            return Err(BuildError::Module { name: name.to_owned() });
        }
        let own_dialplan = self.files.get(Path::new(DIALPLAN)).map_or(&[][..], Vec::as_slice);
        let has_dialplan =
            self.has_dialplan || own_dialplan.iter().any(|part| !matches!(part.from, From::Us));
        let modules = modules.completed(has_dialplan);
        let timing = folder.join(format!("{TIMING}.so")).is_file();
        let includes = self.files.get(Path::new(MODULES_INC)).map_or(&[][..], Vec::as_slice);
        let own = self.files.get(Path::new(MODULES)).map_or(&[][..], Vec::as_slice);
        let said = text(includes) + "\n" + &text(own);
        if let Some(Part { text, from: From::Us }) =
            self.files.get_mut(Path::new(MODULES)).and_then(|parts| parts.first_mut())
        {
            *text = modules.conf(&said, timing).into_bytes();
        }
        Ok(())
    }

    /// Adds the music on hold that came with the server.
    pub(super) fn add_music_on_hold(&mut self) {
        let (name, text) = MUSIC_ON_HOLD;
        self.put(name, text, From::Us);
    }

    fn put(&mut self, name: &str, text: &str, from: From) {
        self.insert(name.into(), text.into(), from);
    }

    fn insert(&mut self, name: PathBuf, text: Vec<u8>, from: From) {
        self.dangling.remove(&name);
        self.files.insert(name, vec![Part { text, from }]);
    }

    /// Adds the files of a folder and those below it.
    pub(super) fn add_folder(&mut self, folder: &Path) -> Result<(), BuildError> {
        self.permissions.extend(Permissions::read(folder)?);
        self.add_subfolder(folder, Path::new(""), None)
    }

    fn add_subfolder(
        &mut self,
        folder: &Path,
        inside: &Path,
        above: Option<&Walk<'_>>,
    ) -> Result<(), BuildError> {
        // Joining nothing would add a slash that the error shows.
        let here =
            if inside.as_os_str().is_empty() { folder.to_owned() } else { folder.join(inside) };
        let walk = Walk::enter(&here, above)?;
        for entry in fs::read_dir(&here).map_err(at(&here))? {
            let path = entry.map_err(at(&here))?.path();
            let file_name = path.file_name().unwrap_or_default();
            let name = inside.join(file_name);
            match look(&path)? {
                Entry::File => {}
                Entry::Folder => {
                    self.add_subfolder(folder, &name, Some(&walk))?;
                    continue;
                }
                Entry::Dangling(target) => {
                    if is_lock(file_name) {
                        tracing::warn!(path = %path.display(), "an editor's lock is passed over");
                    } else {
                        self.dangling.insert(name, (path, target));
                    }
                    continue;
                }
            }
            if name == Path::new("asterisk.conf") {
                return Err(BuildError::AsteriskConf { from: path.display().to_string() });
            }
            if name == Path::new(Permissions::FILE) {
                continue;
            }
            let text = fs::read(&path).map_err(at(&path))?;
            self.insert(name, text, From::Folder(path));
        }
        Ok(())
    }

    /// Adds a file that the code sets.
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> Result<(), BuildError> {
        check_name(name)?;
        self.put(name, text, From::Code);
        Ok(())
    }

    /// Adds to a file, or begins one.
    pub(super) fn add_to(&mut self, name: &str, addition: &Addition) -> Result<(), BuildError> {
        check_name(name)?;
        let text = match addition {
            Addition::Text(text) => text.clone(),
            Addition::Dialplan(text) => {
                dialplan::check(text)?;
                self.has_dialplan = true;
                text.clone()
            }
            Addition::Section { name: section, keys } => self.section(name, section, keys)?,
        };
        self.files
            .entry(name.into())
            .or_default()
            .push(Part { text: text.into(), from: From::Code });
        Ok(())
    }

    /// Returns the text of a section, which continues another one of its name if there is one.
    /// Otherwise the server would refuse the whole file.
    fn section(
        &self,
        file: &str,
        section: &str,
        keys: &[(String, String)],
    ) -> Result<String, BuildError> {
        let odd = |c: char| c.is_control() || matches!(c, '[' | ']' | ';');
        let is_key = |key: &str| {
            !key.is_empty()
                && !key.starts_with('#')
                && !key.contains(|c: char| odd(c) || c == '=')
                && key.trim() == key
        };
        let refused = |what: &str| BuildError::Section {
            file: file.to_owned(),
            section: section.to_owned(),
            what: what.to_owned(),
        };
        if section.is_empty() || section.contains(odd) {
            return Err(refused("the name of a section has no bracket, semicolon or line break"));
        }
        let goes_on = self.has_section(Path::new(file), section, |_| true);
        let mut text = format!("[{section}]{}\n", if goes_on { "(+)" } else { "" });
        for (key, value) in keys {
            if !is_key(key) || value.contains(['\n', '\r', '\0']) {
                return Err(refused(&format!(
                    "key {key:?} has to be a word without `=`, and its value without line breaks"
                )));
            }
            text.push_str(&format!("{key} = {}\n", conf::escaped(value)));
        }
        Ok(text)
    }

    /// Returns `true` if a file, or one that it includes, has a section for which `counts` returns
    /// `true`, by whether it is a template.
    fn has_section(&self, file: &Path, section: &str, counts: fn(bool) -> bool) -> bool {
        let mut seen = BTreeSet::new();
        let mut files = vec![file];
        while let Some(file) = files.pop() {
            let Some(parts) = self.files.get(file).filter(|_| seen.insert(file)) else {
                continue;
            };
            let text = text(parts);
            if conf::sections(&text).any(|(name, is_template)| {
                name.eq_ignore_ascii_case(section) && counts(is_template)
            }) {
                return true;
            }
            let included = |other: &&PathBuf| {
                let name = other.to_string_lossy();
                conf::included(&text).any(|include| conf::is_for(&include, &name))
            };
            files.extend(self.files.keys().filter(included).map(PathBuf::as_path));
        }
        false
    }

    /// Adds a file with every level to a `logger.conf` that is not ours. The levels of its own
    /// files are up to the test, and errors have to be found all the same.
    pub(super) fn set_log(&mut self) -> Result<(), BuildError> {
        let parts = self.files.get(Path::new(LOGGER)).map_or(&[][..], Vec::as_slice);
        if matches!(parts.first(), Some(Part { from: From::Us, .. })) {
            return Ok(());
        }
        if conf::unclosed(&text(parts)).is_some() {
            // The addition would be a part of that comment.
            tracing::warn!("a comment in logger.conf does not end: errors in the log are not seen");
            return Ok(());
        }
        let section = "logfiles";
        // A template is no section that the server uses.
        let is_there = |is_template: bool| !is_template;
        let goes_on = self.has_section(Path::new(LOGGER), section, is_there);
        let (goes_on, name) = (if goes_on { "(+)" } else { "" }, OWN);
        let levels = "notice,warning,error,debug,verbose,dtmf";
        let added = format!("[{section}]{goes_on}\n{name} = {levels}\n");
        self.add_to(LOGGER, &Addition::Text(added))
    }

    /// Refuses links that lead nowhere. The server would take such a file for one that nobody
    /// wrote.
    pub(super) fn check_links(&mut self) -> Result<(), BuildError> {
        let links: Vec<_> = std::mem::take(&mut self.dangling).into_values().collect();
        if links.is_empty() { Ok(()) } else { Err(BuildError::Dangling { links }) }
    }

    /// Refuses a `.conf.inc` that a test brings and nothing includes: it would be without effect.
    pub(super) fn check_includes(&self) -> Result<(), BuildError> {
        let is_include = |name: &&PathBuf| name.to_string_lossy().ends_with(".conf.inc");
        for name in self.files.keys().filter(is_include) {
            let file = name.to_string_lossy();
            let included = self.files.iter().any(|(other, parts)| {
                other != name && conf::included(&text(parts)).any(|it| conf::is_for(&it, &file))
            });
            // A test's own manager.conf need not include what ours does.
            let theirs = self.files[name].iter().find(|part| !matches!(part.from, From::Us));
            if let Some(part) = theirs.filter(|_| !included) {
                return Err(BuildError::NotIncluded { from: part.from.of(name) });
            }
        }
        Ok(())
    }

    /// Refuses options that could break the main configuration. A server that cannot read it falls
    /// back to its built-in folders, which are the system's.
    pub(super) fn check_options(&self) -> Result<(), BuildError> {
        let name = Path::new(OPTIONS);
        for part in &self.files[name] {
            for (at, line) in String::from_utf8_lossy(&part.text).lines().enumerate() {
                if !is_option(line) {
                    return Err(BuildError::Options { from: part.from.of(name), line: at + 1 });
                }
            }
        }
        Ok(())
    }

    /// Writes the files, and returns the includes of missing files.
    pub(super) fn write(self, etc: &Path, keys: &Keys) -> Result<Vec<MissingInclude>, BuildError> {
        // A semicolon would begin a comment, and the server would see a shorter path.
        if let Some(path) =
            keys.values().find(|path| path.contains(|c: char| c == ';' || c.is_control()))
        {
            return Err(BuildError::OddPath { path: path.clone() });
        }
        let mut files = Files::new();
        for (name, parts) in self.files {
            let rendered = Rendered::new(&name, parts, keys)?;
            files.insert(name, rendered);
        }
        let missing = includes::check(&files, etc)?;
        for (name, file) in &files {
            let path = etc.join(name);
            let folder = path.parent().unwrap_or(etc);
            fs::create_dir_all(folder).map_err(at(folder))?;
            fs::write(&path, &file.text).map_err(at(&path))?;
        }
        self.permissions.iter().try_for_each(|permissions| permissions.apply(etc))?;
        Ok(missing)
    }
}

fn check_name(name: &str) -> Result<(), BuildError> {
    let inside = |part| matches!(part, Component::Normal(_));
    if name.is_empty() || !Path::new(name).components().all(inside) {
        return Err(BuildError::Name { name: name.to_owned() });
    }
    if Path::new(name) == Path::new("asterisk.conf") {
        return Err(BuildError::AsteriskConf { from: "the code".to_owned() });
    }
    Ok(())
}

/// `asterisk.conf` with the options that the code sets.
fn asterisk_conf(options: &[(String, String)]) -> Result<String, BuildError> {
    let mut conf = BASE[0].1.to_owned();
    for (key, value) in options {
        let line = format!("{key} = {}", conf::escaped(value));
        if line.contains(['\n', '\r']) || !is_option(&line) {
            return Err(BuildError::Option { key: key.clone() });
        }
        conf.push_str(&line);
        conf.push('\n');
    }
    Ok(conf)
}
