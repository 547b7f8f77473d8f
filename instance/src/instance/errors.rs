//! The lines of a server's log: their parts, the errors among them, and which of these belong to
//! the boot.
//!
//! A log and its lines can have any length, so a log is read in pieces, and a bounded part of it is
//! kept.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use crate::instance::crash::TICK;
use crate::instance::log;
use crate::sandbox::{CONSOLE, Sandbox};

/// The last line of a boot in the log (`asterisk_daemon` in `main/asterisk.c`).
const READY: &str = "Asterisk Ready.";

/// The maximum number of lines of the boot that are kept. With all modules there are a hundred.
const KEPT_OF_BOOT: usize = 1_000;

/// The maximum number of lines behind the boot that are kept.
const KEPT: usize = 100;

/// The number of bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// The maximum number of bytes of a line that are searched, and that are kept.
const LONGEST: usize = 64 * 1024;
const LINE: usize = 4 * 1024;

/// The maximum number of lines of a level, and of the console, in the evidence of a failed boot.
const TELLING: usize = 10;

/// The maximum number of notices in that evidence.
const NOTICES: usize = 3;

/// The state of the logs before a server was launched, and when it was ready.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) launched: SystemTime,
    /// The lengths of the log files at the launch.
    pub(crate) launch: BTreeMap<PathBuf, u64>,
    /// The lengths of the log files when the server was ready.
    pub(crate) ready: BTreeMap<PathBuf, u64>,
}

impl Before {
    /// Returns the length of a file at the launch.
    pub(crate) fn length_at_launch(&self, file: &Path) -> u64 {
        self.launch.get(file).copied().unwrap_or(0)
    }

    /// Returns the length of a file when the server was ready.
    pub(crate) fn length_when_ready(&self, file: &Path) -> u64 {
        self.ready.get(file).copied().unwrap_or(0)
    }
}

/// The first lines of level ERROR in a part of a log.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Errors {
    pub(crate) lines: Vec<String>,
    /// The number of further lines.
    pub(crate) more: usize,
}

impl Errors {
    fn add(&mut self, line: &[u8], most: usize) {
        if self.lines.len() < most {
            self.lines.push(kept(line));
        } else {
            self.more += 1;
        }
    }
}

/// Returns the errors of a boot, and those behind it, in the files of a log, the oldest first.
/// `start` is the length of the oldest file at the launch, and `ready` its length when the server
/// said that it was ready.
///
/// The last line of the boot divides the errors. A log without this line is divided by its length
/// at that time, which is less exact: a server writes its log from another thread.
pub(crate) fn errors(files: &[PathBuf], start: u64, ready: u64) -> (Errors, Errors) {
    let (mut boot, mut late) = (Errors::default(), Errors::default());
    let mut limits = Some((start, ready));
    for file in files {
        let (start, ready) = limits.take().unwrap_or_default();
        let length = fs::metadata(file).map_or(0, |it| it.len());
        // A shorter file was truncated.
        let is_same = length >= start && (length >= ready || ready == u64::MAX);
        let (start, mut end) = if is_same { (start, ready) } else { (0, 0) };
        // A file that cannot be read any more has no lines.
        let _ = scan(file, start, [level("ERROR"), READY.to_owned()], |at, line| {
            match parse(&String::from_utf8_lossy(line)) {
                Some(line) if at < end && line.text == READY => end = at,
                Some(LogLine { level: "ERROR", .. }) if at < end => boot.add(line, KEPT_OF_BOOT),
                Some(LogLine { level: "ERROR", .. }) => late.add(line, KEPT),
                _ => {}
            }
        });
    }
    (boot, late)
}

/// Returns `true` if a log says that the boot is over.
pub(crate) fn says_ready(log: &Path, start: u64) -> bool {
    let mut found = false;
    let read = scan(log, start, [READY.to_owned()], |_, line| {
        found |= parse(&String::from_utf8_lossy(line)).is_some_and(|line| line.text == READY);
    });
    read.is_ok() && found
}

/// Returns the names of the files that are included and that a server did not find, as its log has
/// them (`process_text_line` in `main/config.c`).
pub(crate) fn missing_includes(log: &Path, start: u64) -> Vec<String> {
    const END: &str = "' was listed as a #include but it does not exist.";
    let mut names = Vec::new();
    let _ = scan(log, start, [END.to_owned()], |_, line| {
        let text = String::from_utf8_lossy(line);
        let name =
            parse(&text).and_then(|it| it.text.strip_prefix("The file '")?.strip_suffix(END));
        names.extend(name.map(str::to_owned));
    });
    names
}

/// Returns the line of the log that says why a server has no AMI: the complaint about its
/// configuration file, or that the port is taken.
pub(crate) fn why_no_ami(log: &Path, start: u64) -> Option<String> {
    let (mut complaint, mut why) = (None, None);
    let words = ["config.c", "manager.c", "tcptls.c"].map(|file| format!(" {file}: "));
    let read = scan(log, start, words, |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Some(line) = parse(&text).filter(|_| why.is_none()) else {
            return;
        };
        let is_serious = matches!(line.level, "ERROR" | "WARNING");
        match line.file {
            "config.c" if is_serious => complaint = Some(kept(bytes)),
            // `__init_manager`: what `main/config.c` complained of right before is the reason.
            "manager.c" if line.text.starts_with("Unable to open AMI configuration") => {
                why = complaint.take().or_else(|| Some(kept(bytes)));
            }
            "manager.c" if is_serious => why = Some(kept(bytes)),
            // `ast_tcptls_server_start`.
            "tcptls.c" if is_serious && line.text.contains(" AMI ") => why = Some(kept(bytes)),
            // Another file was read well.
            "manager.c" => complaint = None,
            _ => {}
        }
    });
    read.ok().and(why)
}

/// Returns the lines that tell what went wrong in a part of a log: its last errors and warnings in
/// their order, then its last notices, which tell of a refused login, or the last lines of its log
/// if it has none of these, and then the last lines that it printed. No line is returned twice.
pub(crate) fn evidence(logs: &Path, log: &Path, start: u64) -> Vec<String> {
    let [errors, warnings, mut notices] = last_of(log, start, ["ERROR", "WARNING", "NOTICE"]);
    notices.drain(..notices.len().saturating_sub(NOTICES));
    let notices = notices.into_iter().map(|(_, line)| line);
    let mut lines: Vec<_> = in_order([errors, warnings]).chain(notices).collect();
    let mut more = log::tail(&logs.join(CONSOLE), TELLING);
    if lines.is_empty() {
        more.splice(0..0, log::tail(log, TELLING));
    }
    for line in more {
        // A line of the log may have another date on the console.
        let text = parse(&line).map(|it| it.text.to_owned());
        let same = |other: &String| {
            *other == line || text.is_some() && parse(other).map(|it| it.text) == text.as_deref()
        };
        if !lines.iter().any(same) {
            lines.push(kept(line.as_bytes()));
        }
    }
    lines
}

/// Returns the last lines of the levels ERROR and WARNING in a part of a log, in their order.
pub(crate) fn serious(log: &Path, start: u64) -> Vec<String> {
    in_order(last_of(log, start, ["ERROR", "WARNING"])).collect()
}

/// The files of the server that read configuration, and warn of what they leave out.
const READERS: [&str; 3] = ["config.c", "pbx_config.c", "pbx_ael.c"];

/// Returns the warnings of a boot about configuration that was not read as it stands, the first
/// ones. They are in the part of a log from `start` to `ready`.
pub(crate) fn of_configuration(log: &Path, start: u64, ready: u64) -> Vec<String> {
    let mut found = Vec::new();
    // A log that cannot be read has no lines.
    let _ = scan(log, start, [level("WARNING")], |at, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let is_one = |line: LogLine<'_>| line.level == "WARNING" && READERS.contains(&line.file);
        if at < ready && found.len() < TELLING && parse(&text).is_some_and(is_one) {
            found.push(kept(bytes));
        }
    });
    found
}

/// The last lines of a level, each with its position.
type Last = VecDeque<(u64, String)>;

/// Returns the last lines of each level. A log that cannot be read has none.
fn last_of<const N: usize>(log: &Path, start: u64, levels: [&str; N]) -> [Last; N] {
    // A shorter file was truncated.
    let start = if fs::metadata(log).is_ok_and(|it| it.len() < start) { 0 } else { start };
    let mut last = levels.map(|_| Last::new());
    let _ = scan(log, start, levels.map(level), |at, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let level = parse(&text).and_then(|line| levels.iter().position(|it| *it == line.level));
        if let Some(last) = level.and_then(|level| last.get_mut(level)) {
            if last.len() == TELLING {
                last.pop_front();
            }
            last.push_back((at, kept(bytes)));
        }
    });
    last
}

/// Returns the lines of several levels in their order in the log.
fn in_order<const N: usize>(levels: [Last; N]) -> impl Iterator<Item = String> {
    let mut lines: Vec<_> = levels.into_iter().flatten().collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line)
}

/// Calls `each` for each line that contains one of the words, with the position in the file at
/// which the line begins.
fn scan<const N: usize>(
    log: &Path,
    start: u64,
    words: [String; N],
    mut each: impl FnMut(u64, &[u8]),
) -> io::Result<()> {
    let finders = words.each_ref().map(Finder::new);
    let mut file = File::open(log)?;
    let mut begin = file.seek(SeekFrom::Start(start))?;
    let (mut held, mut in_line) = (Vec::new(), false);
    loop {
        let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
        let is_end = file.by_ref().take(limit).read_to_end(&mut held)? == 0;
        let whole = match memrchr(b'\n', &held) {
            _ if is_end => held.len(),
            Some(end) => end + 1,
            None if held.len() > LONGEST => held.len(),
            None => continue,
        };
        // The rest of a line whose beginning was searched already.
        let skipped = if in_line { memchr(b'\n', &held).map_or(whole, |end| end + 1) } else { 0 };
        let piece = &held[skipped..whole];
        lines_with(&finders, piece, |at, line| {
            each(begin + u64::try_from(skipped + at).unwrap_or(u64::MAX), line);
        });
        in_line = held[..whole].last().is_some_and(|&last| last != b'\n');
        begin += u64::try_from(whole).unwrap_or(u64::MAX);
        held.drain(..whole);
        if is_end {
            return Ok(());
        }
    }
}

/// Calls `each` for each line of a text that contains one of the words, in their order.
fn lines_with<const N: usize>(
    finders: &[Finder<'_>; N],
    text: &[u8],
    mut each: impl FnMut(usize, &[u8]),
) {
    let find = |finder: &Finder<'_>, from: usize| finder.find(&text[from..]).map(|at| from + at);
    let mut next = finders.each_ref().map(|finder| find(finder, 0));
    while let Some(at) = next.iter().flatten().min().copied() {
        let begin = memrchr(b'\n', &text[..at]).map_or(0, |end| end + 1);
        let end = memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end);
        let line = &text[begin..end];
        each(begin, &line[..line.len().min(LONGEST)]);
        for (next, finder) in next.iter_mut().zip(finders) {
            if next.is_some_and(|at| at < end) {
                *next = find(finder, end);
            }
        }
    }
}

/// Returns the text that each line of a level contains.
fn level(level: &str) -> String {
    format!("] {level}[")
}

/// Returns the part of a line that is kept.
fn kept(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(LINE)]).into_owned();
    match line.len().saturating_sub(LINE) {
        0 => text.trim_end().to_owned(),
        _ => text + " …",
    }
}

/// A line of a log: `[date] LEVEL[thread][call] file: text`. The date has any form, and may be
/// missing.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct LogLine<'a> {
    pub(crate) level: &'a str,
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
}

/// Reads a line (`format_log_default` and `format_log_plain` in `main/logger.c`). Returns `None`
/// for other lines.
pub(crate) fn parse(line: &str) -> Option<LogLine<'_>> {
    line.match_indices("] ").find_map(|(at, _)| {
        let (level, rest) = line[at + 2..].split_once('[')?;
        let is_level = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (thread, rest) = rest.split_once(']')?;
        let is_thread = !thread.is_empty() && thread.bytes().all(|byte| byte.is_ascii_digit());
        if level.is_empty() || !level.chars().all(is_level) || !is_thread {
            return None;
        }
        // A call's number, and the colon of another format.
        let rest =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(rest, |it| it.1);
        let rest = rest.strip_prefix(':').unwrap_or(rest).strip_prefix(' ')?;
        let (file, text) = rest.split_once(": ").unwrap_or(("", rest));
        Some(LogLine { level, file, text: text.trim_end() })
    })
}

impl Sandbox {
    /// Returns the part of a line of the log that is the same in another boot of the same server,
    /// and in another sandbox: without date, thread and call, with `<<sandbox>>` and `<<address>>`
    /// for the sandbox's own, and without addresses of memory. In other lines, only these are
    /// replaced.
    pub fn comparable(&self, line: &str) -> String {
        let line: Cow<'_, str> = match parse(line) {
            Some(LogLine { level, file, text }) => format!("{level} {file}: {text}").into(),
            None => line.into(),
        };
        let line = line.replace(&*self.place.base.to_string_lossy(), "<<sandbox>>");
        let line = line.replace(&self.address.ip.to_string(), "<<address>>");
        let mut parts = line.split("0x");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |line, part| {
            line + "0x" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit())
        })
    }

    /// Returns the errors of a boot and those behind it.
    pub(crate) fn errors(&self, before: &Before) -> (Errors, Errors) {
        let log = self.log();
        let length = |lengths: &BTreeMap<_, _>| lengths.get(&log).copied();
        // A server that was never ready logged all of its errors while it booted.
        let none = if before.ready.is_empty() { u64::MAX } else { 0 };
        let ready = length(&before.ready).unwrap_or(none);
        let files = with_rotated(&log, before.launched);
        errors(&files, length(&before.launch).unwrap_or(0), ready)
    }
}

/// Returns a log and the parts of it that were rotated away since the launch, the oldest first,
/// whatever the suffixes of their names.
fn with_rotated(log: &Path, launched: SystemTime) -> Vec<PathBuf> {
    let prefix = format!("{}.", log.file_name().unwrap_or_default().to_string_lossy());
    let since = launched.checked_sub(TICK).unwrap_or(launched);
    let entries = log.parent().and_then(|folder| fs::read_dir(folder).ok());
    let entries = entries.into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(written, _)| *written >= since)
        .collect();
    files.sort();
    files.into_iter().map(|(_, path)| path).chain([log.to_owned()]).collect()
}

#[cfg(test)]
mod tests;
