//! The pages of components, for people: a list of all, or the page of one.

use std::io::{self, Write};

use crate::components::Registry;
use crate::files::suggest;

/// Prints the names of all components with what each is for, or the page of the one that is named.
///
/// # Errors
///
/// Returns an error if there is no such component, or if the output cannot be written.
pub(crate) fn print(registry: &Registry, name: Option<&str>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let Some(name) = name else {
        for (name, page) in registry.pages() {
            writeln!(out, "{name:45} {}", page.map_or("", summary))?;
        }
        return Ok(());
    };
    let Some((_, page)) = registry.pages().find(|(it, _)| *it == name) else {
        let hint = suggest::hint(name, registry.pages().map(|(name, _)| name));
        anyhow::bail!("there is no component {name}{hint}");
    };
    write!(out, "{}", page.unwrap_or("It has no page.\n"))?;
    Ok(())
}

/// The first sentence of a page, below its heading.
fn summary(page: &str) -> &str {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}
