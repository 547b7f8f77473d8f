//! `ami record`: the events of a server, into files.

mod files;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ami::Filter;
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use self::files::{Limits, Writer};
use super::each::{Order, each};
use super::events::{Live, Printer, Source, Told};
use crate::connect::several;
use crate::exit::{Exit, Failure};
use crate::options::{Options, duration};
use crate::out::{Form, Out, Style, escape};

/// Record the events of a server in files, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Record {
    /// The first file; the next ones are FILE.2, FILE.3 and so on
    file: PathBuf,
    /// Begin the next file before this one is larger, at the border of two messages
    #[arg(long, value_name = "SIZE", value_parser = size)]
    rotate: Option<u64>,
    /// Keep only so many files, and remove the oldest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
    /// Go on behind the files of a former recording
    #[arg(long)]
    append: bool,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
}

const HELP: &str = "\
Each file is a recording of its own, which begins with the server's banner: `ami tail FILE` reads
it, and `ami replay FILE` serves it. FILE.times has the times. A new connection begins a new file.
Only the owner can read the files, for events can hold secrets. With --servers each has files of its
own: FILE.berlin.ami for FILE.ami.

Exit codes: 0 the time was up; 1 a file could not be written; 7 events were lost, or 4 the login was
refused after a lost connection; 130 interrupted. `ami --help` has the others.";

impl Record {
    pub(crate) async fn run(&self, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("the bytes go into the file: --raw has no meaning here"));
        }
        let servers = several(options)?;
        if servers.is_empty() {
            return self.one(&self.file, options, out).await;
        }
        each(&servers, Order::AsItComes, out, async |server, out| {
            self.one(&file_of(&self.file, server), server, out).await
        })
        .await
    }

    async fn one(&self, file: &Path, options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        let limits = Limits { bytes: self.rotate, files: self.keep };
        let mut writer = Writer::start(file, limits, self.append)?;
        let live = Live::connect(options, Filter::all(), |config| config).await?;
        let mut source = Source::Live(Box::new(live));
        writer.begin(source.banner()).await?;
        let mut printer = Printer { out, only: None, whole: false, lost: false };
        let recorded = self.follow(file, &mut source, &mut writer, &mut printer).await;
        let written = writer.finish();
        let lost = printer.lost;
        recorded?;
        let (bytes, files) = written?;
        match out.form {
            Form::Json => out.object(&json!({ "v": 1, "bytes": bytes, "files": files }))?,
            _ => out.line(&format!("{bytes} bytes in {files} files"))?,
        }
        Ok(if lost { Exit::Lost } else { Exit::Done })
    }

    async fn follow(
        &self,
        file: &Path,
        source: &mut Source,
        writer: &mut Writer,
        printer: &mut Printer<'_>,
    ) -> Result<(), Failure> {
        let name = escape(file.as_os_str().as_encoded_bytes());
        printer.out.tell(Style::Good, &format!("recording into {name}"));
        let deadline = self.time.and_then(|time| Instant::now().checked_add(time));
        let time_up = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(time_up);
        loop {
            printer.out.drain().await?;
            if source.is_idle() {
                writer.hand_over().await?;
            }
            let told = tokio::select! {
                biased;
                // A server that is never quiet does not put off the end.
                () = &mut time_up => return Ok(writer.hand_over().await?),
                told = source.next() => told?,
                // Its error is told at the end.
                () = writer.ended() => return Ok(()),
            };
            match told {
                Some(Told::Event(event)) => writer.event(event).await?,
                Some(gap @ Told::Gap(_)) => {
                    printer.other(source, &gap)?;
                    writer.begin(source.banner()).await?;
                }
                Some(other) => printer.other(source, &other)?,
                None => return Ok(()),
            }
        }
    }
}

/// Returns the first file of one of several servers: `monday.berlin.ami` for `monday.ami`.
fn file_of(file: &Path, server: &Options) -> PathBuf {
    let Some(origin) = &server.origin else { return file.to_owned() };
    match file.extension().and_then(|it| it.to_str()) {
        Some(extension) => file.with_extension(format!("{origin}.{extension}")),
        None => file.with_extension(origin.as_str()),
    }
}

/// Reads a size: a number of bytes, with `K`, `M` or `G` of 1024, 1024² or 1024³.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let factor = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => 0,
    };
    let size = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    size.filter(|size| *size > 0)
        .ok_or_else(|| "expected a number of bytes with K, M or G, such as 100M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("100M"), Ok(100 << 20));
        assert_eq!((size("7"), size("2k"), size("1G")), (Ok(7), Ok(2048), Ok(1 << 30)));
        for wrong in ["", "M", "0", "1T", "1.5M", "99999999999999G", "-1"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
