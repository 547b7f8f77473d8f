//! A scenario: a file for SIPp, and the arguments that it is run with.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use instance::sipp::Sipp;

use super::arguments::Arguments;
use super::features::Features;
use super::run::{Records, Run};
use super::{Common, ports};
use crate::case::{Failure, Needs, TestCase};
use crate::files::{ConfigError, Node, Section, suggest};

/// The folder of a test with its scenarios.
const FOLDER: &str = "sipp";

/// The part of a scenario's file in which features are looked for, in bytes.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A run of SIPp, as a section describes it: `key-args`, `ordered-args`, `target`.
#[derive(Clone, Debug)]
pub(in crate::components) struct Scenario {
    place: Node,
    name: String,
    arguments: Arguments,
}

impl Scenario {
    /// Reads the section of a scenario.
    ///
    /// # Errors
    ///
    /// Returns an error if it names no file, or an argument cannot be one.
    pub(in crate::components) fn read(section: &Section) -> Result<Self, ConfigError> {
        let key_args = section.part("key-args", "key-args have");
        let key_args = key_args.filter(|it| it.node().is_map());
        let key_args = key_args.ok_or_else(|| {
            section
                .error("expected a scenario: `key-args:` with the name of its file as `scenario`")
        })?;
        let file = key_args.expect_text("scenario")?.to_owned();
        let arguments = Arguments::read(section, &key_args)?;
        Ok(Self { place: section.node().clone(), name: file, arguments })
    }

    /// A scenario of a file of the test's `sipp` folder, with these arguments behind the defaults.
    ///
    /// # Errors
    ///
    /// Returns an error if the name of the file is empty.
    pub(in crate::components) fn of(
        place: &Node,
        file: &str,
        target: Option<&str>,
        key_args: Vec<(String, String)>,
        ordered: Vec<String>,
    ) -> Result<Self, ConfigError> {
        if file.is_empty() {
            return Err(place.error("expected the name of a scenario's file"));
        }
        let arguments = Arguments::new(target, key_args, ordered);
        Ok(Self { place: place.clone(), name: file.to_owned(), arguments })
    }

    /// Adds the port at which this scenario and another talk about their calls.
    pub(super) fn with_peer(mut self, port: u16) -> Self {
        self.arguments.push("-3pcc", format!("127.0.0.1:{port}"));
        self
    }

    /// The name of the scenario: its file, from the test's `sipp` folder.
    pub(in crate::components) fn name(&self) -> &str {
        &self.name
    }

    /// Says what the scenario needs of SIPp and of the machine, but not how many processes: who
    /// runs it knows how many there are at the same time.
    pub(in crate::components) fn needs(&self, needs: &mut Needs) {
        let test = self.place.file().parent().unwrap_or_else(|| self.place.file());
        let folder = test.join(FOLDER);
        let mut found = self.features(&folder);
        let transport = self.arguments.value("-t").unwrap_or_default();
        found.needs.tls = transport.starts_with('l') || self.arguments.has("-tls_");
        found.needs.sctp = transport.starts_with('s');
        needs.sipp(found.needs);
        if self.arguments.names_ipv6() {
            needs.ipv6();
        }
        // SIPp looks for them beside the scenario too, for `rtp_stream` from 3.7.1 on.
        let beside = below(&folder, &self.name).parent().map(Path::to_owned).unwrap_or_default();
        for file in found.media.into_iter().filter(|file| !beside.join(file).exists()) {
            needs.file(file);
        }
    }

    /// Looks for the files of the scenario.
    ///
    /// # Errors
    ///
    /// Returns an error, with the place, if one is missing.
    pub(in crate::components) fn check(&self, test: &TestCase) -> Result<(), Failure> {
        let folder = test.folder().join(FOLDER);
        for file in std::iter::once(&*self.name).chain(self.arguments.files()) {
            let path = below(&folder, file);
            if path.is_file() {
                continue;
            }
            let there = fs::read_dir(&folder).into_iter().flatten().flatten();
            let there: Vec<_> =
                there.map(|it| it.file_name().to_string_lossy().into_owned()).collect();
            let hint = suggest::hint(file, there.iter().map(String::as_str));
            let what = format!("there is no file {}{hint}", path.display());
            return Err(self.place.error(what).into());
        }
        Ok(())
    }

    /// Starts SIPp with the scenario. `called` names it in failures.
    ///
    /// # Errors
    ///
    /// Returns an error if the program is missing or cannot be started, or if there are no ports
    /// left for its media.
    pub(in crate::components) fn start(
        &self,
        test: &TestCase,
        called: String,
    ) -> Result<Run, Failure> {
        let sipp = test.sipp().ok_or("there is no SIPp")?;
        let address = self.arguments.media_address();
        let (media, number) = test.with_common(|common: &mut Common| {
            common.runs += 1;
            let media = match self.arguments.has_media_port() {
                true => Ok(None),
                false => ports::free_media_port(address, &mut common.media_ports).map(Some).ok_or(
                    "there are no four free ports for media, one behind the other, that no run of this test was given",
                ),
            };
            (media, common.runs)
        });
        let records = Records { start: self.records(test, number)? };
        let folder = format!("{}/{FOLDER}", test.name());
        let mut command = command(sipp, test);
        command
            .args(self.arguments.line(&self.name, &folder, media?, sipp.has_media_port()))
            .args(records.arguments());
        let run = Run::start(command.into(), called, self.port(test), records);
        run.map_err(|error| {
            format!("{} cannot be started: {error}", sipp.binary().display()).into()
        })
    }

    fn features(&self, folder: &Path) -> Features {
        let (path, mut file) = (below(folder, &self.name), Vec::new());
        // To open a pipe, or to read a device, might never end.
        let opened = path.is_file().then(|| File::open(&path).ok()).flatten();
        let read = opened.map(|it| it.take(LONGEST).read_to_end(&mut file));
        match read {
            Some(Ok(_)) => Features::of(&String::from_utf8_lossy(&file)),
            // SIPp says what is wrong with it.
            _ => Features::default(),
        }
    }

    /// The port that SIPp binds at once: a client of TCP listens at none, and one that sleeps first
    /// is not waited for.
    fn port(&self, test: &TestCase) -> Option<u16> {
        let transport = self.arguments.value("-t").unwrap_or("u1");
        let is_client = || self.features(&test.folder().join(FOLDER)).sends_first;
        if self.arguments.has("-sleep") || !transport.starts_with('u') && is_client() {
            return None;
        }
        self.arguments.port()
    }

    /// The beginning of the names of the files that a run writes.
    fn records(&self, test: &TestCase, number: usize) -> Result<Option<PathBuf>, Failure> {
        let Some(run) = test.folder_of_run() else {
            return Ok(None);
        };
        let folder = run.join(FOLDER);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let name = self.name.strip_suffix(".xml").unwrap_or(&self.name).replace('/', "-");
        Ok(Some(folder.join(format!("{number:02}-{name}"))))
    }
}

/// The path of a file in the folder of scenarios, as SIPp gets it: the folder, `/`, and the file.
fn below(folder: &Path, file: &str) -> PathBuf {
    folder.join(file.trim_start_matches('/'))
}

/// The command that runs SIPp in the suite's folder, with nothing of our environment but what its
/// loader needs, and the mark of the test's run: if this process is killed, those with the mark are
/// killed too.
fn command(sipp: &Sipp, test: &TestCase) -> Command {
    const LIBRARIES: &str = "LD_LIBRARY_PATH";
    let mut command = sipp.command();
    let own: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command.env_clear();
    command.envs(std::env::var_os(LIBRARIES).map(|value| (LIBRARIES, value)));
    command.envs(own).env("TERM", "vt100").current_dir(test.suite());
    command.envs(test.folder_of_run().map(|run| (instance::MARK, run.join(FOLDER))));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SippNeeds;
    use crate::files::Document;

    fn needs(scenario: &str, file: &str) -> Needs {
        let folder = tempfile::tempdir().unwrap();
        let sipp = folder.path().join("sipp/sub");
        fs::create_dir_all(&sipp).unwrap();
        fs::write(sipp.join("a.xml"), file).unwrap();
        fs::write(sipp.join("beside.ulaw"), "").unwrap();
        let path = folder.path().join("test-config.yaml");
        let section = Section::new(&Document::parse(&path, scenario).unwrap().root, "it has");
        let mut needs = Needs::default();
        Scenario::read(&section).unwrap().needs(&mut needs);
        needs
    }

    #[test]
    fn needs_are_found_in_arguments_and_in_the_file() {
        let exec = |what: &str| format!("<scenario><nop><action><exec {what}/></action></nop>");
        let stream = exec("rtp_stream='lib/a.ulaw,1'") + "<nop><exec rtp_stream='beside.ulaw'/>";
        let (plain, none) = (String::new(), SippNeeds::default());
        for (scenario, file, expected, ipv6, files) in [
            ("key-args: {scenario: sub/a.xml}", &plain, none, false, vec![]),
            ("key-args: {scenario: sub/missing.xml}", &stream, none, false, vec![]),
            (
                "key-args: {scenario: sub/a.xml}",
                &stream,
                SippNeeds { rtp_stream: true, ..none },
                false,
                vec!["lib/a.ulaw"],
            ),
            (
                "key-args: {scenario: sub/a.xml, -t: l1}",
                &exec("play_dtmf='1'"),
                SippNeeds { tls: true, pcap: true, ..none },
                false,
                vec![],
            ),
            (
                "{key-args: {scenario: sub/a.xml}, target: '[::1]', ordered-args: [-t, sn]}",
                &plain,
                SippNeeds { sctp: true, ..none },
                true,
                vec![],
            ),
        ] {
            let needs = needs(scenario, file);
            assert_eq!(needs.sipp_features(), Some(expected), "{scenario}");
            assert_eq!(needs.has_ipv6(), ipv6, "{scenario}");
            assert_eq!(needs.files().collect::<Vec<_>>(), files, "{scenario}");
        }
    }

    #[test]
    fn what_is_no_file_of_the_folder_is_not_read() {
        // A device that never ends, and a pipe into which nobody writes.
        let up = format!("sub{}/dev/zero", "/..".repeat(40));
        for name in ["/dev/zero", &up, "sub/pipe"] {
            let folder = tempfile::tempdir().unwrap();
            let sub = folder.path().join("sub");
            fs::create_dir(&sub).unwrap();
            let mut command = Command::new("mkfifo");
            assert!(command.arg(sub.join("pipe")).status().unwrap().success());
            let node = &Document::parse(Path::new("a.yaml"), "a: b").unwrap().root;
            let scenario = Scenario::of(node, name, None, Vec::new(), Vec::new()).unwrap();
            assert_eq!(scenario.features(folder.path()), Features::default(), "{name}");
        }
        assert_eq!(below(Path::new("t/sipp"), "/dev/zero"), Path::new("t/sipp/dev/zero"));
    }

    #[test]
    fn what_is_no_scenario_is_refused() {
        for (yaml, told) in [
            ("{}", "expected a scenario: `key-args:` with"),
            ("key-args: [a]", "expected a scenario: `key-args:` with"),
            ("key-args: {-s: bob}", "expected `scenario:`"),
            ("key-args: {scenario: [a]}", "scenario is a list, not a text"),
        ] {
            let error = Scenario::read(&crate::case::alone::section(yaml)).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
