//! `pluggable_modules.SoundChecker`: the size and the sound of files that a test has to leave.

use std::fs;
use std::path::PathBuf;
use std::pin::pin;

use ami::{Action, Event, Matcher, Nearest};

use crate::case::{Ast, Component, Failure, Happening, Life, Setting, Stage, Step};
use crate::components::{Kind, originate, refused};
use crate::files::{ConfigError, Id, Node, Section};
use crate::matching::Fields;

#[cfg(test)]
mod tests;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["pluggable_modules.SoundChecker"], page: include_str!("page.md"), build };

/// The name of the user event by which a dialplan says how a sound is, in any case.
const SOUND_CHECK: &str = "soundcheck";

/// The keys of a call that listens to a file, and their headers.
const CALL: [(&str, &str); 11] = [
    ("channel", "Channel"),
    ("context", "Context"),
    ("exten", "Exten"),
    ("priority", "Priority"),
    ("application", "Application"),
    ("data", "Data"),
    ("callerid", "CallerID"),
    ("account", "Account"),
    ("async", "Async"),
    ("variable", "Variable"),
    ("timeout", "Timeout"),
];

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let Some(list) = section.part("sound-file-config", "sound-file-config has") else {
        return Err(section.error("expected `sound-file-config:`"));
    };
    if list.node().items().is_empty() {
        let what = format!("expected a list of sound files, found {}", list.node().kind());
        return Err(list.error(what));
    }
    let files = list.items("an entry of sound-file-config has");
    Ok(Box::new(SoundChecker {
        stops: section.is_true("auto-stop"),
        files: files.iter().map(SoundFile::read).collect::<Result<_, _>>()?,
    }))
}

struct SoundChecker {
    stops: bool,
    files: Vec<SoundFile>,
}

/// A file that is checked when an event comes.
struct SoundFile {
    place: Node,
    id: Id,
    trigger: Matcher,
    path: Path,
    checks: Vec<Check>,
}

/// The path of a file.
enum Path {
    /// A path below the spool of the server.
    InSpool(String),
    Absolute(PathBuf),
}

/// A check of a file.
struct Check {
    place: Node,
    what: What,
}

enum What {
    /// The size in bytes, and the most that it may be off.
    Size(u64, u64),
    /// A call listens to the file: the headers of its originate.
    Energy(Vec<(&'static str, String)>),
}

/// The end of a check that did not succeed.
enum Unmet {
    /// A reason to fail.
    Fails(ConfigError),
    /// A reason to fail, for which nothing more can be checked.
    Refused(ConfigError),
    /// The test has ended before; what was waited for.
    Ended(String),
}

impl SoundFile {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let Some(trigger) = section.part("trigger", "a trigger has") else {
            return Err(section.error("expected `trigger:`"));
        };
        let (id, on) = (Id::read(section.get("id"))?, Id::read(trigger.get("id"))?);
        if id != on {
            let what = format!("the trigger is awaited on {on}, and the file is on {id}");
            return Err(section.error(what));
        }
        let Some(file) = section.part("sound-file", "a sound file has") else {
            return Err(section.error("expected `sound-file:`"));
        };
        let Some(checks) = file.part("actions", "actions have") else {
            return Err(file.error("expected `actions:`"));
        };
        checks.node().expect_items("actions")?;
        Ok(Self {
            place: section.node().clone(),
            id,
            trigger: matcher(&trigger)?,
            path: Path::read(&file)?,
            checks: checks
                .items("an action has")
                .iter()
                .map(Check::read)
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Reads the headers of the event that triggers a check; `event` is its name.
fn matcher(trigger: &Section) -> Result<Matcher, ConfigError> {
    let headers = trigger.expect("match")?;
    let name = headers.get("event").filter(|it| !it.is_null());
    let Some(name) = name else {
        return Err(headers.error("expected the name of an `event:`, in lower case"));
    };
    let mut matcher = Matcher::event(name.expect_text("event")?);
    for (header, value) in headers.entries() {
        let header = header.expect_text("a header")?;
        if header != "event" {
            let pattern = value.expect_text("the value of a header")?;
            matcher = matcher.matching(header, pattern).map_err(|error| refused(value, error))?;
        }
    }
    Ok(matcher)
}

impl Path {
    fn read(file: &Section) -> Result<Self, ConfigError> {
        let name = file.expect_text("file-name")?.to_owned();
        let folder = file.text("absolute-path")?;
        match (file.text("file-path-type")?.unwrap_or("relative"), folder) {
            ("relative", _) => Ok(Self::InSpool(name)),
            ("absolute", Some(folder)) => Ok(Self::Absolute(PathBuf::from(folder).join(name))),
            ("absolute", None) => Err(file.error("expected `absolute-path:`")),
            (other, _) => {
                let what = format!("file-path-type is {other}, expected relative or absolute");
                Err(file.error(what))
            }
        }
    }

    fn on(&self, ast: &Ast) -> PathBuf {
        match self {
            Self::InSpool(name) => ast.sandbox().spool().join(name),
            Self::Absolute(path) => path.clone(),
        }
    }
}

impl Check {
    fn read(section: &Section) -> Result<Self, ConfigError> {
        let what = match section.expect_text("type")? {
            "size_check" => {
                let number = |key| {
                    let number = section.expect(key)?.expect_count(key)?;
                    Ok::<_, ConfigError>(u64::try_from(number).unwrap_or(u64::MAX))
                };
                What::Size(number("size")?, number("tolerance")?)
            }
            "energy_check" => {
                section.expect("channel")?;
                let mut headers = Vec::new();
                for (key, header) in CALL {
                    let Some(value) = section.text(key)? else {
                        continue;
                    };
                    let value = match header {
                        "Timeout" => {
                            section.seconds(key)?.unwrap_or_default().as_millis().to_string()
                        }
                        _ => value.to_owned(),
                    };
                    headers.push((header, value));
                }
                What::Energy(headers)
            }
            other => {
                let what = format!("type is {other}, expected size_check or energy_check");
                return Err(section.error(what));
            }
        };
        Ok(Self { place: section.node().clone(), what })
    }
}

impl Component for SoundChecker {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        let servers = setting.servers();
        let no_server = self.files.iter().find(|it| it.id.number() as usize > servers);
        let no_server = no_server.map(|it| {
            it.place.error(format!("there is no server {}, the test has {servers}", it.id))
        });
        Box::pin(std::future::ready(no_server.map_or(Ok(()), |error| Err(Failure::from(error)))))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            let test = stage.test().clone();
            for file in &self.files {
                match file.check(&mut stage).await {
                    Ok(()) => {}
                    Err(Unmet::Fails(error)) => {
                        test.fail(format!("{error:#}"));
                        if self.stops {
                            test.stop();
                            return Ok(());
                        }
                    }
                    Err(Unmet::Refused(error)) => return Err(Failure::from(error)),
                    Err(Unmet::Ended(awaited)) => {
                        test.note(awaited);
                        return Ok(());
                    }
                }
            }
            // Of a failure before it is not the last word.
            test.set_passed(true);
            if self.stops {
                test.stop();
            }
            Ok(())
        })
    }
}

impl SoundFile {
    /// Waits for the trigger, and checks the file then.
    async fn check(&self, stage: &mut Stage) -> Result<(), Unmet> {
        let mut nearest = Nearest::default();
        let ast = loop {
            let Some((ast, event)) = next_event(stage, self.id).await else {
                let lines = nearest.lines(self.trigger.name()).join("; ");
                let trigger = &self.trigger;
                let what = format!("this file was not checked: no {trigger} came ({lines})");
                return Err(self.ended(&what));
            };
            if self.trigger.matches(&event) {
                break ast;
            }
            if self.trigger.is_about(&event) {
                nearest.note(&event, &self.trigger);
            }
        };
        let path = self.path.on(&ast);
        let failed = |error| {
            let what = format!("{} cannot be checked", path.display());
            Unmet::Fails(self.place.error(what).caused_by(error))
        };
        let size = fs::metadata(&path).map_err(failed)?.len();
        for Check { place, what } in &self.checks {
            match what {
                What::Size(expected, tolerance) => {
                    check_size(size, *expected, *tolerance).map_err(|what| {
                        Unmet::Fails(place.error(format!("{} {what}", path.display())))
                    })?;
                }
                What::Energy(headers) => {
                    listen(&ast, &path, headers, place, stage).await?;
                }
            }
        }
        Ok(())
    }

    fn ended(&self, what: &str) -> Unmet {
        Unmet::Ended(self.place.error(what).to_string())
    }
}

/// Compares the size of a file with what it has to be.
fn check_size(size: u64, expected: u64, tolerance: u64) -> Result<(), String> {
    if size.abs_diff(expected) <= tolerance {
        return Ok(());
    }
    Err(format!("has {size} bytes, expected {expected} with a tolerance of {tolerance}"))
}

/// Has a call listen to a file, and waits for what its dialplan says of the sound.
async fn listen(
    ast: &Ast,
    path: &std::path::Path,
    headers: &[(&'static str, String)],
    place: &Node,
    stage: &mut Stage,
) -> Result<(), Unmet> {
    let originate = Action::new("Originate");
    let originate = headers.iter().fold(originate, |it, (header, value)| it.field(header, value));
    let sound = path.with_extension("");
    let originate = originate.field("Variable", format!("SOUNDFILE={}", sound.display()));
    let mut answer = pin!(ast.ami().call(originate).timeout(originate::LIMIT));
    let mut is_answered = false;
    loop {
        let next = tokio::select! {
            biased;
            answer = &mut answer, if !is_answered => {
                is_answered = true;
                if let Err(error) = answer
                    && originate::is_refusal(&error)
                {
                    let what = format!("the call that listens to {}", path.display());
                    return Err(Unmet::Refused(place.error(what).caused_by(error)));
                }
                continue;
            }
            next = next_event(stage, ast.id()) => next,
        };
        let Some((_, event)) = next else {
            let what = format!("no user event {SOUND_CHECK} said how {} is", path.display());
            return Err(Unmet::Ended(place.error(what).to_string()));
        };
        let name = event.field("UserEvent").unwrap_or_default();
        if !event.is("UserEvent") || !name.eq_ignore_ascii_case(SOUND_CHECK) {
            continue;
        }
        let status = event.field("Status");
        if status.as_deref() == Some("pass") {
            return Ok(());
        }
        let status =
            status.map_or_else(|| "no Status".to_owned(), |it| format!("the Status {it:?}"));
        let what = format!("{} has {status}, expected \"pass\"", path.display());
        return Err(Unmet::Fails(place.error(what)));
    }
}

/// Returns the next event of a server; `None` when all servers have ended. Cancel safe.
async fn next_event(stage: &mut Stage, id: Id) -> Option<(Ast, Event)> {
    loop {
        match stage.next().await? {
            Happening::Event(ast, event) if ast.id() == id => return Some((ast, event)),
            Happening::Stopped(_) => return None,
            _ => {}
        }
    }
}
