//! The command that launches the server of a sandbox.

use std::env;
use std::process::Command;

use crate::sandbox::logs::SANITIZER;
use crate::sandbox::{Sandbox, variables};

/// The variables with the options of sanitizers.
const SANITIZERS: [&str; 5] =
    ["ASAN_OPTIONS", "LSAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"];

impl Sandbox {
    /// Returns the command that launches the server.
    ///
    /// The environment is not that of this process: a server inherits what it and the programs that
    /// it runs need (`PATH`, `HOME`, locale and time zone, library and module paths, certificates,
    /// options of sanitizers, `AST_…`), and gets what [`Builder::env`](crate::Builder::env) sets,
    /// but no other variable. unixODBC is directed to the folder of the configuration, because
    /// `res_odbc` has it write there; only `Builder::env` can direct it elsewhere.
    pub fn command(&self) -> Command {
        let mut command = self.server.command();
        let own: Vec<_> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect();
        command.env_clear().envs(variables::inherited()).envs(own);
        command.args(["-f", "-g", "-q", "-m", "-n", "-C"]).arg(self.asterisk_conf());
        command.args(&self.arguments);
        command.env("ODBCSYSINI", self.etc()).env("ODBCINI", self.etc().join("odbc.ini"));
        let reports = self.logs().join(SANITIZER);
        for variable in SANITIZERS {
            let mut options = env::var_os(variable).unwrap_or_default();
            if !options.is_empty() {
                options.push(":");
            }
            options.push("log_path=");
            options.push(&reports);
            command.env(variable, options);
        }
        command.env(variables::NOTIFY, self.place.notify_socket());
        command.envs(self.variables.0.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.place.base);
        command
    }
}
