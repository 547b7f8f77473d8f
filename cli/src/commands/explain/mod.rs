//! `ami explain`: what a name of AMI means.
//!
//! The library's tables tell the names, classes and numbers. The texts are read at run time from
//! the XML documentation of a server that is installed or was fetched.

mod article;
mod catalog;
mod entry;
mod json;
mod kind;
mod markup;
mod page;
mod place;
mod tables;
mod words;
mod xml;

use clap::Args;
use serde_json::json;

use self::article::{Article, Span, joined};
use self::catalog::{Catalog, Name};
use self::kind::Kind;
use self::page::{Lead, Page};
use self::place::Choice;
use self::words::Words;
use crate::exit::{Exit, Failure};
use crate::options::Options;
use crate::out::{Form, Out, Style, escape};

/// Explain an event, action, hangup cause, reason or state
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Explain {
    /// The name or the number to explain, or a pattern; without, all names are listed
    #[arg(value_name = "NAME", value_parser = Words, hide_possible_values = true)]
    words: Vec<String>,
    /// Explain names of this kind alone
    #[arg(long, short, value_name = "KIND", hide_possible_values = true)]
    kind: Option<Kind>,
    /// Print the whole explanation of all names that are found, not a list of them
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    choice: Choice,
}

const HELP: &str = "\
NAME is the name of an event, an action, a variable such as DIALSTATUS or one of its values, an
application, a function or a configuration option (endpoint/direct_media); a class such as call; a
number of a cause, reason or state; a code of SIP; or the text of a Cause-txt or a Message. `Queue*`
lists names. Kinds: event, action, cause, reason, channel-state, device-state, extension-state,
presence, class, response, sip, variable, value, application, function, agi, config, option, module.

Numbers, names and classes are known to the program. The texts come from a server's own XML: of
--docs, --version or --installed; else of /usr/share/asterisk/documentation or
/var/lib/asterisk/documentation; else of a server in PATH or one that was fetched.

With --json: an object for each explanation, or for each name of a list.

Exit codes: 0 explained; 1 no such name, or the texts that were asked for are not there or cannot be
read. `ami --help` has the others.";

/// The number of explanations of one kind from which on they are listed.
const MANY: usize = 7;

impl Explain {
    pub(crate) async fn run(&self, _options: &Options, out: &mut Out) -> Result<Exit, Failure> {
        if out.form == Form::Raw {
            return Err(Failure::usage("an explanation has no raw form"));
        }
        let catalog = Catalog::new(self.choice.docs(out).await?);
        let text = self.text();
        if text.is_empty() || text.contains(['*', '?']) {
            let pattern = if text.is_empty() { "*" } else { &text };
            let found = catalog.matching(pattern, self.kind);
            if found.is_empty() {
                return Err(self.unknown(&text, &catalog));
            }
            match self.full {
                true => print(&catalog, &articles(&catalog, &found)?, out)?,
                false if text.is_empty() => names(&found, out)?,
                false => list(&articles(&catalog, &found)?, out)?,
            }
            return Ok(Exit::Done);
        }
        let found = catalog.meant(&text, self.kind);
        let mut articles = articles(&catalog, &found)?;
        let is_state = self.kind.is_none_or(|kind| kind == Kind::ExtensionState);
        articles.extend(tables::combined(&text).filter(|_| is_state));
        if articles.is_empty() {
            return Err(self.unknown(&text, &catalog));
        }
        let is_many = |it: &Article| {
            !self.full && articles.iter().filter(|other| other.kind == it.kind).count() >= MANY
        };
        let (many, few): (Vec<_>, Vec<_>) = articles.iter().cloned().partition(is_many);
        print(&catalog, &few, out)?;
        if !many.is_empty() {
            if !few.is_empty() && out.form == Form::People {
                out.line("")?;
            }
            list(&many, out)?;
        }
        Ok(Exit::Done)
    }

    /// Returns the name without what stands around it in a dialplan or a message.
    fn text(&self) -> String {
        let text = self.words.join(" ");
        let text = text.trim();
        let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
        let text = inner.unwrap_or(text);
        text.strip_suffix("()").unwrap_or(text).trim_end_matches(':').trim().to_owned()
    }

    fn unknown(&self, text: &str, catalog: &Catalog) -> Failure {
        let of_kind = self.kind.map_or_else(String::new, |kind| format!(" of the kind {kind}"));
        let what = format!("nothing is known of {text:?}{of_kind}");
        let failure = Failure::new(Exit::Refused, anyhow::Error::msg(what));
        let similar = catalog.similar(text, self.kind);
        match (similar.is_empty(), catalog.docs()) {
            (false, _) => failure.hint(format!("similar: {}", similar.join(", "))),
            (true, None) => failure.hint(NO_DOCS),
            (true, Some(_)) => failure.hint("`ami explain` lists all names"),
        }
    }
}

const NO_DOCS: &str = "no documentation of a server was found, which has more names and the texts: \
                       --docs PATH names one, and --fetch downloads a server";

fn articles(catalog: &Catalog, names: &[&Name]) -> Result<Vec<Article>, Failure> {
    catalog.articles(names).map_err(|error| Failure::new(Exit::Refused, error))
}

/// Prints explanations.
fn print(catalog: &Catalog, articles: &[Article], out: &mut Out) -> Result<(), Failure> {
    let docs = catalog.docs().map(|docs| escape(docs.path().as_os_str().as_encoded_bytes()));
    if out.form == Form::Json {
        for article in articles {
            out.object(&json::object(article, docs.as_deref()))?;
        }
        return Ok(());
    }
    for (at, article) in articles.iter().enumerate() {
        if at > 0 {
            out.line("")?;
        }
        Page::new(out).article(article)?;
    }
    let has_texts = |it: &Article| matches!(it.kind, Kind::Event | Kind::Action);
    if let Some(docs) = docs.filter(|_| articles.iter().any(|it| it.documented)) {
        let text = out.styled(Style::Dim, &format!("Texts: {docs}"));
        out.line("")?;
        out.line(&text)?;
    } else if catalog.docs().is_none() && articles.iter().any(has_texts) {
        out.tell(Style::Dim, NO_DOCS);
    }
    Ok(())
}

/// Prints names with their synopses.
fn list(articles: &[Article], out: &mut Out) -> Result<(), Failure> {
    if out.form == Form::Json {
        for article in articles {
            let (kind, name) = (article.kind.name(), &article.name);
            let synopsis = joined(&article.synopsis);
            let of = &article.of;
            out.object(
                &json!({ "v": 1, "kind": kind, "name": name, "of": of, "synopsis": synopsis }),
            )?;
        }
        return Ok(());
    }
    let mut last = None;
    let widest = articles.iter().map(|article| label(article).len()).max().unwrap_or_default();
    for article in articles {
        if last.replace(article.kind).is_some_and(|last| last != article.kind) {
            out.line("")?;
        }
        let kind = Span::plain(format!("({})", article.kind));
        let mut spans = vec![Span { text: label(article), strong: true }, Span::plain(" "), kind];
        spans.push(Span::plain(" "));
        spans.extend(article.synopsis.iter().cloned());
        Page::new(out).flow(Lead::default(), (widest + 2).min(24), &spans)?;
    }
    Ok(())
}

fn label(article: &Article) -> String {
    match &article.of {
        Some(of) => format!("{} of {of}", article.name),
        None => article.name.clone(),
    }
}

/// Prints names alone, by kind.
fn names(found: &[&Name], out: &mut Out) -> Result<(), Failure> {
    let mut seen = std::collections::BTreeSet::new();
    let names: Vec<_> =
        found.iter().filter(|it| seen.insert((it.kind, it.name.to_lowercase()))).collect();
    if out.form == Form::Json {
        for name in names {
            out.object(&json!({ "v": 1, "kind": name.kind.name(), "name": name.name }))?;
        }
        return Ok(());
    }
    let mut last = None;
    for group in names.chunk_by(|one, two| one.kind == two.kind) {
        let Some(first) = group.first() else { continue };
        if last.replace(first.kind).is_some() {
            out.line("")?;
        }
        let title = out.styled(Style::Strong, first.kind.name());
        out.line(&title)?;
        let names: Vec<_> = group.iter().map(|it| escape(it.name.as_bytes())).collect();
        Page::new(out).flow(Lead::blank(2), 2, &[Span::plain(names.join(", "))])?;
    }
    Ok(())
}
