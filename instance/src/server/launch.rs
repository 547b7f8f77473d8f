//! The launch of a program that may have brought its own dynamic loader and libraries.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::layout::{self, Installation};
use crate::server::probe_error::ProbeError;

/// The variable with the folders of libraries that come before the system's.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// The way to launch a program.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The binary, or its loader.
    program: PathBuf,
    arguments: Vec<OsString>,
    /// The value of `LD_LIBRARY_PATH`, for libraries of the program's own that the system's loader
    /// does not look for.
    libraries: Option<OsString>,
}

impl Launch {
    /// Finds the way: by the program's own loader if it came with one.
    pub(crate) fn of(binary: &Path, installation: &Installation) -> Result<Self, ProbeError> {
        let (own, loader) = (installation.own_libraries(), layout::loader(&installation.root));
        let mut launch =
            Self { program: binary.to_owned(), arguments: Vec::new(), libraries: None };
        if loader.is_none() && own.is_empty() {
            return Ok(launch);
        }
        // The loader would take each part for a folder.
        if installation.root.to_string_lossy().contains([':', ';']) {
            return Err(ProbeError::OddPath(installation.root.clone()));
        }
        if let Some((loader, folders)) = loader {
            launch.program = loader;
            launch.arguments = vec!["--library-path".into(), folders, binary.into()];
            return Ok(launch);
        }
        let set = std::env::var_os(LIBRARIES).unwrap_or_default();
        let others = std::env::split_paths(&set).filter(|path| !path.as_os_str().is_empty());
        launch.libraries = std::env::join_paths(own.into_iter().chain(others)).ok();
        Ok(launch)
    }

    /// Returns the command that launches the program, without further arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        if let Some(libraries) = &self.libraries {
            command.env(LIBRARIES, libraries);
        }
        command
    }

    /// Returns the dynamic loader that runs the binary, if the binary is not executed by itself.
    pub(crate) fn loader(&self, binary: &Path) -> Option<&Path> {
        (self.program != binary).then_some(&self.program)
    }
}
