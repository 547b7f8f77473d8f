//! The log files of a test: `full.txt` with everything from debug up, `messages.txt` from info up.
//!
//! What is said before there is a folder for them is said of no server, and is not in them.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

static FULL: Target = Target(Mutex::new(None));
static MESSAGES: Target = Target(Mutex::new(None));

/// A file that is named later.
struct Target(Mutex<Option<Arc<File>>>);

impl Target {
    fn set(&self, file: File) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(file));
    }
}

impl Write for &Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(file) => (&**file).write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts logging, as soon as there is a folder. To be called once.
pub(crate) fn start() -> anyhow::Result<()> {
    tracing_subscriber::registry()
        .with(layer(&FULL).with_filter(LevelFilter::from_level(Level::DEBUG)))
        .with(layer(&MESSAGES).with_filter(LevelFilter::from_level(Level::INFO)))
        .try_init()
        .context("the logs of the test cannot be set up")
}

/// Logs into a folder.
pub(crate) fn go_to(folder: &Path) -> anyhow::Result<()> {
    for (target, name) in [(&FULL, "full.txt"), (&MESSAGES, "messages.txt")] {
        let path = folder.join(name);
        let file = File::create(&path);
        target.set(file.with_context(|| format!("the log {} cannot be made", path.display()))?);
    }
    Ok(())
}

fn layer<S>(target: &'static Target) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || target)
}
