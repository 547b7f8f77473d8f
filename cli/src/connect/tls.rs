//! TLS, by the options or by a context.

use std::path::PathBuf;
use std::{fmt, fs};

use ami::Tls;
use anyhow::Context as _;

use super::contexts::Context;
use crate::exit::{Exit, Failure};
use crate::options::Options;

/// The settings of TLS.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Settings {
    /// The file with the certificates to trust, in place of the system's.
    ca: Option<PathBuf>,
    /// The name that the certificate has to be for.
    name: Option<String>,
}

impl Settings {
    /// Returns the settings, or `None` without TLS. Options go before the context.
    pub(super) fn of(options: &Options, context: Option<&Context>) -> Option<Self> {
        let in_context = context.filter(|it| it.tls);
        if in_context.is_none() && !options.tls_is_on() {
            return None;
        }
        let ca = options.tls_ca.clone().or_else(|| in_context?.tls_ca.clone());
        let name = options.tls_name.clone().or_else(|| in_context?.tls_name.clone());
        Some(Self { ca, name })
    }

    pub(super) fn tls(&self) -> Result<Tls, Failure> {
        let tls = match &self.ca {
            None => Tls::with_system_roots().context("TLS with the system's certificates"),
            Some(path) => fs::read(path)
                .and_then(Tls::with_roots)
                .with_context(|| format!("the certificates in {}", path.display())),
        };
        let named = tls.and_then(|tls| match &self.name {
            Some(name) => tls.server_name(name).context("the name of the TLS server"),
            None => Ok(tls),
        });
        named.map_err(|error| Failure::new(Exit::Usage, error))
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.ca {
            Some(path) => write!(f, "by the certificates in {}", path.display())?,
            None => f.write_str("by the system's certificates")?,
        }
        match &self.name {
            Some(name) => write!(f, ", for the name {name}"),
            None => Ok(()),
        }
    }
}
