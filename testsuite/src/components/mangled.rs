//! Sections of SIPp in which one thing is something else: a component is built all the same or tells
//! the place of the mistake, and nothing panics.

use std::path::Path;

use crate::case::{Needs, ObjectSettings};
use crate::components::Registry;
use crate::files::{ConfigError, Document, Node, Section, Value};

/// The things that stand in the place of others.
const OTHERS: [&str; 18] = [
    "~",
    "''",
    "' '",
    "x",
    "'5'",
    "0",
    "-1",
    "1.5",
    "70000",
    "99999999999999999999",
    "1e400",
    ".nan",
    "yes",
    "[]",
    "[~]",
    "[[x]]",
    "{}",
    "{x: [y]}",
];

/// Sections with all keys that have to do with SIPp.
const SECTIONS: [(&str, &str); 5] = [
    (
        "sipp.SIPpTestCase",
        "{fail-on-any: no, stop-after-scenarios: no, asterisk-instances: 2, reactor-timeout: 5, test-iterations: [{scenarios: [{key-args: {scenario: a.xml, -p: 5061, -inf: b.csv}, ordered-args: [-s, x, -t, l1], target: '[::1]'}, {key-args: {scenario: a.xml}, ordered-args: {-aa: ~, -nd: ~}}, {coordinated-sender: {key-args: {scenario: b.xml, -sleep: 1}}, coordinated-receiver: {key-args: {scenario: c.xml}}}]}]}",
    ),
    (
        "sipp.SIPpAMIActionTestCase",
        "{test-iterations: [{scenarios: [{key-args: {scenario: a.xml}}]}], ami-action: {delay: 1.5, run-after-scenarios: yes, args: {Action: Reload, Module: x}}}",
    ),
    (
        "sipp_iterator.SIPpIteratorTestCase",
        "{type: multi, asterisk-instances: 2, scenarios: [{scenario: {Name: both, sequence: [{Name: a.xml, port: 5061, target: 127.0.0.1, ordered-args: [-s, x]}, {key-args: {scenario: a.xml, -p: 5062}}]}, action: {Messages: [{Action: Reload, Module: x}]}}, {scenario: {Name: none}, action: {Action: none}}, {scenario: {Name: done}, action: {Messages: [{Action: Reload, ActionID: 3}]}}]}",
    ),
    (
        "pluggable_modules.EventActionModule",
        "[{ami-start: {id: 0}, sipp: {scenarios: [{key-args: {scenario: a.xml, -p: 5061}, ordered-args: [-s, x]}], fail-on-any: no, stop-after-scenarios: no}, callback: {module: extension_bank, method: bob_waits}}, {sipp-start: {name: a.xml, count: 2}, stop_test: ~}]",
    ),
    (
        "pluggable_modules.Originator",
        "{trigger: scenario_start, scenario-name: a.xml, channel: Local/s@default}",
    ),
];

/// Writes a node on lines of its own, with another thing in the place of one of its nodes. Each
/// node takes one from the number that is left.
fn write(node: &Node, left: &mut Option<usize>, other: &str, out: &mut String) {
    if *left == Some(0) {
        *left = None;
        out.push_str(other);
        return;
    }
    *left = left.map(|left| left - 1);
    match &node.value {
        Value::Scalar { text, plain } => {
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
            if *plain && text.chars().all(is_word) {
                out.push_str(if text.is_empty() { "~" } else { text });
            } else {
                out.push_str(&serde_json::to_string(text).unwrap());
            }
        }
        Value::List(items) => {
            out.push_str("[\n");
            for item in &**items {
                write(item, left, other, out);
                out.push_str(",\n");
            }
            out.push(']');
        }
        Value::Map(_) => {
            out.push_str("{\n");
            for (key, value) in node.entries() {
                write(key, left, other, out);
                out.push_str(" : ");
                write(value, left, other, out);
                out.push_str(",\n");
            }
            out.push('}');
        }
    }
}

/// Builds a component of a text, and asks it for its needs.
fn built(registry: &Registry, name: &str, text: &str) -> Result<(), ConfigError> {
    let build = registry.component_of(name).unwrap();
    let section = Section::new(&Document::parse(Path::new("t.yaml"), text)?.root, "it has");
    let component = build(&section)?;
    ObjectSettings::read(&section)?;
    component.needs(&mut Needs::default());
    section.unread();
    Ok(())
}

#[test]
fn whatever_stands_in_the_place_of_something_is_built_or_refused_with_its_place() {
    let registry = Registry::new();
    for (name, yaml) in SECTIONS {
        let root = Document::parse(Path::new("t.yaml"), yaml).unwrap().root;
        built(&registry, name, yaml).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let (mut refused, mut at) = (0, 0);
        loop {
            let mut is_over = false;
            for other in OTHERS {
                let (mut left, mut text) = (Some(at), String::new());
                write(&root, &mut left, other, &mut text);
                is_over = left.is_some();
                if is_over {
                    break;
                }
                if let Err(error) = built(&registry, name, &text) {
                    let lines = text.lines().count();
                    let line = error.line.unwrap_or_else(|| panic!("{name}: {text}\n{error:#}"));
                    assert!(
                        line <= lines && error.file == Path::new("t.yaml"),
                        "{text}\n{error:#}"
                    );
                    assert!(!error.what.trim().is_empty(), "{name}: {text}");
                    refused += 1;
                }
            }
            if is_over {
                break;
            }
            at += 1;
        }
        // Most of it means something.
        assert!(refused > at, "{name}: of {at} nodes {refused} are refused");
    }
}
