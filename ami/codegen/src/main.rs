//! Writes the typed part of `ami` from the checked-in tables. With the feature `servers` the tables
//! are read from servers first.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use ami_codegen::{Error, Result, generate};

#[cfg(feature = "servers")]
mod servers;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ami-codegen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    #[cfg(feature = "servers")]
    servers::read(&root)?;
    for file in generate(&root)? {
        let path = root.join(file.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == file.text) {
            continue;
        }
        fs::write(&path, file.text).map_err(|error| Error::new(file.path, error.to_string()))?;
        eprintln!("written: {}", file.path);
    }
    Ok(())
}
