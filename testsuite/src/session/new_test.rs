//! `runtests new`: a test to begin with, and its place in the lists of tests.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::files::{Document, LIST, Node, Suite, Value, below};

/// The configuration of a test of YAML.
const YAML: &str = "\
testinfo:
    summary: 'NAME'
    description: |
        Calls the extension s of the context default and expects that its
        dialplan reports that all went well.

test-modules:
    # Makes the calls.
    test-object:
        typename: 'test_case.SimpleTestCase'
        config-section: object
    # Judges the events. `runtests components` lists what else there is.
    modules:
        -   typename: 'ami.AMIEventModule'
            config-section: events

object:
    # Seconds from when the server is up.
    reactor-timeout: 10
    test-iterations:
        -   channel: 'Local/s@default'
            application: 'Echo'

events:
    -   conditions:
            match:
                Event: 'UserEvent'
                UserEvent: 'TestResult'
        requirements:
            match:
                result: 'pass$'
        count: '1'
";

/// The dialplan of the test.
const DIALPLAN: &str = "\
[default]
exten => s,1,Answer()
same => n,Playback(beep)
same => n,UserEvent(TestResult,result:${IF($[\"${PLAYBACKSTATUS}\" = \"SUCCESS\"]?pass:fail)})
same => n,Hangup()
";

/// Writes the files of a test below the suite's `tests`, and adds it to the lists that lead to it.
/// A suite that does not exist is begun.
///
/// # Errors
///
/// Returns an error if there is such a folder already, if the name cannot be that of a test, or if
/// a list cannot take another entry; then nothing is written.
pub(crate) fn run(suite: &Path, name: &str) -> anyhow::Result<()> {
    let (folder, name) = write(suite, name)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", folder.join("test-config.yaml").display())?;
    writeln!(out, "{}", folder.join("configs/ast1/extensions.conf").display())?;
    let suite = match suite.to_str() {
        Some(".") => String::new(),
        _ => format!(" --suite {}", suite.display()),
    };
    writeln!(out, "run it with: runtests{suite} -t {name}, and --watch to run it when it changes")?;
    Ok(())
}

/// Writes the files, and returns the folder of the test and its name.
fn write(suite: &Path, name: &str) -> anyhow::Result<(PathBuf, String)> {
    let path = name.strip_prefix("tests/").unwrap_or(name);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let Some(path) = below(path).filter(|path| path.chars().all(plain)) else {
        bail!("{name}: expected the path of a test below tests, of letters, digits, `_`, `-`, `.`");
    };
    let folder = suite.join("tests").join(&path);
    if folder.exists() {
        bail!("{}: there is such a folder already", folder.display());
    }
    let lists = lists(suite, &path)?;
    let last = path.rsplit('/').next().unwrap_or(&path);
    let files = [
        (folder.join("test-config.yaml"), YAML.replace("NAME", last)),
        (folder.join("configs/ast1/extensions.conf"), DIALPLAN.to_owned()),
    ];
    for (file, text) in files.into_iter().chain(lists) {
        put(&file, &text).with_context(|| file.display().to_string())?;
    }
    let name = format!("tests/{path}");
    let found = Suite::find(suite, None)?;
    if !found.tests.iter().any(|test| test.name == name) {
        bail!("{name} was written, but the lists of tests do not lead to it");
    }
    Ok((folder, name))
}

fn put(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, text)
}

/// The lists that lead to a test, with the texts that they are to have. A list that leads to it
/// already stays as it is.
fn lists(suite: &Path, path: &str) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let parts: Vec<_> = path.split('/').collect();
    let mut folder = suite.join("tests");
    // Tests that no list names would be hidden by one that names only this.
    if !folder.join(LIST).exists() && Suite::find(suite, None).is_ok() {
        return Ok(Vec::new());
    }
    let mut lists = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let kind = if at + 1 == parts.len() { "test" } else { "dir" };
        let list = folder.join(LIST);
        if let Some(text) = with_entry(&list, kind, part)? {
            lists.push((list, text));
        }
        folder.push(part);
    }
    Ok(lists)
}

/// The text of a list with one more entry. `None` if the list has it.
fn with_entry(list: &Path, kind: &str, name: &str) -> anyhow::Result<Option<String>> {
    let entry = format!("- {kind}: '{name}'\n");
    let text = match fs::read_to_string(list) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        read => read.with_context(|| list.display().to_string())?,
    };
    let document = Document::parse(list, &text)?;
    match document.root.get("tests") {
        None if text.trim().is_empty() => return Ok(Some(format!("tests:\n    {entry}"))),
        Some(tests) if !matches!(tests.value, Value::List(_)) => {
            return Err(tests.error("expected a list of tests").into());
        }
        None => return Err(document.root.error("expected `tests:`").into()),
        Some(_) if has_entry(&document, kind, name) => return Ok(None),
        Some(_) => {}
    }
    // The last line of the list that is an entry tells how deep they stand.
    let last = text.lines().rfind(|line| line.trim_start().starts_with("- "));
    let Some(last) = last else {
        return Err(document.root.error("expected entries in lines of their own").into());
    };
    let depth = &last[..last.len() - last.trim_start().len()];
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{text}{end}{depth}{entry}");
    // Something else may be behind the list.
    if !Document::parse(list, &text).is_ok_and(|document| has_entry(&document, kind, name)) {
        return Err(document.root.error("expected the list of tests at the end").into());
    }
    Ok(Some(text))
}

/// Returns whether a list of tests has an entry.
fn has_entry(list: &Document, kind: &str, name: &str) -> bool {
    let is_it = |(key, value): (&Node, &Node)| {
        key.text() == Some(kind) && value.text().and_then(below).as_deref() == Some(name)
    };
    match list.root.get("tests").map(|tests| &tests.value) {
        Some(Value::List(items)) => items.iter().any(|item| item.entries().any(is_it)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_written_into_the_lists_that_lead_to_it_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let suite = folder.path();
        write(suite, "calls/first").unwrap();
        write(suite, "tests/calls/second/").unwrap();
        write(suite, "third").unwrap();
        let read = |name: &str| fs::read_to_string(suite.join(name)).unwrap();
        assert_eq!(read("tests/tests.yaml"), "tests:\n    - dir: 'calls'\n    - test: 'third'\n");
        let below = "tests:\n    - test: 'first'\n    - test: 'second'\n";
        assert_eq!(read("tests/calls/tests.yaml"), below);
        assert!(read("tests/third/test-config.yaml").contains("summary: 'third'"));
        let again = write(suite, "third").unwrap_err().to_string();
        assert!(again.ends_with("tests/third: there is such a folder already"), "{again}");
        for odd in ["", "/", "../x", "a b", "a/../b"] {
            let error = write(suite, odd).unwrap_err().to_string();
            assert!(error.contains("expected the path of a test"), "{odd}: {error}");
        }
        // A list in a form of its own stays as it is.
        fs::write(suite.join("tests/tests.yaml"), "tests: [{dir: calls}]\n").unwrap();
        let error = write(suite, "fourth").unwrap_err().to_string();
        assert!(error.contains("tests.yaml:1: expected entries in lines of their own"), "{error}");
        assert!(!suite.join("tests/fourth").exists());
        fs::write(suite.join("tests/tests.yaml"), "tests:\n- dir: calls\nothers:\n- x\n").unwrap();
        let error = write(suite, "fourth").unwrap_err().to_string();
        assert!(error.contains("expected the list of tests at the end"), "{error}");
        assert!(!suite.join("tests/fourth").exists());
        // Where every folder is a test, no list is begun that would hide the others.
        fs::remove_file(suite.join("tests/tests.yaml")).unwrap();
        write(suite, "fifth").unwrap();
        assert!(!suite.join("tests/tests.yaml").exists());
        assert_eq!(Suite::find(suite, None).unwrap().tests.len(), 4);
    }
}
