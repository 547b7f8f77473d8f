//! Tests of the generated actions and events against the tables that they are written from, and of
//! those against the documentation of servers.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ami::Event;
use ami::event::Typed;
use ami_codegen::read::documentation;
use ami_codegen::{COMMAND, VERSIONS, differences, generate, summary, tables};
use instance::{Server, Want};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_generated_files_are_what_the_tables_give() {
    for file in generate(&root()).unwrap() {
        let text = fs::read_to_string(root().join(file.path)).unwrap();
        assert!(text == file.text, "{} is not what its tables give: run `{COMMAND}`", file.path);
    }
}

#[test]
fn all_actions_and_events_of_the_tables_have_a_type_and_a_class() {
    let (summary, tables) = (summary(&root()).unwrap(), tables(&root()).unwrap());
    let counts = tables.iter().map(|it| (it.version, it.actions.len(), it.events.len()));
    assert_eq!(counts.collect::<Vec<_>>(), [(22, 154, 181), (16, 160, 165)]);
    for table in &tables {
        for action in &table.actions {
            let name = &action.head.name;
            assert!(summary.actions.iter().any(|known| known.name == *name), "action {name}");
        }
        for event in &table.events {
            // The documentation spells this one in another way than the server does.
            let name = event.head.name.replace("NewExten", "Newexten");
            assert!(summary.events.iter().any(|known| known.name == name), "event {name}");
        }
    }
    for event in &summary.events {
        let name = &event.name;
        let raw = Event::parse(format!("Event: {name}\r\n\r\n")).unwrap();
        assert!(!matches!(raw.typed(), Typed::Unknown(_)), "event {name} is not found");
        assert_eq!(event.classes.is_empty(), event.reply, "class of event {name}");
    }
    let undocumented = summary.events.iter().filter(|event| !event.documented).count();
    let named: BTreeSet<_> = summary.events.iter().map(|event| &event.name).collect();
    assert_eq!(named.len(), summary.events.len());
    assert_eq!((summary.actions.len(), summary.events.len(), undocumented), (170, 251, 66));
}

#[tokio::test]
async fn the_tables_are_compared_with_the_documentation_of_servers() {
    for (version, table) in VERSIONS.into_iter().zip(tables(&root()).unwrap()) {
        let said = |progress| eprintln!("{progress}");
        let server = Server::find_or_fetch(&Want::Major(version), said).await.unwrap();
        let path = server.directories().data.join("documentation/core-en_US.xml");
        let found = documentation(version, &fs::read_to_string(path).unwrap()).unwrap();
        // A newer server is no mistake of ours.
        // Written past the harness, which hides the output of a test that passes.
        let mut stderr = std::io::stderr();
        for line in differences(&table, &found) {
            writeln!(stderr, "the table of Asterisk {version} differs from the server: {line}")
                .unwrap();
        }
    }
}
