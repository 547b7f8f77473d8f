//! The paths inside the folder of one instance.

use std::path::PathBuf;

/// The paths inside the folder of one instance.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) base: PathBuf,
    /// `astmoddir`: the server's own, unless the test brings a module.
    pub(crate) modules: PathBuf,
    /// `astsbindir`: the folder of the server's binary.
    pub(crate) binaries: PathBuf,
}

/// The keys of `asterisk.conf` that name a folder.
pub(crate) const DIRECTORIES: [&str; 12] = [
    "astetcdir",
    "astmoddir",
    "astvarlibdir",
    "astdbdir",
    "astkeydir",
    "astdatadir",
    "astagidir",
    "astspooldir",
    "astrundir",
    "astlogdir",
    "astcachedir",
    "astsbindir",
];

impl Place {
    /// Returns the folder that a key of `asterisk.conf` names.
    pub(crate) fn directory(&self, key: &str) -> Option<PathBuf> {
        Some(match key {
            "astetcdir" => self.etc(),
            "astmoddir" => self.modules.clone(),
            "astvarlibdir" | "astdbdir" | "astkeydir" | "astdatadir" => self.data(),
            "astagidir" => self.data().join("agi-bin"),
            "astspooldir" => self.spool(),
            "astrundir" => self.runtime(),
            "astlogdir" => self.logs(),
            "astcachedir" => self.cache(),
            "astsbindir" => self.binaries.clone(),
            _ => return None,
        })
    }

    pub(crate) fn etc(&self) -> PathBuf {
        self.base.join("etc/asterisk")
    }

    /// Returns the folder of modules that a test brings.
    pub(crate) fn own_modules(&self) -> PathBuf {
        self.base.join("usr/lib/asterisk/modules")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.base.join("var/lib/asterisk")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.base.join("var/spool/asterisk")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.base.join("var/run/asterisk")
    }

    pub(crate) fn control_socket(&self) -> PathBuf {
        self.runtime().join("asterisk.ctl")
    }

    /// Returns the socket of the server's service manager.
    pub(crate) fn notify_socket(&self) -> PathBuf {
        self.runtime().join("notify")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.base.join("var/log/asterisk")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.base.join("var/cache/asterisk")
    }
}
