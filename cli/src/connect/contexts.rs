//! The file of named servers, `contexts.toml`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rustix::fs::OFlags;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::guard;
use super::secret::Secret;
use crate::exit::{Exit, Failure};

/// The keys of a context.
const KEYS: [&str; 7] =
    ["address", "user", "tls", "tls_ca", "tls_name", "secret_command", "secret"];

const HOST_ALONE: &str = "host[:port] alone; the user has a key of its own, and a secret goes into \
    AMI_SECRET, `secret_command` or the prompt";

/// A named server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Context {
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) address: String,
    pub(crate) tls: bool,
    /// A path, which counts from the folder of the file unless it is absolute.
    pub(crate) tls_ca: Option<PathBuf>,
    pub(crate) tls_name: Option<String>,
    /// The program and its arguments.
    pub(crate) secret_command: Option<Vec<String>>,
    pub(crate) secret: Option<Secret>,
    /// The keys that the program does not know.
    pub(crate) unknown: Vec<String>,
}

/// The named servers. The file keeps its comments, its order and its unknown keys.
#[derive(Debug)]
pub(crate) struct Contexts {
    pub(crate) path: PathBuf,
    document: DocumentMut,
}

impl Contexts {
    /// Reads the file. Without a file there are no contexts. Returns `None` if there is no place
    /// for a file, because the user has no home folder.
    pub(crate) fn load() -> Result<Option<Self>, Failure> {
        path().map(Self::read).transpose()
    }

    fn read(path: PathBuf) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| {
            let error = anyhow::Error::new(error);
            Failure::new(Exit::Usage, error.context(format!("{} cannot be read", path.display())))
        };
        // A pipe of that name would be waited for without end.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let mut file = match File::options().read(true).custom_flags(flags).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, document: DocumentMut::new() });
            }
            Err(error) => return Err(unreadable(error)),
        };
        guard::private(&file, &path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            // The message of the library quotes the line, which may hold a secret.
            let line = error.span().map_or(1, |at| text[..at.start].matches('\n').count() + 1);
            Failure::usage(format!("{}:{line}: expected TOML", path.display()))
        })?;
        Ok(Self { path, document })
    }

    /// Returns the names, in the order of the file.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.tables().into_iter().flat_map(TableLike::iter).map(|(name, _)| name).collect()
    }

    /// Returns the name of the current context.
    pub(crate) fn current(&self) -> Result<Option<&str>, Failure> {
        let Some(item) = self.document.get("current") else { return Ok(None) };
        item.as_str().map(Some).ok_or_else(|| self.wrong("current", "a text"))
    }

    /// Returns a context.
    pub(crate) fn get(&self, name: &str) -> Result<Context, Failure> {
        let Some(item) = self.tables().and_then(|tables| tables.get(name)) else {
            return Err(self.unknown(name));
        };
        let place = |key: &str| format!("contexts.{name}.{key}");
        let Some(table) = item.as_table_like() else {
            return Err(self.wrong(&format!("contexts.{name}"), "a table"));
        };
        let text = |key: &str| match table.get(key) {
            None => Ok(None),
            Some(item) => {
                let text = item.as_str().map(|text| Some(text.to_owned()));
                text.ok_or_else(|| self.wrong(&place(key), "a text"))
            }
        };
        let needed = |key: &str| {
            text(key)?.ok_or_else(|| self.wrong(&place(key), "a text, but there is no such key"))
        };
        let tls = match table.get("tls") {
            None => false,
            Some(item) => {
                item.as_bool().ok_or_else(|| self.wrong(&place("tls"), "true or false"))?
            }
        };
        let secret = text("secret")?;
        let secret = secret.map(|it| Secret::new(it, &place("secret"))).transpose()?;
        let command = table.get("secret_command").map(|item| {
            words(item)
                .ok_or_else(|| self.wrong(&place("secret_command"), "a list of texts, not empty"))
        });
        let address = needed("address")?;
        // The part before the `@` may have a secret, which no list or error may show.
        if address.contains('@') {
            return Err(self.wrong(&place("address"), HOST_ALONE));
        }
        let unknown = table.iter().map(|(key, _)| key).filter(|key| !KEYS.contains(key));
        Ok(Context {
            name: name.to_owned(),
            user: needed("user")?,
            address,
            tls,
            tls_ca: text("tls_ca")?.map(|path| self.folder().join(path)),
            tls_name: text("tls_name")?,
            secret_command: command.transpose()?,
            secret,
            unknown: unknown.map(str::to_owned).collect(),
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tables().is_some_and(|tables| tables.contains_key(name))
    }

    /// Adds a context, or changes one. Comments and unknown keys of one that is there stay.
    pub(crate) fn set(&mut self, context: &Context) -> Result<(), Failure> {
        let wrong = |what: &str| self.wrong(what, "a table");
        let (all, one) = (wrong("contexts"), wrong(&format!("contexts.{}", context.name)));
        let mut hidden = Table::new();
        hidden.set_implicit(true);
        let tables = self.document.entry("contexts").or_insert(Item::Table(hidden));
        let tables = tables.as_table_like_mut().ok_or(all)?;
        let table = tables.entry(&context.name).or_insert(Item::Table(Table::new()));
        let table = table.as_table_like_mut().ok_or(one)?;
        let path = |path: &PathBuf| value(path.display().to_string());
        let list = |words: &Vec<String>| value(words.iter().collect::<Array>());
        for (key, item) in [
            ("address", Some(value(&context.address))),
            ("user", Some(value(&context.user))),
            ("tls", context.tls.then(|| value(true))),
            ("tls_ca", context.tls_ca.as_ref().map(path)),
            ("tls_name", context.tls_name.as_ref().map(value)),
            ("secret_command", context.secret_command.as_ref().map(list)),
            ("secret", context.secret.as_ref().map(|it| value(it.reveal()))),
        ] {
            match item {
                Some(item) => set(table, key, item),
                None => drop(table.remove(key)),
            }
        }
        Ok(())
    }

    /// Removes a context. It is not the current one any more.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        let tables = self.document.get_mut("contexts").and_then(Item::as_table_like_mut);
        if tables.and_then(|tables| tables.remove(name)).is_none() {
            return Err(self.unknown(name));
        }
        if self.current()? == Some(name) {
            self.document.remove("current");
        }
        Ok(())
    }

    pub(crate) fn set_current(&mut self, name: &str) -> Result<(), Failure> {
        // A context that no command can connect with is not chosen.
        self.get(name)?;
        if !is_name(name) {
            let text = "the name of the context cannot be used: expected letters, digits, `-`, \
                `_` and `.`";
            return Err(Failure::usage(text));
        }
        // A key of the document itself stands before all tables.
        set(self.document.as_table_mut(), "current", value(name));
        Ok(())
    }

    /// Changes the file: at once or not at all, for the user alone, and one program after another.
    /// Returns `None` if there is no place for a file.
    pub(crate) fn change<T>(
        change: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        use std::os::unix::fs::DirBuilderExt;

        let Some(named) = path() else { return Ok(None) };
        // A link to the file stays a link.
        let path = match fs::canonicalize(&named) {
            Ok(path) => path,
            Err(_) if named.is_symlink() => {
                let text = format!("{} is a link to a file that is not there", named.display());
                return Err(Failure::usage(text));
            }
            Err(_) => named.clone(),
        };
        let folder = folder_of(&path);
        let failed = |error: io::Error| {
            let error = anyhow::Error::new(error);
            Failure::new(Exit::Refused, error.context(format!("writing {}", path.display())))
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        guard::folder(folder)?;
        // The file itself is replaced, and a lock on it would be of the former one.
        let lock = File::open(folder).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut contexts = Self::read(named)?;
        let changed = change(&mut contexts)?;
        contexts.write(&path, folder).map_err(failed)?;
        Ok(Some(changed))
    }

    fn write(&self, path: &Path, folder: &Path) -> io::Result<()> {
        // The mode of a temporary file is 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.document.to_string().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    fn tables(&self) -> Option<&dyn TableLike> {
        self.document.get("contexts").and_then(Item::as_table_like)
    }

    fn folder(&self) -> &Path {
        folder_of(&self.path)
    }

    fn unknown(&self, name: &str) -> Failure {
        let names = self.names();
        let known = match &names[..] {
            [] => "there are none; `ami context add` adds one".to_owned(),
            names => format!("contexts are: {}", names.join(", ")),
        };
        // A text that is no name may be a secret, and is not repeated.
        let name = if is_name(name) { format!("{name:?}") } else { "of that name".to_owned() };
        Failure::usage(format!("there is no context {name} in {}; {known}", self.path.display()))
    }

    fn wrong(&self, key: &str, expected: &str) -> Failure {
        Failure::usage(format!("{}: {key}: expected {expected}", self.path.display()))
    }
}

/// Returns `true` if the text can be the name of a context.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    !text.is_empty() && text.chars().all(is_part)
}

/// Returns the path of the file: `AMI_CONTEXTS`, or that in the folder of settings.
fn path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    set("AMI_CONTEXTS").or_else(|| {
        let config = set("XDG_CONFIG_HOME").filter(|it| it.is_absolute());
        let config = config.or_else(|| Some(env::home_dir()?.join(".config")));
        Some(config.filter(|it| it.is_absolute())?.join("ami/contexts.toml"))
    })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Sets a key. A comment behind the former value stays.
fn set(table: &mut dyn TableLike, key: &str, mut item: Item) {
    let before = table.get(key).and_then(Item::as_value);
    if let (Some(before), Some(value)) = (before, item.as_value_mut()) {
        *value.decor_mut() = before.decor().clone();
    }
    table.insert(key, item);
}

fn words(item: &Item) -> Option<Vec<String>> {
    let words = item.as_array()?.iter().map(|it| it.as_str().map(str::to_owned));
    words.collect::<Option<Vec<_>>>().filter(|words| !words.is_empty())
}
