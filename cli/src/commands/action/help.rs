//! The parameters of an action, for its help.

use ami::action::{self, Description, Parameter, ParameterKind};
use clap::Args;
use serde_json::json;

use super::Do;
use crate::exit::{Exit, Failure};
use crate::out::{Form, Out, Style};

/// Prints the help of the command itself.
pub(super) fn of_command(out: &mut Out) -> Result<Exit, Failure> {
    let command = Do::augment_args(clap::Command::new("ami do"));
    let text = command.about("Send any action, and print the reply").render_help().to_string();
    out.line(text.trim_end())?;
    Ok(Exit::Done)
}

/// Prints what an action takes.
pub(super) fn of_action(name: &str, out: &mut Out) -> Result<Exit, Failure> {
    let Some(known) = action::describe(name) else {
        let similar = similar(name).map_or_else(String::new, |name| format!(" (similar: {name})"));
        let text = format!("{name:?} is no action that Asterisk 16 or 22 documents{similar}");
        return Err(Failure::usage(text));
    };
    match out.form {
        Form::People => for_people(known, out)?,
        _ => out.object(&object(known))?,
    }
    Ok(Exit::Done)
}

/// Returns the name of the action that is most similar to this one, if one is.
pub(super) fn similar(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let near = |it: &Description| strsim::jaro(&name, &it.name.to_ascii_lowercase());
    let best = action::all().iter().max_by(|one, two| near(one).total_cmp(&near(two)))?;
    (near(best) > 0.8).then_some(best.name)
}

fn for_people(known: &Description, out: &mut Out) -> std::io::Result<()> {
    let name = out.styled(Style::Strong, known.name);
    out.line(&name)?;
    for sentence in sentences(known) {
        out.line(&sentence)?;
    }
    if known.parameters.is_empty() {
        return out.line("\nIt takes no parameters.");
    }
    out.line("")?;
    let row = |parameter: &Parameter| {
        let text = parameter.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let required = if parameter.is_required { "required" } else { "" };
        vec![
            format!("  {}={}", parameter.name, value(parameter.kind)),
            required.into(),
            plain(&text),
        ]
    };
    let rows: Vec<_> = known.parameters.iter().map(row).collect();
    let widest = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or_default();
    let (names, required) = (widest(0), widest(1));
    for row in &rows {
        let [name, is_required, text] = &row[..] else { continue };
        let text = out.styled(Style::Dim, text);
        let line = format!("{name:names$}  {is_required:required$}  {text}");
        out.line(line.trim_end())?;
    }
    Ok(())
}

pub(in crate::commands) fn value(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Texts => "TEXT …",
        ParameterKind::Number => "NUMBER",
        ParameterKind::TrueOrFalse => "true|false",
        ParameterKind::OneOrZero => "1|0",
        ParameterKind::YesOrNo => "yes|no",
        ParameterKind::Seconds => "SECONDS",
        ParameterKind::Milliseconds => "MILLISECONDS",
        _ => "TEXT",
    }
}

/// Returns the sentences about an action, without those about the type in Rust.
pub(in crate::commands) fn sentences(known: &Description) -> Vec<String> {
    let text = known.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_wanted = |it: &&str| !it.starts_with("The action `") && !it.contains("](crate::");
    let sentences = text.split(". ").filter(is_wanted);
    sentences.map(|sentence| plain(sentence.trim())).collect()
}

/// Returns Markdown as text: links without their targets but for addresses, and no backticks.
pub(in crate::commands) fn plain(text: &str) -> String {
    let mut text = text;
    let mut plain = String::new();
    while let Some((before, behind)) = text.split_once("](") {
        let Some((target, rest)) = behind.split_once(')') else { break };
        plain += before;
        if target.starts_with("http") {
            plain += ": ";
            plain += target;
        }
        text = rest;
    }
    plain += text;
    plain.replace(['`', '['], "")
}

fn object(known: &Description) -> serde_json::Value {
    let parameter = |it: &Parameter| {
        json!({
            "name": it.name,
            "required": it.is_required,
            "repeats": it.kind == ParameterKind::Texts,
            "value": value(it.kind).trim_end_matches(" …"),
            "text": plain(it.text.trim()),
        })
    };
    json!({
        "v": 1,
        "action": known.name,
        "classes": known.classes.iter().map(|class| class.name()).collect::<Vec<_>>(),
        "parameters": known.parameters.iter().map(parameter).collect::<Vec<_>>(),
    })
}
