//! The bodies of the fuzz targets. Each takes bytes and panics on a finding.
//!
//! A target is run by cargo-fuzz, or as an ordinary program on files; `tests/replay.rs` runs all of them on the committed
//! seeds. [`targets`] lists them.

#![forbid(unsafe_code)]

use std::path::PathBuf;

mod chunks;
mod decode;
mod differential;
mod reference;
mod roundtrip;
mod router;
mod split;
mod typed;

/// The body of a target.
pub type Target = fn(&[u8]);

/// Every target, with its name: that of its binary and of its folder of seeds.
pub fn targets() -> [(&'static str, Target); 6] {
    [
        ("decode", decode::decode),
        ("differential", differential::differential),
        ("roundtrip", roundtrip::roundtrip),
        ("router", router::router),
        ("split", split::split),
        ("typed", typed::typed),
    ]
}

/// Runs a target on one input.
///
/// # Panics
///
/// If there is no such target, or there is a finding.
pub fn run(name: &str, data: &[u8]) {
    let target = targets().into_iter().find(|(known, _)| *known == name);
    let (_, target) = target.unwrap_or_else(|| panic!("no target {name}"));
    target(data);
}

/// Runs a target on the files, or the folders of files, that the command line names: the ordinary `main` of its binary.
///
/// # Panics
///
/// If there is no such target, a file cannot be read, or there is a finding.
pub fn replay(name: &str) {
    let named = std::env::args_os().skip(1).map(PathBuf::from);
    for file in named.flat_map(files) {
        let data =
            std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        run(name, &data);
        eprintln!("{}: no finding", file.display());
    }
}

fn files(path: PathBuf) -> Vec<PathBuf> {
    match std::fs::read_dir(&path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![path],
    }
}
