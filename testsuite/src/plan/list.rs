//! Listings of tests and tags.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::files::FoundTest;
use crate::plan::fates::{Fate, Planned};

/// The tests, with what they need and lack; or one to a line.
pub(crate) fn tests(
    planned: &[Planned],
    found: &[&FoundTest],
    version: &str,
    terse: bool,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !terse {
        writeln!(out, "Asterisk Version: {version}\n\nConfigured tests:")?;
    }
    for ((planned, test), number) in planned.iter().zip(found).zip(1_usize..) {
        let dependencies: Vec<_> = test
            .config
            .iter()
            .flat_map(|config| &config.dependencies)
            .filter_map(|it| it.value.text())
            .collect();
        if terse {
            let flag = match &planned.fate {
                Fate::Run(_) => 'E',
                Fate::Skip(_) => 'S',
                Fate::Lacks(..) | Fate::Broken(_) => 'D',
            };
            writeln!(out, "{number:04} {flag} {} {}", test.name, dependencies.join(","))?;
            continue;
        }
        let summary = test.config.as_ref().map_or("(none)", |config| &config.summary);
        writeln!(out, "{number:03}) {}\n      --> Summary: {summary}", test.name)?;
        match &planned.fate {
            Fate::Run(how) => writeln!(out, "      --> Runs: {how}")?,
            Fate::Skip(reason) => writeln!(out, "      --> Skip: {reason}")?,
            Fate::Broken(error) => writeln!(out, "      --> Broken: {error:#}")?,
            Fate::Lacks(unmet, how) => {
                if let Some(how) = how {
                    writeln!(out, "      --> Would run: {how}")?;
                }
                for unmet in unmet {
                    writeln!(
                        out,
                        "      --> Dependency: {} -- Met: False ({})",
                        unmet.name, unmet.reason
                    )?;
                }
            }
        }
    }
    Ok(())
}

/// The tags, with how many tests each has.
pub(crate) fn tags(found: &[&FoundTest]) -> io::Result<()> {
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in found.iter().filter_map(|it| it.config.as_ref().ok()).flat_map(|it| &it.tags) {
        *tags.entry(tag).or_default() += 1;
    }
    let mut out = io::stdout().lock();
    tags.iter().try_for_each(|(tag, count)| writeln!(out, "{tag} {count}"))
}
