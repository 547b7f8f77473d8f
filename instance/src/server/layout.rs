//! The places of a server's files: below `/`, or below a folder of its own.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of a server that all of its instances share. A server writes there only if a
/// dialplan says so, for example to record a sound under the name of a language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directories {
    /// `astmoddir`: the modules.
    pub modules: PathBuf,
    /// `astdatadir`: sounds, documentation and so on.
    pub data: PathBuf,
    /// `astetcdir`: the configuration that was installed with the server, if there is one.
    pub configuration: Option<PathBuf>,
}

/// The place where a server was installed.
#[derive(Debug)]
pub(crate) struct Installation {
    /// The folder that stands for `/`: that itself for a server of the system, another one for a
    /// server that was fetched, or installed with `DESTDIR` or a prefix.
    pub(crate) root: PathBuf,
    /// The folders below which a file of the server may name its own ones, the nearest first. With
    /// `DESTDIR`, it is one of them.
    above: Vec<PathBuf>,
    /// The folders that have the `lib`, `share`, `etc` and `var` of the server in them.
    prefixes: Vec<PathBuf>,
}

impl Installation {
    pub(crate) fn of(binary: &Path) -> Self {
        let root = root_of(binary);
        let folder = binary.parent().unwrap_or_else(|| Path::new("/"));
        let is_installed = folder.ends_with("sbin") || folder.ends_with("bin");
        let own = folder.parent().filter(|_| is_installed).map(Path::to_owned);
        let usual = [root.join("usr"), root.clone(), root.join("usr/local")];
        let mut prefixes: Vec<PathBuf> = Vec::new();
        for prefix in own.into_iter().chain(usual) {
            if !prefixes.contains(&prefix) {
                prefixes.push(prefix);
            }
        }
        // The files of the system belong to another server.
        let is_ours = |path: &&Path| root == Path::new("/") || *path != Path::new("/");
        let above = folder.ancestors().skip(1).filter(is_ours).map(Path::to_owned).collect();
        Self { root, above, prefixes }
    }

    /// Returns the folders for libraries, each followed by those that it has for an architecture.
    fn libraries(&self) -> impl Iterator<Item = PathBuf> {
        let folders = self.prefixes.iter().flat_map(|it| [it.join("lib"), it.join("lib64")]);
        folders.flat_map(|folder| {
            let inside = subfolders(&folder);
            std::iter::once(folder).chain(inside)
        })
    }

    /// Returns the folders with libraries that were installed with a server below a root of its
    /// own. The loader does not look there.
    pub(crate) fn own_libraries(&self) -> Vec<PathBuf> {
        if self.root == Path::new("/") {
            return Vec::new();
        }
        let is_own = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libasterisk") && name.contains(".so")
        };
        self.libraries().filter(|folder| entries(folder).iter().any(is_own)).collect()
    }

    /// Returns the folder of the configuration that was installed with the server.
    fn configuration(&self) -> Option<PathBuf> {
        let folders = self.prefixes.iter().chain(&self.above);
        let mut folders = folders.map(|folder| folder.join("etc/asterisk"));
        folders.find(|folder| folder.join("asterisk.conf").is_file())
    }

    /// Returns the places of a folder that a file of the server names. Below a root of its own, the
    /// folder is named as if that root were `/`.
    fn named(&self, path: &Path) -> Vec<PathBuf> {
        let inside = path.strip_prefix("/").unwrap_or(path);
        self.above.iter().map(|folder| folder.join(inside)).collect()
    }
}

fn root_of(binary: &Path) -> PathBuf {
    for tail in ["usr/local/sbin", "usr/sbin", "sbin", "usr/bin", "bin"] {
        if let Some(folder) = binary.parent()
            && folder.ends_with(tail)
        {
            let depth = Path::new(tail).components().count();
            return folder.ancestors().nth(depth).unwrap_or(folder).to_owned();
        }
    }
    PathBuf::from("/")
}

/// Returns the dynamic loader and the library folders of a root that brings its own. A server of
/// the system needs neither.
pub(crate) fn loader(root: &Path) -> Option<(PathBuf, OsString)> {
    if root == Path::new("/") {
        return None;
    }
    // Each architecture has a triplet and a loader of its own.
    let loader = ["usr/lib", "lib"].iter().find_map(|lib| {
        let files = subfolders(&root.join(lib)).into_iter().flat_map(|triplet| entries(&triplet));
        files.filter(|path| is_loader(path)).min()
    })?;
    let libraries = ["usr/lib", "lib"].iter().flat_map(|lib| {
        let folder = root.join(lib);
        let with_libc = |path: &PathBuf| entries(path).iter().any(|path| is_library(path));
        let mut folders: Vec<_> = subfolders(&folder).into_iter().filter(with_libc).collect();
        folders.extend(entries(&folder).iter().any(|path| is_library(path)).then_some(folder));
        folders
    });
    let joined = std::env::join_paths(libraries).ok()?;
    Some((fs::canonicalize(loader).ok()?, joined))
}

fn is_loader(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("ld-linux") && name.contains(".so.")
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("lib") && name.contains(".so")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut entries: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// Finds the modules and the data of a server: in the folders that its own `asterisk.conf` names,
/// or else in the usual places.
pub(crate) fn directories(place: &Installation) -> Result<Directories, LayoutError> {
    let configuration = place.configuration();
    let conf = configuration.as_ref().and_then(|folder| {
        let text = fs::read(folder.join("asterisk.conf")).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    let named = |key| conf.as_deref().and_then(|text| named_directory(text, key));
    let pick = |key: &'static str, witness: &'static str, usual: Vec<PathBuf>| {
        let named = named(key);
        let inside = named.iter().flat_map(|path| place.named(path));
        // A folder of the system's comes last: one with that name may be another server's.
        let mut places: Vec<_> = inside.chain(usual).chain(named.clone()).collect();
        let mut seen = BTreeSet::new();
        places.retain(|place| seen.insert(place.clone()));
        let found = places.iter().position(|place| place.join(witness).exists());
        match found {
            Some(at) => Ok(places.swap_remove(at)),
            None => Err(LayoutError { key, witness, places }),
        }
    };
    let modules = place.libraries().map(|folder| folder.join("asterisk/modules")).collect();
    let data = place.prefixes.iter();
    let data = data.flat_map(|it| [it.join("share/asterisk"), it.join("var/lib/asterisk")]);
    Ok(Directories {
        modules: pick("astmoddir", MODULE, modules)?,
        data: pick("astdatadir", DOCUMENTATION, data.collect())?,
        configuration,
    })
}

/// A module that every server has.
const MODULE: &str = "pbx_config.so";

/// The folder of the documentation, which every server needs.
const DOCUMENTATION: &str = "documentation";

/// Returns a directory that an `asterisk.conf` names. The server uses its built-in directories if
/// the section is marked `(!)`, as in the sample file. They are the same, so such a section counts,
/// too.
fn named_directory(conf: &str, key: &str) -> Option<PathBuf> {
    let mut inside = false;
    let mut found = None;
    for line in conf.lines() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            inside = line.starts_with("[directories]");
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            found = Some(PathBuf::from(value.trim_start_matches('>').trim()));
        }
    }
    found
}

/// The error of a server's folder that was not found.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}, expected in one of {}; `make install` installs it; where it is elsewhere, name that folder as {key} in the server's asterisk.conf",
    self.what(),
    .places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct LayoutError {
    /// The key of `asterisk.conf`.
    pub key: &'static str,
    /// A file that should be in the folder.
    pub witness: &'static str,
    /// The places that were searched.
    pub places: Vec<PathBuf>,
}

impl LayoutError {
    fn what(&self) -> &'static str {
        if self.witness == DOCUMENTATION {
            "it has no documentation (documentation/core-en_US.xml), without which a server does not boot"
        } else {
            "it has no modules (pbx_config.so is missing)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_above_the_folder_of_binaries() {
        for (binary, root) in [
            ("/usr/sbin/asterisk", "/"),
            ("/usr/local/sbin/asterisk", "/"),
            ("/home/me/22/usr/sbin/asterisk", "/home/me/22"),
            ("/opt/asterisk/sbin/asterisk", "/opt/asterisk"),
            ("/srv/build/asterisk", "/"),
        ] {
            assert_eq!(root_of(Path::new(binary)), Path::new(root), "{binary}");
        }
    }

    #[test]
    fn directories_are_read_from_asterisk_conf() {
        let conf = "[options]\nastmoddir = /wrong\n[directories](!) ; sample\nastmoddir => /a/b ; here\n;astdatadir => /c\nastdatadir=/d\n";
        assert_eq!(named_directory(conf, "astmoddir"), Some("/a/b".into()));
        assert_eq!(named_directory(conf, "astdatadir"), Some("/d".into()));
        assert_eq!(named_directory(conf, "astlogdir"), None);
    }
}
