//! The elements of the tests of a run, as they stand in a report in XML: each is made when its test
//! ends, and all are put together when the run does. Between the two they are in a file, so that
//! much output of many tests is not held in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::report::{Finished, Summary, held, junit};

/// The elements of a run.
#[derive(Debug)]
pub(crate) struct Cases {
    file: File,
    length: u64,
    /// The place and the length of the element of each test.
    places: BTreeMap<String, (u64, usize)>,
}

impl Cases {
    /// Elements in a file in this folder, which has no name there.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: held::file(folder)?, length: 0, places: BTreeMap::new() })
    }

    /// Forgets those of the run before.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        self.places.clear();
        self.length = 0;
        self.file.set_len(0)
    }

    /// Adds the one of a test.
    pub(crate) fn add(&mut self, test: &Finished) -> io::Result<()> {
        let element = junit::testcase(test)?;
        self.file.write_all_at(element.as_bytes(), self.length)?;
        self.places.insert(test.name.clone(), (self.length, element.len()));
        self.length += u64::try_from(element.len()).unwrap_or_default();
        Ok(())
    }

    /// Writes the element of a run, with those of its tests in the order of the summary.
    pub(crate) fn write(&self, run: &Summary, to: &mut impl Write) -> io::Result<()> {
        to.write_all(junit::begin(run)?.as_bytes())?;
        for test in &run.tests {
            if let Some(&(at, length)) = self.places.get(&test.name) {
                let mut element = vec![0; length];
                self.file.read_exact_at(&mut element, at)?;
                to.write_all(&element)?;
            }
        }
        to.write_all(junit::END_OF_RUN.as_bytes())
    }
}
