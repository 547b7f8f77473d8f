//! The part of a server's XML documentation that its boot needs.
//!
//! The configuration framework checks each option against `core-en_US.xml`, so a server does not
//! boot without that file; and it looks up the synopsis of each application, function and action.
//! The rest, which `core show help` prints, is most of the file, and reading it is most of the time
//! of a small boot. So there is a shorter form, which is made once for each server and kept in the
//! cache.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};
use uuid::Uuid;

/// The part of its documentation that a server gets.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Documentation {
    /// The parts that the boot needs, and the synopsis of each application, function, action and
    /// option. A small boot takes a sixth of the time.
    #[default]
    Short,
    /// Everything, for tests that read the help texts (`core show application`, `config show
    /// help`), the support levels of modules or the documentation of events.
    Full,
}

/// The version of the short form, which is part of the key of the cache. It is counted up when the
/// form changes.
const FORM: u32 = 1;

/// The time after which an unused documentation is removed. A server reads it when it boots.
const KEEP: Duration = Duration::from_hours(30 * 24);

/// The age at which the time of the last use is updated.
const FRESH: Duration = Duration::from_hours(24);

/// The elements of the file that are kept, in the order in which they are written: the server
/// searches them from the beginning for each name.
const KEPT: [&str; 6] = ["configInfo", "manager", "agi", "managerEvent", "application", "function"];

/// The elements that are kept inside a `configInfo`: the options, and the includes of other
/// options.
const STRUCTURE: [&str; 4] = ["configFile", "configObject", "configOption", INCLUDE];
const INCLUDE: &str = "xi:include";

/// Returns a folder with the short form of the documentation in another folder. It is made now, or
/// was kept in the cache since an earlier run with the same files.
pub(crate) fn shortened(from: &Path, cache: &Path) -> io::Result<PathBuf> {
    let files = files(from)?;
    if files.is_empty() {
        return Ok(from.to_owned());
    }
    let mut state = DefaultHasher::new();
    (FORM, KEPT, STRUCTURE).hash(&mut state);
    for (path, metadata) in &files {
        (path, metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut state);
    }
    let parent = cache.join("documentation");
    let folder = parent.join(format!("{:016x}", state.finish()));
    if folder.is_dir() {
        note_use(&folder);
        return Ok(folder);
    }
    fs::create_dir_all(&parent)?;
    remove_unused(&parent)?;
    // The folder is complete when it gets its name, from the first of several processes.
    let partial = parent.join(format!(".partial-{}", Uuid::new_v4().simple()));
    let made = fill(&partial, from, &files).and_then(|()| match fs::rename(&partial, &folder) {
        Err(_) if folder.is_dir() => Ok(()),
        renamed => renamed,
    });
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    made.map(|()| folder)
}

/// Returns the time since the last use of a folder, which is the time of its last change.
fn unused(folder: &Path) -> Duration {
    let changed = fs::symlink_metadata(folder).and_then(|metadata| metadata.modified());
    changed.ok().and_then(|then| then.elapsed().ok()).unwrap_or_default()
}

/// Notes the use of a folder. A folder that this user cannot change is left to its owner.
fn note_use(folder: &Path) {
    if unused(folder) > FRESH
        && let Err(error) = File::open(folder).and_then(|it| it.set_modified(SystemTime::now()))
    {
        tracing::debug!(path = %folder.display(), %error, "the use is not noted");
    }
}

/// Removes folders that nobody has used for long, and the rests that killed processes left. A
/// folder that somebody begins to use meanwhile stays.
fn remove_unused(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let (path, is_old) = (entry?.path(), |path: &Path| unused(path) > KEEP);
        if !is_old(&path) {
            continue;
        }
        // A folder must not be found while a part of it is gone.
        let away = parent.join(format!(".partial-{}", Uuid::new_v4().simple()));
        let removed = fs::rename(&path, &away).and_then(|()| match is_old(&away) {
            true => fs::remove_dir_all(&away),
            false => fs::rename(&away, &path),
        });
        // Another process may have removed it, and nothing depends on it.
        if let Err(error) = removed {
            tracing::debug!(path = %path.display(), %error, "an unused documentation stays");
        }
    }
    Ok(())
}

/// Makes a folder with the short form, without a cache.
pub(crate) fn shorten_into(folder: &Path, from: &Path) -> io::Result<()> {
    fill(folder, from, &files(from)?)
}

/// Fills a new folder.
fn fill(folder: &Path, from: &Path, files: &BTreeMap<PathBuf, fs::Metadata>) -> io::Result<()> {
    fs::create_dir(folder)?;
    for path in files.keys() {
        let short = shorten(&fs::read_to_string(path)?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        fs::write(folder.join(path.file_name().unwrap_or_default()), short)?;
    }
    // Modules of third parties bring their own documentation there, which is small.
    let third_party = from.join("thirdparty");
    if third_party.is_dir() {
        symlink(third_party, folder.join("thirdparty"))?;
    }
    Ok(())
}

/// Returns the XML files of a folder.
fn files(folder: &Path) -> io::Result<BTreeMap<PathBuf, fs::Metadata>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            let metadata = fs::metadata(&path)?;
            files.insert(path, metadata);
        }
    }
    Ok(files)
}

/// Returns the short form of a documentation file.
fn shorten(text: &str) -> quick_xml::Result<Vec<u8>> {
    let mut reader = Reader::from_str(text);
    let root = loop {
        match reader.read_event()? {
            Event::Start(root) => break root,
            Event::Eof => return Err(cut_off()),
            _ => {}
        }
    };
    let mut parts = KEPT.map(|_| Writer::new(Vec::new()));
    loop {
        match reader.read_event()? {
            Event::Start(element) => match kept(&element) {
                Some(at) => copy(&mut reader, &element, &mut parts[at])?,
                None => {
                    reader.read_to_end(element.name())?;
                }
            },
            Event::Empty(element) => {
                if let Some(at) = kept(&element) {
                    parts[at].write_event(Event::Empty(element))?;
                }
            }
            Event::End(_) => break,
            Event::Eof => return Err(cut_off()),
            _ => {}
        }
    }
    let mut out = Writer::new(Vec::new());
    out.write_event(Event::Start(root.borrow()))?;
    for part in parts {
        out.get_mut().extend(part.into_inner());
    }
    out.write_event(Event::End(root.to_end()))?;
    Ok(out.into_inner())
}

fn cut_off() -> quick_xml::Error {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}

fn kept(element: &BytesStart<'_>) -> Option<usize> {
    KEPT.iter().position(|name| *name == element.name().as_ref())
}

/// Copies an element without what the boot does not need.
fn copy(
    reader: &mut Reader<&[u8]>,
    element: &BytesStart<'_>,
    out: &mut Writer<Vec<u8>>,
) -> quick_xml::Result<()> {
    let name = element.name();
    let is_config = name.as_ref() == KEPT[0] || STRUCTURE.contains(&name.as_ref());
    // An include in an option stands for explanations.
    let includes = name.as_ref() != "configOption";
    let belongs = |child: &BytesStart<'_>| {
        let child = child.name();
        is_config && STRUCTURE.contains(&child.as_ref()) && (includes || child.as_ref() != INCLUDE)
    };
    out.write_event(Event::Start(element.borrow()))?;
    loop {
        match reader.read_event()? {
            Event::Start(child) if child.name().as_ref() == "synopsis" => {
                out.write_event(Event::Start(child.borrow()))?;
                copy_text(reader, out)?;
                out.write_event(Event::End(child.to_end()))?;
            }
            Event::Start(child) if belongs(&child) => copy(reader, &child, out)?,
            Event::Start(child) => {
                reader.read_to_end(child.name())?;
            }
            Event::Empty(child) if belongs(&child) => out.write_event(Event::Empty(child))?,
            Event::End(_) => break,
            Event::Eof => return Err(cut_off()),
            _ => {}
        }
    }
    Ok(out.write_event(Event::End(element.to_end()))?)
}

/// Copies the text of an element to its end, without the elements in it.
fn copy_text(reader: &mut Reader<&[u8]>, out: &mut Writer<Vec<u8>>) -> quick_xml::Result<()> {
    let mut depth = 1;
    while depth > 0 {
        match reader.read_event()? {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => return Err(cut_off()),
            text @ (Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => {
                out.write_event(text)?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> String {
        String::from_utf8(shorten(text).unwrap()).unwrap()
    }

    #[test]
    fn options_and_synopses_are_kept_and_explanations_are_not() {
        let text = r#"<?xml version="1.0"?><!DOCTYPE docs SYSTEM "x.dtd">
            <docs xmlns:xi="http://www.w3.org/2001/XInclude">
              <module name="m"><depend>x</depend></module>
              <application name="A" language="en_US"><synopsis>Does <b>a</b> &amp; b.</synopsis><syntax/></application>
              <configInfo name="c" language="en_US"><synopsis>C</synopsis><description><para>long</para></description>
                <configFile name="c.conf"><configObject name="o">
                  <configOption name="x" default="1"><synopsis>X</synopsis>
                    <description><xi:include xpointer="note"/></description><xi:include xpointer="note"/>
                  </configOption>
                  <configOption name="y"/>
                  <xi:include xpointer="option"/>
                </configObject></configFile>
              </configInfo>
            </docs>"#;
        assert_eq!(
            short(text),
            "<docs xmlns:xi=\"http://www.w3.org/2001/XInclude\">\
             <configInfo name=\"c\" language=\"en_US\"><synopsis>C</synopsis><configFile name=\"c.conf\"><configObject name=\"o\">\
             <configOption name=\"x\" default=\"1\"><synopsis>X</synopsis></configOption><configOption name=\"y\"/>\
             <xi:include xpointer=\"option\"/></configObject></configFile></configInfo>\
             <application name=\"A\" language=\"en_US\"><synopsis>Does a &amp; b.</synopsis></application></docs>"
        );
    }

    #[test]
    fn a_file_that_is_no_xml_is_an_error() {
        let cut_off = ["", "<docs>", "<docs><manager>", "<docs><manager><synopsis>"];
        for text in
            cut_off.into_iter().chain(["<docs><manager></docs>", "<docs><manager name='x'><syn"])
        {
            assert!(shorten(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_changed_file_is_shortened_anew_and_an_unchanged_one_is_not() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let (from, cache) = (folder.join("from"), folder.join("cache"));
        fs::create_dir_all(from.join("thirdparty")).unwrap();
        fs::write(from.join("core-en_US.xml"), "<docs><manager name=\"a\"/></docs>").unwrap();
        let first = shortened(&from, &cache).unwrap();
        assert!(first.join("thirdparty").is_dir());
        assert_eq!(shortened(&from, &cache).unwrap(), first);
        fs::write(from.join("core-en_US.xml"), "<docs><manager name=\"other\"/></docs>").unwrap();
        let second = shortened(&from, &cache).unwrap();
        assert_ne!(first, second);
        assert!(fs::read_to_string(second.join("core-en_US.xml")).unwrap().contains("other"));
        assert_eq!(fs::read_dir(cache.join("documentation")).unwrap().count(), 2);
    }

    #[test]
    fn what_nobody_has_used_for_long_is_removed_when_one_is_made() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        let cache = folder.join("cache");
        let make = |name: &str| {
            let from = folder.join(name);
            fs::create_dir_all(&from).unwrap();
            fs::write(from.join("core-en_US.xml"), "<docs><manager name=\"a\"/></docs>").unwrap();
            shortened(&from, &cache).unwrap()
        };
        let (unused, used, other) = (make("unused"), make("used"), make("other"));
        let killed = cache.join("documentation/.partial-0");
        fs::create_dir(&killed).unwrap();
        for path in [&unused, &used, &killed] {
            let long_ago = SystemTime::now() - 2 * KEEP;
            File::open(path).unwrap().set_modified(long_ago).unwrap();
        }
        let from = folder.join("used");
        assert_eq!(shortened(&from, &cache).unwrap(), used);
        let new = make("new");
        assert!(!unused.exists() && !killed.exists());
        assert!(used.is_dir() && other.is_dir() && new.is_dir());
        assert_eq!(fs::read_dir(cache.join("documentation")).unwrap().count(), 3);
    }
}
