//! The prompt: history, completion and line editing on a terminal.

use std::env;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::mpsc as answers;

use ami::{Client, Disconnect, State};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, ExternalPrinter, Helper};
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;

use super::{complete, execute, is_end};
use crate::connect::{Place, target};
use crate::exit::{Exit, Failure, Interrupt, Interrupts};
use crate::options::Options;
use crate::out::{Out, Style, escape};

/// A request of the thread of the editor.
enum Request {
    /// The printer that keeps the line which is being typed.
    Printer(Box<dyn ExternalPrinter + Send>),
    /// Run a line, and answer when it is done.
    Run(String, answers::Sender<()>),
    /// Complete a line.
    Complete(String, answers::Sender<Vec<String>>),
    /// The input has ended.
    End(Result<(), ReadlineError>),
}

pub(super) async fn run(options: &Options, out: &mut Out) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new()?;
    let (name, client) = tokio::select! {
        biased;
        connected = connected(options) => connected?,
        _ = interrupts.next() => return Ok(Exit::Interrupted),
    };
    let _terminal = Terminal::save();
    let (sender, mut requests) = mpsc::channel(1);
    let prompt = format!("{}*CLI> ", escape(name.as_bytes()));
    std::thread::spawn(move || edit(&prompt, &sender));
    let mut connection = Connection { state: client.state(), up: true, printer: None };
    loop {
        let request = tokio::select! {
            biased;
            _ = interrupts.next() => return Ok(Exit::Interrupted),
            gone = connection.changed() => match gone {
                Some(reason) => {
                    // Behind the line that is being typed.
                    out.line("")?;
                    return Err(ended(reason));
                }
                None => continue,
            },
            request = requests.recv() => request,
        };
        match request {
            Some(Request::Printer(printer)) => connection.printer = Some(printer),
            Some(Request::Run(line, done)) => {
                if run_line(&client, &line, out, &mut interrupts).await? == Some(Interrupt::Term) {
                    return Ok(Exit::Interrupted);
                }
                // The editor waits for the answer, and is gone only if the program ends.
                let _ = done.send(());
            }
            Some(Request::Complete(line, answer)) => {
                let _ = answer.send(complete::words(&client, &line).await);
            }
            Some(Request::End(end)) => {
                end.map_err(|error| Failure::new(Exit::Refused, error))?;
                return Ok(Exit::Done);
            }
            None => return Ok(Exit::Done),
        }
    }
}

/// Runs a line to its end, or until it is interrupted.
async fn run_line(
    client: &Client,
    line: &str,
    out: &mut Out,
    interrupts: &mut Interrupts,
) -> Result<Option<Interrupt>, Failure> {
    let interrupt = tokio::select! {
        biased;
        done = execute(client, line, out) => {
            if let Err(failure) = done {
                out.complain(&failure);
            }
            None
        }
        interrupt = interrupts.next() => Some(interrupt),
    };
    if interrupt == Some(Interrupt::Int) {
        out.tell(Style::Bad, "not waited for: the command may have been executed");
    }
    out.drain().await?;
    Ok(interrupt)
}

fn ended(reason: Disconnect) -> Failure {
    let exit = match &reason {
        Disconnect::Refused(error) if matches!(**error, ami::Error::Login(_)) => Exit::LoginRefused,
        _ => Exit::NoConnection,
    };
    Failure::new(exit, reason)
}

/// The connection, as the one at the prompt is told of it.
struct Connection {
    state: Receiver<State>,
    up: bool,
    printer: Option<Box<dyn ExternalPrinter + Send>>,
}

impl Connection {
    /// Waits for a change, and tells it. Returns the reason if the client has ended. Cancel safe.
    async fn changed(&mut self) -> Option<Disconnect> {
        if self.state.changed().await.is_err() {
            return Some(Disconnect::Closed);
        }
        let state = self.state.borrow_and_update().clone();
        let text = match state {
            State::Closed(reason) => return Some(reason),
            State::Up if !self.up => "connected again".to_owned(),
            State::Down(error) if self.up => {
                format!("the connection is lost, connecting again: {:#}", anyhow::Error::new(error))
            }
            _ => return None,
        };
        self.up = !self.up;
        if let Some(printer) = &mut self.printer {
            // The terminal may be gone, which the editor tells.
            let _ = printer.print(escape(text.as_bytes()) + "\n");
        }
        None
    }
}

/// The settings of the terminal, which are set again at the end: the editor's thread may be in the
/// middle of a line then.
struct Terminal(Option<Termios>);

impl Terminal {
    fn save() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(settings) = &self.0 {
            // There is no terminal to be set if it fails.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, settings);
        }
    }
}

/// Connects, and returns the name of the server too: that of the context, or else the user and the
/// address.
async fn connected(options: &Options) -> Result<(String, Client), Failure> {
    let target = target(options).await?;
    let client = target.connect(|config| config).await.map_err(|error| target.failure(error))?;
    let name = match &target.place {
        Place::Context { name, .. } => name.clone(),
        _ => target.server.to_string(),
    };
    Ok((name, client))
}

/// Asks for lines until the input ends.
fn edit(prompt: &str, requests: &mpsc::Sender<Request>) {
    let end = ask(prompt, requests);
    // Nobody is there to be told if the program has ended.
    let _ = requests.blocking_send(Request::End(end));
}

fn ask(prompt: &str, requests: &mpsc::Sender<Request>) -> Result<(), ReadlineError> {
    let config = Config::builder().history_ignore_space(true);
    let config = config.completion_type(CompletionType::List).build();
    let mut editor: Editor<ByServer, FileHistory> = Editor::with_config(config)?;
    editor.set_helper(Some(ByServer(requests.clone())));
    // Outside of a terminal that can move its cursor there is none.
    if let Ok(printer) = editor.create_external_printer()
        && requests.blocking_send(Request::Printer(Box::new(printer))).is_err()
    {
        return Ok(());
    }
    let history = history();
    if let Some(file) = &history {
        // There is none before the first session.
        let _ = editor.load_history(file);
    }
    loop {
        let line = match editor.readline(prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error),
        };
        editor.add_history_entry(line.trim_end())?;
        if let Some(file) = &history {
            // A prompt without history is better than none.
            let _ = editor.append_history(file);
        }
        let line = line.trim();
        if is_end(line) {
            return Ok(());
        }
        let (done, wait) = answers::channel();
        if !line.is_empty()
            && (requests.blocking_send(Request::Run(line.to_owned(), done)).is_err()
                || wait.recv().is_err())
        {
            return Ok(());
        }
    }
}

/// Returns the file of the history, whose folder is made if it is missing, for this user alone.
/// rustyline makes the file readable for this user alone.
fn history() -> Option<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    let folder = state.join("ami");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
    Some(folder.join("history"))
}

/// Completion by the server.
struct ByServer(mpsc::Sender<Request>);

impl Completer for ByServer {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let line = line.get(..at).unwrap_or(line);
        let (answer, wait) = answers::channel();
        let asked = self.0.blocking_send(Request::Complete(line.to_owned(), answer));
        let words = asked.ok().and_then(|()| wait.recv().ok());
        let mut words = words.unwrap_or_default();
        if let [word] = &mut words[..] {
            word.push(' ');
        }
        Ok((complete::word_start(line), words))
    }
}

impl Highlighter for ByServer {}

impl Hinter for ByServer {
    type Hint = String;
}

impl Validator for ByServer {}

impl Helper for ByServer {}
