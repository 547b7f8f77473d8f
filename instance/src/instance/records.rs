//! Call detail records and channel events, as the server's modules write them into files.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// The fields of `cdr-csv/Master.csv`, in the order in which `cdr_csv` writes them. The last three
/// come with `newcdrcolumns`, the two before them with `loguniqueid` and `loguserfield`.
const CDR: [&str; 21] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "peeraccount",
    "linkedid",
    "sequence",
];

/// One record of a call, or one event of a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    fields: Vec<(String, String)>,
}

impl Record {
    /// The value of a field. The name's case does not matter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The fields in their order. One that has no name has its number, from 1.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

pub(crate) fn cdr(logs: &Path) -> Result<Vec<Record>, RecordError> {
    read(&logs.join("cdr-csv/Master.csv"), &CDR)
}

pub(crate) fn cel(logs: &Path, etc: &Path) -> Result<Vec<Record>, RecordError> {
    let conf = etc.join("cel_custom.conf");
    let text = match fs::read_to_string(&conf) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(RecordError::new(&conf, error.into()));
        }
        text => text.unwrap_or_default(),
    };
    let names = mapping(&text).unwrap_or_default();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    read(&logs.join("cel-custom/Master.csv"), &names)
}

fn read(path: &Path, names: &[&str]) -> Result<Vec<Record>, RecordError> {
    let failed = |error| RecordError::new(path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error.into())),
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let records = reader.byte_records().map(|record| {
        let record = record.map_err(failed)?;
        let fields = record.iter().enumerate().map(|(at, value)| {
            let name = names.get(at).map_or_else(|| (at + 1).to_string(), |&name| name.to_owned());
            (name, String::from_utf8_lossy(value).into_owned())
        });
        Ok(Record { fields: fields.collect() })
    });
    records.collect()
}

/// The names of the fields in the line for `Master.csv` of a `cel_custom.conf`: what the innermost
/// `${…}` of each names, of a function its argument: `${CSV_QUOTE(${CHANNEL(context)})}` is
/// `context`, but `CALLERID(num)` stays what it is.
fn mapping(conf: &str) -> Option<Vec<String>> {
    let line = conf.lines().find_map(|line| line.trim_start().strip_prefix("Master.csv"))?;
    let line = line.trim_start().trim_start_matches(['=', '>', ' ']);
    let mut names = Vec::new();
    let (mut depth, mut begin) = (0usize, 0);
    for (at, c) in line.char_indices().chain([(line.len(), ',')]) {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                names.push(name(&line[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    Some(names)
}

fn name(field: &str) -> String {
    let inner = field.rsplit("${").next().unwrap_or(field);
    let inner = inner.split('}').next().unwrap_or(inner);
    match inner.strip_prefix("CHANNEL(") {
        Some(argument) => argument.trim_end_matches(')').to_owned(),
        None => inner.trim().to_owned(),
    }
}

/// A file of records that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", .path.display())]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    error: Box<dyn Error + Send + Sync>,
}

impl RecordError {
    fn new(path: &Path, error: csv::Error) -> Self {
        let path = path.to_owned();
        // The reader's error says the same as its source, and keeps that to itself.
        let error = match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(source) => io::Error::new(source.kind(), source.to_string()).into(),
            None => error.into(),
        };
        Self { path, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_after_what_they_show() {
        let conf = include_str!("../../templates/cel_custom.conf");
        let names = mapping(conf).unwrap();
        assert_eq!(names.len(), 20);
        assert_eq!(
            [&*names[0], &*names[2], &*names[8], &*names[16]],
            ["eventtype", "CALLERID(name)", "context", "BRIDGEPEER"]
        );
        assert_eq!(mapping("[mappings]\nMaster.csv=${a},x${b}y\n").unwrap(), ["a", "b"]);
        assert_eq!(mapping("[mappings]\n"), None);
    }

    #[test]
    fn an_error_says_its_cause_once() {
        let folder = std::env::temp_dir();
        let error = read(&folder, &[]).unwrap_err();
        assert_eq!(error.to_string(), folder.display().to_string());
        let cause = error.source().unwrap();
        assert_eq!(cause.to_string(), "Is a directory (os error 21)");
        assert!(cause.source().is_none());
    }

    #[test]
    fn quoted_fields_are_read_as_they_were() {
        let path = std::env::temp_dir().join(format!("records-{}", uuid::Uuid::new_v4().simple()));
        fs::write(&path, "\"a \"\"b\"\", c\",,7,x\n").unwrap();
        let records = read(&path, &["One", "two", "three"]).unwrap();
        let fields: Vec<_> = records[0].fields().collect();
        assert_eq!(fields, [("One", "a \"b\", c"), ("two", ""), ("three", "7"), ("4", "x")]);
        assert_eq!(records[0].get("one"), Some("a \"b\", c"));
        fs::remove_file(path).unwrap();
    }
}
