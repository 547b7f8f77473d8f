//! The files of a test suite: YAML with the place of everything, the `test-config.yaml` of a test
//! and of the suite, the lists that name tests, and versions of Asterisk.
//!
//! This room depends on no other. Values cross its door with their file and line, so that every
//! later complaint can say where; errors are [`ConfigError`]s.
//!
//! Pitfalls: the files are in YAML 1.1 as PyYAML reads it. Of repeated keys the last one counts. A
//! scalar stays text until somebody asks for a number or a boolean, and quotes change the answer.

mod global;
mod ids;
mod section;
pub(crate) mod suggest;
pub(crate) mod suite;
mod test_config;
mod version;
mod yaml;

pub use self::global::GlobalConfig;
pub use self::ids::{Id, Ids};
pub use self::section::Section;
pub use self::suite::{FoundTest, Suite};
pub(crate) use self::suite::{LIST, below};
pub(crate) use self::test_config::OWN_SECTIONS;
pub use self::test_config::{Dependency, ModuleConfig, TestConfig};
pub use self::version::{AsteriskVersion, VersionError};
pub use self::yaml::{ConfigError, Document, Duplicate, Mapping, Node, Value};
