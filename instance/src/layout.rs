//! Where a server's files are: below `/`, or below a folder of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of a server that every instance of it shares. A server writes there only if a dialplan tells it to, for
/// example to record a sound under the name of a language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Directories {
    /// `astmoddir`: the modules.
    pub modules: PathBuf,
    /// `astdatadir`: sounds, documentation and so on.
    pub data: PathBuf,
}

/// The folder that the server was installed below: `/` for a system's own, another for a fetched one or one that was
/// installed with `DESTDIR` or a prefix.
pub(crate) fn root_of(binary: &Path) -> PathBuf {
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

/// The dynamic loader and the library folders of a root that brings its own. A system's own server needs neither.
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

/// Where the server has its modules and its data: what its own `asterisk.conf` names, or else the usual places.
pub(crate) fn directories(root: &Path) -> Result<Directories, LayoutError> {
    let confs = ["etc/asterisk", "usr/local/etc/asterisk"];
    let conf = confs.iter().find_map(|folder| {
        let text = fs::read(root.join(folder).join("asterisk.conf")).ok()?;
        Some(String::from_utf8_lossy(&text).into_owned())
    });
    let named = |key| conf.as_deref().and_then(|text| named_directory(text, key));
    let pick = |key: &'static str, witness: &'static str, usual: Vec<PathBuf>| {
        // A server below a root of its own names its folders as if that were `/`.
        let named = named(key).into_iter().flat_map(|path| {
            let inside = root.join(path.strip_prefix("/").unwrap_or(&path));
            [inside, path]
        });
        let mut places: Vec<_> = named.chain(usual).collect();
        let found = places.iter().position(|place| place.join(witness).exists());
        match found {
            Some(at) => Ok(places.swap_remove(at)),
            None => Err(LayoutError { key, witness, places }),
        }
    };
    let lib = root.join("usr/lib");
    let mut modules = vec![lib.join("asterisk/modules"), root.join("lib/asterisk/modules")];
    modules.push(root.join("usr/local/lib/asterisk/modules"));
    modules.extend(subfolders(&lib).iter().map(|triplet| triplet.join("asterisk/modules")));
    let data = ["usr/share/asterisk", "var/lib/asterisk", "usr/local/share/asterisk"];
    Ok(Directories {
        modules: pick("astmoddir", "pbx_config.so", modules)?,
        data: pick("astdatadir", "documentation", data.map(|folder| root.join(folder)).to_vec())?,
    })
}

/// A directory that an `asterisk.conf` names. A section that is marked `(!)`, as in the sample file, has the built-in
/// ones, so it counts as well.
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

/// A folder of a server that was not found.
#[derive(Debug, thiserror::Error)]
#[error(
    "{key} is not known: no {witness} in {}; name it in the server's asterisk.conf",
    .places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct LayoutError {
    /// The key of `asterisk.conf`.
    pub key: &'static str,
    /// What should be in it.
    pub witness: &'static str,
    /// Where it was looked for.
    pub places: Vec<PathBuf>,
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
