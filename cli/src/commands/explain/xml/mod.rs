//! The XML documentation of a server: which entries a file has, and one entry as a tree.
//!
//! A file has megabytes, and an explanation needs a few elements of it. So a file is read through
//! once, which tells the names and where the entries begin, and an entry becomes a tree when it is
//! asked for.

mod error;
mod file;
mod include;
mod path;
mod scan;
mod tree;

pub(super) use self::error::DocsError;
pub(super) use self::file::{Docs, Part, read};
pub(super) use self::include::tree;
pub(super) use self::tree::{Element, Node};
