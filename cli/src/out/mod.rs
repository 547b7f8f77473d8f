//! The output of the program, in one of three forms: for people, JSON, or the server's bytes.

mod clock;
mod escape;
mod line;
mod message;
mod reply;
mod table;

use std::io::{self, IsTerminal, Write};

use rustix::event::{PollFd, PollFlags};
use serde_json::{Map, Value};

pub(crate) use self::clock::{local, time_of};
pub(crate) use self::escape::escape;
use self::escape::escape_json;
pub(crate) use self::line::{Line, fitting};
pub(crate) use self::message::{Selection, object_of, value_of};
pub(crate) use self::reply::Reply;
use crate::exit::Failure;
use crate::options::{Options, When};

/// The form of what is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    People,
    /// One object a line.
    Json,
    /// The bytes of the server.
    Raw,
}

/// The standard output.
#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) form: Form,
    /// `true` if the output is coloured.
    color: bool,
    errors_color: bool,
    /// The columns of the terminal; `None` if the output is no terminal.
    width: Option<usize>,
    /// The bytes that are printed and not passed on yet.
    buffer: Vec<u8>,
    /// The server that all of the output is of, if it is one of several.
    origin: Option<Tag>,
    /// `true` if the output is collected until another one takes it.
    is_held: bool,
}

/// The name of one of several servers, which begins each line.
#[derive(Clone, Debug)]
struct Tag {
    name: String,
    /// The columns of the longest name of the servers.
    width: usize,
}

/// A style of text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// The style of failures and losses.
    Bad,
    /// The style of success.
    Good,
    /// The style of less important text.
    Dim,
    /// A name or a heading.
    Strong,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Bad => "31",
            Self::Good => "32",
            Self::Dim => "2",
            Self::Strong => "1",
        }
    }
}

impl Out {
    pub(crate) fn new(options: &Options) -> Self {
        let form = match (options.json, options.raw) {
            (true, _) => Form::Json,
            (_, true) => Form::Raw,
            _ => Form::People,
        };
        let is_colored = |is_terminal: bool| match options.color {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                is_terminal
                    && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
                    && std::env::var_os("TERM").is_some_and(|it| it != "dumb")
            }
        };
        let stdout = io::stdout();
        let color = is_colored(stdout.is_terminal());
        let errors_color = is_colored(io::stderr().is_terminal());
        let width = stdout.is_terminal().then(|| columns(&stdout));
        let (buffer, origin, is_held) = (Vec::new(), None, false);
        Self { form, color, errors_color, width, buffer, origin, is_held }
    }

    /// Returns an output for one of several servers, whose name begins each line, or is a member of
    /// each object. `width` is the length of the longest name. An output that is held collects
    /// all until another one takes it.
    pub(crate) fn of(&self, origin: &str, width: usize, is_held: bool) -> Self {
        let (form, color, errors_color) = (self.form, self.color, self.errors_color);
        let columns = self.width.map(|it| it.saturating_sub(width + 2));
        let origin = Some(Tag { name: origin.to_owned(), width });
        Self { form, color, errors_color, width: columns, buffer: Vec::new(), origin, is_held }
    }

    /// Takes what another output has collected.
    pub(crate) fn take(&mut self, held: &mut Self) {
        self.buffer.append(&mut held.buffer);
    }

    /// Checks that the form may be printed here.
    ///
    /// # Errors
    ///
    /// Returns an error if the server's bytes would reach a terminal without `--force`.
    pub(crate) fn check(&self, options: &Options) -> Result<(), Failure> {
        if self.form == Form::Raw && self.width.is_some() && !options.force {
            let text = "the bytes of a server can do anything to a terminal: send the output to a \
                        file, or add --force";
            return Err(Failure::usage(text));
        }
        Ok(())
    }

    /// Returns the columns of the terminal, or `None` if the output is no terminal.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }

    /// Returns `true` if the output is coloured.
    pub(crate) fn is_colored(&self) -> bool {
        self.color
    }

    /// Returns a text in a style. What a server said has to be escaped before.
    pub(crate) fn styled(&self, style: Style, text: &str) -> String {
        paint(self.color, style, text)
    }

    /// Prints a line for people. What a server said has to be escaped before.
    pub(crate) fn line(&mut self, text: &str) -> io::Result<()> {
        let begin = self.origin.as_ref().map_or_else(String::new, |Tag { name, width }| {
            format!("{}  ", self.styled(Style::Strong, &format!("{name:width$}")))
        });
        let begin = if text.is_empty() { begin.trim_end() } else { &begin };
        writeln!(self.buffer, "{begin}{text}")
    }

    /// Prints an object in a line. What a terminal would act on is escaped as JSON does it.
    pub(crate) fn object(&mut self, object: &Value) -> io::Result<()> {
        let text = match (&self.origin, object) {
            (Some(origin), Value::Object(members)) => of_server(&origin.name, members).to_string(),
            _ => object.to_string(),
        };
        writeln!(self.buffer, "{}", escape_json(&text))
    }

    /// Prints bytes of a server unchanged.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the number of bytes that are printed and not passed on yet.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Passes on what was printed. Blocks while nobody reads.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if self.is_held {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        // The lock may be held by a thread that waits for the reader.
        if buffer.is_empty() { Ok(()) } else { write(&buffer) }
    }

    /// Passes on what was printed, on another thread: a reader that is slow, or has stopped, does
    /// not keep the client from reading, and the future can be dropped meanwhile.
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        if self.is_held {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        if buffer.is_empty() {
            return Ok(());
        }
        let written = tokio::task::spawn_blocking(move || write(&buffer)).await;
        written.unwrap_or_else(|_| Err(io::Error::other("the thread of the output has ended")))
    }

    /// Prints a line about a loss: red on the output for people, and on the error output if the
    /// output is the server's bytes. In JSON the loss is an object of its own.
    pub(crate) fn loss(&mut self, text: &str, object: &Value) -> io::Result<()> {
        let text = escape(text.as_bytes());
        match self.form {
            Form::People => {
                let text = self.styled(Style::Bad, &text);
                self.line(&text)
            }
            Form::Json => self.object(object),
            Form::Raw => {
                self.tell(Style::Bad, &text);
                Ok(())
            }
        }
    }

    /// Tells something on the error output, in a style.
    pub(crate) fn tell(&self, style: Style, text: &str) {
        let text = format!("{}{text}", self.prefix());
        let text = paint(self.errors_color, style, &escape(text.as_bytes()));
        // There is nobody to tell if it cannot be printed.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Returns what begins a text on the error output.
    fn prefix(&self) -> String {
        self.origin.as_ref().map_or_else(String::new, |origin| format!("{}: ", origin.name))
    }

    /// Prints a failure on the error output.
    pub(crate) fn complain(&self, failure: &Failure) {
        let Some(error) = &failure.error else { return };
        let text = escape(format!("{}{error:#}", self.prefix()).as_bytes());
        // There is nobody to tell if it cannot be printed.
        let _ = writeln!(io::stderr(), "{} {text}", paint(self.errors_color, Style::Bad, "error:"));
        if let Some(hint) = &failure.hint {
            let hint = escape(format!("{}{hint}", self.prefix()).as_bytes());
            let _ =
                writeln!(io::stderr(), "{} {hint}", paint(self.errors_color, Style::Dim, "hint:"));
        }
    }
}

/// Returns an object with the name of a server behind the version.
fn of_server(name: &str, members: &Map<String, Value>) -> Value {
    let own = |it: &(&String, &Value)| it.0 == "v";
    let owned = |(name, value): (&String, &Value)| (name.clone(), value.clone());
    let version = members.iter().filter(own).map(owned);
    let rest = members.iter().filter(|it| !own(it)).map(owned);
    version.chain([("server".to_owned(), name.into())]).chain(rest).collect()
}

/// Waits until nobody can read the standard output any more, as of a pipe whose reader has ended.
/// Never ends if the output is no pipe. A thread waits, also after the future is dropped.
pub(crate) async fn reader_gone() {
    let output = io::stdout();
    let watch = move || loop {
        // Without a wish, the end of the reader is what is left to report.
        let mut stdout = [PollFd::new(&output, PollFlags::empty())];
        match rustix::event::poll(&mut stdout, None) {
            Err(rustix::io::Errno::INTR) => {}
            polled => return polled.is_ok_and(|count| count > 0),
        }
    };
    if !tokio::task::spawn_blocking(watch).await.unwrap_or(false) {
        std::future::pending().await
    }
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
    written.map_err(|error| {
        let kind = error.kind();
        io::Error::new(kind, anyhow::Error::new(error).context("the output cannot be written"))
    })
}

/// Returns the columns of a terminal, or 80 if it does not tell.
fn columns(terminal: &impl rustix::fd::AsFd) -> usize {
    let size = rustix::termios::tcgetwinsize(terminal);
    size.map_or(80, |size| if size.ws_col == 0 { 80 } else { size.ws_col.into() })
}

fn paint(color: bool, style: Style, text: &str) -> String {
    if color { format!("\x1b[{}m{text}\x1b[0m", style.code()) } else { text.to_owned() }
}
