//! Records that a server writes into files, and lines that describe them: the same in
//! `cdr.CDRModule` and `cel.CELModule`.
//!
//! There have to be as many records as lines, and each line has to have a record of its own, in
//! whatever order. The records are read when all servers have ended, for some are written then.

use self::assignment::assign;
use self::line::{Line, summary};
use crate::case::{Happening, TestCase, Watcher};
use crate::files::{ConfigError, Id, Node, Section};
use crate::job::Reason;

mod assignment;
mod line;

/// The cost of a line whose record does not match it, beyond the columns that differ: more than
/// those of all lines together.
const MISMATCH: i64 = 1 << 32;

/// The most lines, and the most records, that are told.
const TOLD: usize = 20;

/// Files of records, which are judged at the end.
pub(super) struct Records {
    files: Vec<RecordFile>,
}

/// The lines of a file.
struct RecordFile {
    /// The first entry that is about the file.
    place: Node,
    server: Id,
    /// The path from the log folder.
    path: String,
    columns: &'static [&'static str],
    lines: Vec<Line>,
}

/// The place of files of records: a server, and a folder in its log folder.
pub(super) type Place = (Id, String);

impl Records {
    /// Reads a list of files, whose records have these columns. `place` reads the keys of an entry
    /// that say where its file is.
    pub(super) fn read(
        section: &Section,
        called: &str,
        columns: &'static [&'static str],
        place: impl Fn(&Section) -> Result<Place, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let node = section.node();
        if node.items().is_empty() {
            return Err(node.error(format!("expected a list of files, found {}", node.kind())));
        }
        let mut files: Vec<RecordFile> = Vec::new();
        for entry in section.items(called) {
            let (server, folder) = place(&entry)?;
            let path = format!("{folder}/{}.csv", entry.expect_text("file")?);
            let lines = entry.expect("lines")?.expect_items("lines")?.iter();
            let lines =
                lines.map(|it| Line::read(it, columns, &entry)).collect::<Result<Vec<_>, _>>()?;
            match files.iter_mut().find(|it| it.server == server && it.path == path) {
                Some(file) => file.lines.extend(lines),
                None => {
                    let place = entry.node().clone();
                    files.push(RecordFile { place, server, path, columns, lines });
                }
            }
        }
        Ok(Self { files })
    }
}

impl Watcher for Records {
    fn see(&mut self, what: &Happening, test: &TestCase) {
        if !matches!(what, Happening::Stopped(_)) {
            return;
        }
        let unmet: Vec<_> = self.files.iter().filter_map(|file| file.judge(test).err()).collect();
        if unmet.is_empty() {
            test.set_passed(true);
        }
        unmet.into_iter().for_each(|reason| test.fail_with(reason));
    }
}

impl RecordFile {
    /// Judges the records that the server has written.
    fn judge(&self, test: &TestCase) -> Result<(), Reason> {
        let refused = |error: ConfigError| Reason::new(format!("{error:#}"));
        let Some(ast) = test.asts().into_iter().find(|it| it.id() == self.server) else {
            let what = format!("there is no server {} that has records", self.server);
            return Err(refused(self.place.error(what)));
        };
        let records = ast.records(&self.path).map_err(|error| {
            refused(self.place.error("the records cannot be read").caused_by(error))
        })?;
        // By position: the server's configuration may name them in other words.
        let values = records.iter().map(|it| it.fields().map(|(_, value)| value.to_owned()));
        self.compare(&values.map(Iterator::collect).collect::<Vec<_>>())
    }

    /// Compares records with the lines: as many, and each line has one of its own.
    fn compare(&self, records: &[Vec<String>]) -> Result<(), Reason> {
        let cost = |line: &Line, record| match line.differences(record).count() {
            0 => 0,
            differences => MISMATCH + i64::try_from(differences).unwrap_or(MISMATCH),
        };
        let costs = |line| records.iter().map(|record| cost(line, record)).collect();
        let costs: Vec<Vec<_>> = self.lines.iter().map(costs).collect();
        let assigned = assign(&costs);
        // The records that lines have, and those that come nearest to the other lines.
        let matched: Vec<_> = assigned
            .iter()
            .enumerate()
            .map(|(line, record)| record.filter(|record| costs[line][*record] == 0))
            .collect();
        let missing: Vec<_> = (0..matched.len()).filter(|line| matched[*line].is_none()).collect();
        let extra: Vec<_> = (0..records.len()).filter(|it| !matched.contains(&Some(*it))).collect();
        if missing.is_empty() && extra.is_empty() {
            return Ok(());
        }
        let missed = missing.iter().map(|at| {
            let line = &self.lines[*at];
            let nearest = assigned[*at].or_else(|| {
                // There are more lines than records: it is another line's.
                let nearest = costs[*at].iter().enumerate().min_by_key(|(_, cost)| **cost);
                nearest.map(|(record, _)| record)
            });
            let Some(nearest) = nearest else {
                return format!("no record for {line}");
            };
            let number = nearest + 1;
            let differences: Vec<_> = line.differences(&records[nearest]).collect();
            if differences.is_empty() {
                return format!("no record for {line}; record {number} is another line's");
            }
            format!("no record for {line}; nearest is record {number}: {}", differences.join("; "))
        });
        let told = extra.iter().map(|at| {
            let summary = summary(&records[*at], self.columns, &self.lines);
            format!("no line for record {}: {summary}", at + 1)
        });
        let details = few(missed, "lines").into_iter().chain(few(told, "records")).collect();
        Err(Reason { what: self.told(records.len(), missing.len()), details })
    }

    /// The number of records that were expected, and that there are.
    fn told(&self, records: usize, missing: usize) -> String {
        let (path, number, expected) = (&self.path, self.server.number(), self.lines.len());
        let records = of(records, "record");
        let what = format!("{path} of Asterisk {number} has {records}, expected {expected}");
        let missing = match missing {
            0 => String::new(),
            missing => format!("; {} without a record", of(missing, "line")),
        };
        self.place.error(format!("{what}{missing}")).to_string()
    }
}

/// A number of things in words.
fn of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The first texts, and how many more there are.
fn few(mut texts: impl ExactSizeIterator<Item = String>, what: &str) -> Vec<String> {
    let mut few: Vec<_> = texts.by_ref().take(TOLD).collect();
    if texts.len() > 0 {
        few.push(format!("and {} more such {what}", texts.len()));
    }
    few
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::{Alone, section};
    use crate::job::Outcome;

    const COLUMNS: [&str; 4] = ["channel", "app", "data", "state"];

    fn read(yaml: &str) -> Result<Records, ConfigError> {
        let place = |entry: &Section| {
            let folder = entry.text("dir")?.unwrap_or("csv").to_owned();
            Ok((Id::read(entry.get("id"))?, folder))
        };
        Records::read(&section(yaml), "it reads", &COLUMNS, place)
    }

    fn lines(lines: &str, records: &[&[&str]]) -> Result<(), Reason> {
        let read = read(&format!("[{{file: Master, lines: [{lines}]}}]")).unwrap();
        let texts = |record: &&[&str]| record.iter().map(|it| (*it).to_owned()).collect();
        read.files[0].compare(&records.iter().map(texts).collect::<Vec<_>>())
    }

    fn fails(described: &str, records: &[&[&str]], what: &str, details: &[&str]) {
        let reason = lines(described, records).unwrap_err();
        assert_eq!(reason.what, format!("test-config.yaml:1: csv/Master.csv of Asterisk 1 {what}"));
        assert_eq!(reason.details, details, "{described}");
    }

    #[test]
    fn columns_match_as_a_whole_and_without_case() {
        let records: &[&[&str]] = &[&["Local/a@x-1;1", "Dial", "", "ANSWERED"]];
        for met in [
            "{channel: 'local/A@x-.*;1', state: answered}",
            "{data: ''}",
            "{app: 'Di|Dial'}",
            "{channel: '.*;\\d', app: '\\D+'}",
            "{app: }",
            "{}",
            "~",
        ] {
            assert!(lines(met, records).is_ok(), "{met}");
        }
        for unmet in
            ["{state: ANSWER}", "{channel: 'Local/a@x'}", "{data: x}", "{app: ''}", "{app: '\\d+'}"]
        {
            assert!(lines(unmet, records).is_err(), "{unmet}");
        }
        // A column that a record lacks is not compared.
        assert!(lines("{channel: a, state: UP}", &[&["A", "Echo"]]).is_ok());
        assert!(lines("{channel: a, state: UP}", &[&["A", "Echo", "", "DOWN"]]).is_err());
    }

    #[test]
    fn a_number_without_quotes_is_compared_with_a_warning() {
        let section = section(
            "- file: Master\n  lines:\n    - {data: 1, app: '1', state: UP}\n    - {data: yes}",
        );
        let place = |_: &Section| Ok((Id::default(), String::new()));
        let read = Records::read(&section, "it reads", &COLUMNS, place).unwrap();
        assert!(
            read.files[0].lines[0].differences(&["".into(), "1".into(), "1".into()]).eq([""; 0])
        );
        let warnings: Vec<_> = section.warnings().iter().map(ToString::to_string).collect();
        let no_quotes = "has no quotes: the suite's Python does not compare it";
        let told = [(3, "1"), (4, "yes")]
            .map(|(line, text)| format!("test-config.yaml:{line}: {text} {no_quotes}"));
        assert_eq!(warnings, told);
    }

    #[test]
    fn each_line_has_a_record_of_its_own_in_any_order() {
        // The first record that fits each line is not the one for it.
        let described = "~, {channel: 'a|b'}, {channel: a}, {channel: 'b|c'}";
        assert!(lines(described, &[&["a"], &["b"], &["a"], &["c"]]).is_ok());
        assert!(lines(described, &[&["c"], &["c"], &["b"], &["a"]]).is_ok());
        assert!(lines(described, &[&["c"], &["c"], &["c"], &["a"]]).is_err());
        assert!(lines("", &[]).is_ok());
    }

    #[test]
    fn a_failure_tells_what_differs_and_what_is_left() {
        let two: &[&[&str]] = &[&["a", "Dial", "", "UP"], &["b", "Echo", "", "DOWN"]];
        let mismatch = "no record for test-config.yaml:1: channel \"a\", state \"DOWN\"; nearest is record 1: state is \"UP\", expected \"DOWN\"";
        fails(
            "{channel: b, state: DOWN}, {channel: a, state: DOWN}",
            two,
            "has 2 records, expected 2; 1 line without a record",
            &[mismatch, "no line for record 1: channel=a state=UP app=Dial"],
        );
        fails(
            "{app: Echo}",
            two,
            "has 2 records, expected 1",
            &["no line for record 1: app=Dial channel=a state=UP"],
        );
        fails(
            "{app: Echo}, {app: Dial}, {app: Dial}, {app: Wait, data: x}",
            two,
            "has 2 records, expected 4; 2 lines without a record",
            &[
                "no record for test-config.yaml:1: app \"Dial\"; record 1 is another line's",
                "no record for test-config.yaml:1: app \"Wait\", data \"x\"; nearest is record 1: app is \"Dial\", expected \"Wait\"; data is \"\", expected \"x\"",
            ],
        );
        let none = "has 0 records, expected 1; 1 line without a record";
        fails("~", &[], none, &["no record for test-config.yaml:1: any record"]);
    }

    #[test]
    fn lines_that_match_come_first_and_then_those_that_differ_least() {
        let crossed: &[&[&str]] = &[&["b", "Dial", "2"], &["a", "Dial", "2"]];
        fails(
            "{channel: a, app: Dial, data: 1}, {channel: b, app: Dial, data: 1}",
            crossed,
            "has 2 records, expected 2; 2 lines without a record",
            &[
                "no record for test-config.yaml:1: channel \"a\", app \"Dial\", data \"1\"; nearest is record 2: data is \"2\", expected \"1\"",
                "no record for test-config.yaml:1: channel \"b\", app \"Dial\", data \"1\"; nearest is record 1: data is \"2\", expected \"1\"",
                "no line for record 1: channel=b app=Dial data=2",
                "no line for record 2: channel=a app=Dial data=2",
            ],
        );
        // All in all fewer columns would differ if no line had its record.
        let reason = lines(
            "{state: UP}, {channel: a, app: Dial, data: 1}",
            &[&["a", "Dial", "2", "UP"], &["b", "Echo", "2", "DOWN"]],
        );
        assert!(reason.unwrap_err().what.ends_with("; 1 line without a record"));
    }

    #[test]
    fn of_many_records_the_first_are_told_and_not_all_their_columns() {
        let long = "x".repeat(200);
        let record: &[&str] = &[&long, "Dial", "1", "UP", "more"];
        let reason = lines("", &vec![record; 25]).unwrap_err();
        assert_eq!(reason.details.len(), 21);
        let first = format!("no line for record 1: channel={long} …");
        assert_eq!(
            (&*reason.details[0], &*reason.details[20]),
            (&*first, "and 5 more such records")
        );
        let reason = lines("{state: DOWN}", &[&["a", "", "", "UP", "more"]]).unwrap_err();
        assert_eq!(reason.details[1], "no line for record 1: state=UP channel=a 5=more");
    }

    #[test]
    fn entries_of_the_same_file_and_server_add_up() {
        let yaml = "[{file: A, lines: [{app: a}]}, {file: A, id: '1', lines: []}, {file: A, dir: d, lines: []}, {file: A, lines: [~]}]";
        let files = read(yaml).unwrap().files;
        let told = files.iter().map(|it| (it.server.number(), &*it.path, it.lines.len()));
        let expected = [(1, "csv/A.csv", 2), (2, "csv/A.csv", 0), (1, "d/A.csv", 0)];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn mistakes_are_refused_with_their_place() {
        for (yaml, told) in [
            ("{}", "1: expected a list of files, found a mapping"),
            ("- {lines: []}", "1: expected `file:`"),
            ("- {file: A}", "1: expected `lines:`"),
            ("- file: A\n  lines: {}", "2: lines: expected a list, found a mapping"),
            ("- file: A\n  lines:\n    - x", "3: expected columns of a record, found a value"),
            (
                "- file: A\n  lines:\n    - {chanel: x}",
                "3: records have no column chanel; is it channel?",
            ),
            ("- file: A\n  lines:\n    - {app: [x]}", "3: app is a list, not a text"),
            (
                "- file: A\n  lines:\n    - {app: '('}",
                "3: the expression cannot be used: \"(\" is no",
            ),
        ] {
            let error = read(yaml).err().unwrap();
            let error = format!("{error:#}");
            assert!(error.starts_with(&format!("test-config.yaml:{told}")), "{yaml}: {error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_the_test_does_not_have_has_no_records() {
        let alone = Alone::new(1).await;
        alone.add("own.Records", Box::new(read("[{file: A, id: 3, lines: []}]").unwrap()), false);
        let account = alone.play(async |_| ()).await;
        assert_eq!(account.outcome, Outcome::Failed);
        let told = "test-config.yaml:1: there is no server 3 that has records";
        assert_eq!(account.reasons[0].what, told);
    }
}
