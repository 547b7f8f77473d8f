//! The log files of a run: `full.txt` with everything from debug up, `messages.txt` from info up.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging into the folder of a run. To be called once.
pub(crate) fn start(folder: &Path) -> io::Result<()> {
    let file = |name: &str| File::create(folder.join(name)).map(Mutex::new);
    let (full, messages) = (file("full.txt")?, file("messages.txt")?);
    tracing_subscriber::registry()
        .with(layer(full).with_filter(LevelFilter::from_level(Level::DEBUG)))
        .with(layer(messages).with_filter(LevelFilter::from_level(Level::INFO)))
        .try_init()
        .map_err(io::Error::other)
}

fn layer<S>(file: Mutex<File>) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer().with_ansi(false).with_writer(file)
}
