//! Call detail records and channel events, as the server's modules write them into files.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::sandbox::{Sandbox, Section};

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

/// A record of a call, or an event of a channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    fields: Vec<(String, String)>,
}

impl Record {
    /// Returns the value of a field. The name's case does not matter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the fields in their order. A field without a name is named after its number, from 1.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The form of the records in a file.
struct Form {
    /// The names of the fields, as far as they are known.
    names: Vec<String>,
    separator: u8,
    quote: u8,
    /// The character before a quote in a value, unless quotes are doubled.
    escape: Option<u8>,
}

impl Form {
    /// Comma-separated values.
    fn with_names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(Into::into).collect();
        Self { names, separator: b',', quote: b'"', escape: None }
    }

    /// Finds the form of a file in the log folder: that of `cdr_csv`, or the one that the
    /// configuration of `cdr_custom` or `cel_custom` gives it.
    fn of(sandbox: &Sandbox, file: &Path) -> Result<Self, RecordError> {
        let file = file.strip_prefix(sandbox.logs()).unwrap_or(file);
        let file = file.strip_prefix(".").unwrap_or(file);
        let (conf, name) = match file.parent().and_then(Path::to_str) {
            Some("cdr-csv") => return Ok(Self::with_names(CDR)),
            Some("cdr-custom") => ("cdr_custom.conf", file.file_name()),
            Some("cel-custom") => ("cel_custom.conf", file.file_name()),
            _ => return Ok(Self::with_names(NONE)),
        };
        let path = sandbox.etc().join(conf);
        match File::open(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(RecordError::new(&path, error.into()));
            }
            _ => {}
        }
        let name = name.and_then(|it| it.to_str()).unwrap_or_default();
        let form = Self::configured(&sandbox.sections(conf), name);
        form.map_err(|error| RecordError::new(&path, error.into()))
    }

    /// Finds the form of the file of that name in the configuration: a line of `[mappings]`, or a
    /// section of its own with a list of fields (`cdrel_custom` of newer servers).
    fn configured(sections: &[Section], name: &str) -> io::Result<Self> {
        let mappings = sections.iter().filter(|it| it.name().eq_ignore_ascii_case("mappings"));
        let keys = mappings.flat_map(Section::keys);
        if let Some((_, line)) = keys.into_iter().find(|(key, _)| *key == name) {
            return Ok(Self::with_names(split(line).map(expression_name)));
        }
        let Some(section) = sections.iter().find(|it| it.name() == name) else {
            return Ok(Self::with_names(NONE));
        };
        if section.get("format").is_some_and(|it| it.eq_ignore_ascii_case("json")) {
            return Err(io::Error::other(format!("[{name}]: records in JSON are not read here")));
        }
        let character = |key: &str| -> io::Result<Option<u8>> {
            let failed = || io::Error::other(format!("[{name}] {key}: expected a character"));
            match section.get(key).map(str::as_bytes) {
                None => Ok(None),
                Some(b"\\t") => Ok(Some(b'\t')),
                Some(&[character]) => Ok(Some(character)),
                Some(_) => Err(failed()),
            }
        };
        let fields = section.get("fields").unwrap_or_default();
        let quote = character("quote_character")?.unwrap_or(b'"');
        Ok(Self {
            names: split(fields).map(field_name).collect(),
            separator: character("separator_character")?.unwrap_or(b','),
            quote,
            escape: character("quote_escape_character")?.filter(|it| *it != quote),
        })
    }
}

/// No names of fields.
const NONE: [&str; 0] = [];

/// Reads the records of a file in the log folder.
pub(super) fn read(sandbox: &Sandbox, file: &Path) -> Result<Vec<Record>, RecordError> {
    read_file(&sandbox.logs().join(file), &Form::of(sandbox, file)?)
}

/// Reads the comma-separated records of a file in the log folder, with the names of the fields.
pub(super) fn read_named<N: Into<String>>(
    sandbox: &Sandbox,
    file: &Path,
    names: impl IntoIterator<Item = N>,
) -> Result<Vec<Record>, RecordError> {
    read_file(&sandbox.logs().join(file), &Form::with_names(names))
}

fn read_file(path: &Path, form: &Form) -> Result<Vec<Record>, RecordError> {
    let failed = |error| RecordError::new(path, error);
    // To open a pipe would wait for its writer.
    let regular = fs::metadata(path).and_then(|it| match it.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    });
    let file = match regular {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error.into())),
    };
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).delimiter(form.separator).quote(form.quote);
    reader.escape(form.escape).double_quote(form.escape.is_none());
    let mut reader = reader.from_reader(file);
    let records = reader.byte_records().map(|record| {
        let record = record.map_err(failed)?;
        let fields = record.iter().enumerate().map(|(at, value)| {
            let name = form.names.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
            (name, String::from_utf8_lossy(value).into_owned())
        });
        Ok(Record { fields: fields.collect() })
    });
    records.collect()
}

/// Splits a list at the commas outside of parentheses, braces and quotes.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let (mut depth, mut quoted) = (0usize, false);
    list.split(move |c: char| {
        match c {
            '"' => quoted = !quoted,
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0 && !quoted
    })
}

/// Returns the name of a field of a mapping: that in the innermost `${…}`, where `CHANNEL(context)`
/// and `CDR(duration,f)` are `context` and `duration`, but `CALLERID(num)` stays what it is.
fn expression_name(field: &str) -> String {
    let inner = field.rsplit("${").next().unwrap_or(field);
    let inner = inner.split('}').next().unwrap_or(inner).trim();
    let argument = ["CHANNEL(", "CDR("].iter().find_map(|function| inner.strip_prefix(function));
    let end = |c: char| c == ')' || c == ',';
    argument.map_or(inner, |it| it.split(end).next().unwrap_or(it)).to_owned()
}

/// Returns the name of a field of a list, which may have qualifiers: `start(int64)`.
fn field_name(field: &str) -> String {
    field.split('(').next().unwrap_or(field).trim().to_owned()
}

/// The error of a file of records, or of its configuration, that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}", .path.display())]
pub struct RecordError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
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

    /// The form of a file in a configuration.
    fn form(conf: &str, file: &str) -> io::Result<Form> {
        Form::configured(&crate::sandbox::sections_of(conf), file)
    }

    #[test]
    fn fields_are_named_after_what_they_show() {
        let conf = include_str!("../../templates/cel_custom.conf");
        let names = form(conf, "Master.csv").unwrap().names;
        assert_eq!(names.len(), 20);
        assert_eq!(
            [&*names[0], &*names[2], &*names[8], &*names[16]],
            ["eventtype", "CALLERID(name)", "context", "BRIDGEPEER"]
        );
        let conf = "[mappings]\nA.csv=${a},x${b}y\nB.csv => ${CSV_QUOTE(${CDR(duration,f)})}\n";
        assert_eq!(form(conf, "A.csv").unwrap().names, ["a", "b"]);
        assert_eq!(form(conf, "B.csv").unwrap().names, ["duration"]);
        assert_eq!(form(conf, "C.csv").unwrap().names, [""; 0]);
    }

    #[test]
    fn a_section_of_a_file_has_the_form_of_its_records() {
        let conf = "[x.tsv]\nseparator_character = \\t\nquote_character = '\n\
                    fields = clid,\"a, b\", start(%F,%T) , userfield(noquote)\n\
                    [y]\nquote_escape_character = \\\nfields = src\n[z]\nformat = json\n\
                    [w]\nseparator_character = ab\n";
        let found = form(conf, "x.tsv").unwrap();
        assert_eq!(found.names, ["clid", "\"a, b\"", "start", "userfield"]);
        assert_eq!((found.separator, found.quote, found.escape), (b'\t', b'\'', None));
        let found = form(conf, "y").unwrap();
        assert_eq!((found.separator, found.quote, found.escape), (b',', b'"', Some(b'\\')));
        for file in ["z", "w"] {
            let error = form(conf, file).err().unwrap().to_string();
            assert!(error.starts_with(&format!("[{file}]")), "{error}");
        }
    }

    #[test]
    fn an_error_says_its_cause_once() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let error = read_file(folder, &Form::with_names(NONE)).unwrap_err();
        assert_eq!(error.to_string(), folder.display().to_string());
        let cause = error.source().unwrap();
        assert_eq!(cause.to_string(), "it is not a regular file");
        assert!(cause.source().is_none());
    }

    #[test]
    fn quoted_fields_are_read_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, "\"a \"\"b\"\", c\",,7,x\n").unwrap();
        let records = read_file(&path, &Form::with_names(["One", "two", "three"])).unwrap();
        let fields: Vec<_> = records[0].fields().collect();
        assert_eq!(fields, [("One", "a \"b\", c"), ("two", ""), ("three", "7"), ("4", "x")]);
        assert_eq!(records[0].get("one"), Some("a \"b\", c"));
    }
}
