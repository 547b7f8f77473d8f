//! `ami completion`: scripts that complete the command line in a shell.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::exit::{Exit, Failure};
use crate::out::{Form, Out};

/// Print the script that completes the command line in a shell
///
/// bash: ami completion bash > ~/.local/share/bash-completion/completions/ami;
/// zsh: ami completion zsh > "${fpath[1]}/_ami";
/// fish: ami completion fish > ~/.config/fish/completions/ami.fish
#[derive(Debug, Args)]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(&self, mut program: clap::Command, out: &mut Out) -> Result<Exit, Failure> {
        if out.form != Form::People {
            return Err(Failure::usage("a completion script has no other form"));
        }
        let mut script = Vec::new();
        generate(self.shell, &mut program, "ami", &mut script);
        out.bytes(&script);
        Ok(Exit::Done)
    }
}
