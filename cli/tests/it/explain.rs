//! `ami explain`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use instance::{Server, Want};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use unicode_width::UnicodeWidthStr;

use crate::events::kit::{Ended, VERSIONS, offline, run};

/// A documentation with all markup that those of servers have.
const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE docs SYSTEM "appdocsxml.dtd">
<?xml-stylesheet type="text/xsl" href="appdocsxml.xslt"?>
<docs xmlns:xi="http://www.w3.org/2001/XInclude">
<module language="en_US" name="app_door"><support_level>core</support_level><depend>res_key</depend></module>
<application name="OpenDoor" language="en_US" module="app_door">
  <since><version>1.2.0</version></since>
  <synopsis>Opens a
    door.</synopsis>
  <syntax>
    <parameter name="door" required="true"><para>The <literal>door</literal>, as <replaceable>floor</replaceable>.</para></parameter>
    <parameter name="options"><optionlist><option name="k"><argument name="key" required="true"/><para>With a key &amp; a <variable>KEY</variable>.</para></option></optionlist></parameter>
  </syntax>
  <description>
    <para>Text.<xi:include xpointer="xpointer(/docs/info[@name='doors']/node())"/></para>
    <note><para>Mind the &#27;[2J step.</para></note>
    <warning><para>It is loud.</para></warning>
    <example title="Two doors">
      same => n,OpenDoor(1)
        same => n,OpenDoor(<![CDATA[<2>]]>)
    </example>
    <variablelist><variable name="DOORSTATUS"><para>How it went.</para>
      <value name="OPEN">It is <emphasis>open</emphasis>.</value><value name="STUCK" default="yes"/></variable></variablelist>
  </description>
  <see-also><ref type="application">CloseDoor</ref><ref type="astcli">door show</ref><ref type="link">https://example.com</ref></see-also>
</application>
<manager name="DoorList" language="en_US"><synopsis>Lists doors.</synopsis>
  <syntax><xi:include xpointer="xpointer(/docs/application[@name='OpenDoor']/syntax/parameter[@name='door'])"/></syntax>
  <responses><list-elements><managerEvent name="DoorEntry" language="en_US"><managerEventInstance class="EVENT_FLAG_COMMAND">
    <synopsis>A door.</synopsis><syntax><channel_snapshot prefix="Key"/>
    <parameter name="State"><enumlist><enum name="open"/><enum name="shut"><para>Closed.</para></enum></enumlist></parameter></syntax>
  </managerEventInstance></managerEvent></list-elements></responses>
</manager>
<configInfo name="res_door" language="en_US"><configFile name="door.conf"><configObject name="hinge"><synopsis>A hinge.</synopsis>
  <configOption name="oil" default="no"><synopsis>Oil it.</synopsis><description><para>Weekly.</para></description></configOption>
</configObject></configFile></configInfo>
<info name="doors" language="en_US" tech="Door"><para>Doors <filename>swing</filename>.</para></info>
</docs>
"#;

/// A folder with documentation in it.
struct Docs {
    folder: TempDir,
}

impl Docs {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let docs = Self { folder };
        docs.write("core-en_US.xml", SMALL);
        docs
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn explain(&self, words: &[&str]) -> Ended {
        let path = self.folder.path().to_str().unwrap();
        run(offline(&[&["explain", "--docs", path][..], words].concat())).await
    }

    async fn objects(&self, words: &[&str]) -> Vec<Value> {
        let ended = self.explain(&[&["--json"][..], words].concat()).await;
        assert_eq!(ended.code, Some(0), "{words:?} {ended:?}");
        let objects = ended.objects();
        assert!(objects.iter().all(|it| it["v"] == 1), "{objects:?}");
        objects
    }
}

/// The kinds and names of objects.
fn found(objects: &[Value]) -> Vec<(&str, &str)> {
    objects.iter().map(|it| (it["kind"].as_str().unwrap(), it["name"].as_str().unwrap())).collect()
}

/// The file of a real server's documentation.
async fn documentation(major: u32) -> PathBuf {
    let told = |progress| eprintln!("{progress}");
    let server = Server::find_or_fetch(&Want::Major(major), told).await.unwrap();
    server.directories().data.join("documentation/core-en_US.xml")
}

/// The names of the elements with a tag.
fn names_of(text: &str, tag: &str) -> BTreeSet<String> {
    let begin = format!("<{tag} ");
    let elements = text.split(begin.as_str()).skip(1);
    let name = |it: &str| it.split_once("name=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    elements.map(name).map(|it| it.replace("&#47;", "/")).filter(|it| !it.is_empty()).collect()
}

#[tokio::test]
async fn all_names_of_servers_are_explained() {
    for major in VERSIONS {
        let text = fs::read_to_string(documentation(major).await).unwrap();
        let major = major.to_string();
        let ended = run(offline(&["explain", "*", "--full", "--json", "--version", &major])).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let objects = ended.objects();
        let names = |kind: &str| -> BTreeSet<String> {
            let of_kind = objects.iter().filter(|it| it["kind"] == kind);
            of_kind.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
        };
        for (kind, tag) in [
            ("event", "managerEvent"),
            ("action", "manager"),
            ("application", "application"),
            ("function", "function"),
            ("agi", "agi"),
            ("option", "configOption"),
            ("config", "configObject"),
            ("module", "module"),
        ] {
            let lower = |names: BTreeSet<String>| -> BTreeSet<String> {
                names.into_iter().map(|it| it.to_lowercase()).collect()
            };
            // The documentation spells some events in another way than the server does.
            let (wanted, has) = (lower(names_of(&text, tag)), lower(names(kind)));
            let missing: Vec<_> = wanted.difference(&has).collect();
            assert!(missing.is_empty(), "{major} {kind}: {missing:?}");
        }
        let events: BTreeSet<_> = ami::event::all().map(|(name, _)| name.to_owned()).collect();
        let actions = ami::action::all().iter().map(|it| it.name.to_owned()).collect();
        let causes = (0..128).filter_map(|it| ami::Cause::new(it).name()).map(str::to_owned);
        assert!(events.is_subset(&names("event")) && names("action").is_superset(&actions));
        assert_eq!(names("cause"), causes.collect());
        for tag in ["para", "literal", "replaceable", "enumlist", "synopsis", "xi:include", "ref"] {
            for begin in [format!("<{tag}>"), format!("</{tag}"), format!("<{tag} ")] {
                assert!(!ended.text().contains(&begin), "{major}: {begin}");
            }
        }
        for rest in ["&lt;", "&amp;", "xpointer", "[missing in"] {
            assert!(!ended.text().contains(rest), "{major}: {rest}");
        }
        let hangup = objects.iter().find(|it| it["kind"] == "event" && it["name"] == "Hangup");
        let hangup = hangup.unwrap();
        assert_eq!(hangup["classes"][0], "call");
        let fields = hangup["fields"].as_array().unwrap();
        let field = |name: &str| fields.iter().find(|it| it["name"] == name).unwrap();
        assert!(field("Cause")["text"].as_str().unwrap().contains("cause"), "{hangup}");
        assert!(field("Linkedid").get("text").is_none(), "{hangup}");
        let since = (major == "22").then_some("12.0.0");
        assert_eq!(hangup["since"][0].as_str(), since);
        let member = objects.iter().find(|it| it["name"] == "QueueMemberAdded").unwrap();
        let status = member["fields"].as_array().unwrap().iter();
        let status = status.clone().find(|it| it["name"] == "Status").unwrap();
        assert_eq!(status["items"].as_array().unwrap().len(), 9, "{status}");
    }
}

#[tokio::test]
async fn markup_becomes_text() {
    let docs = Docs::new();
    let shown = docs.explain(&["opendoor"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let path = docs.folder.path().join("core-en_US.xml");
    let expected = format!(
        r#"OpenDoor (application)
Opens a door.

  since   1.2.0
  module  app_door

  OpenDoor(door[,options])

Parameters
  door     (required) The door, as <floor>.
  options
      k(key)  With a key & a KEY.

Description
  Text.

  Doors swing.

  Note: Mind the \u{{1b}}[2J step.

  Warning: It is loud.

  Example: Two doors
    same => n,OpenDoor(1)
      same => n,OpenDoor(<2>)
  DOORSTATUS  How it went.
      OPEN   It is open.
      STUCK  (default yes)

See also
  CloseDoor(), CLI: door show, https://example.com

Texts: {}
"#,
        path.display()
    );
    assert_eq!(shown.text(), expected);
    let objects = docs.objects(&["DoorEntry"]).await;
    assert_eq!(found(&objects), [("event", "DoorEntry")]);
    assert_eq!(objects[0]["fields"][13]["name"], "KeyLinkedid");
    assert_eq!(objects[0]["fields"][14]["items"][1]["text"], "Closed.");
    let objects = docs.objects(&["DoorList"]).await;
    assert_eq!(objects[0]["parameters"][0]["text"], "The door, as <floor>.");
    assert_eq!(objects[0]["replies_with_events"], "DoorEntry");
    let shown = docs.explain(&["hinge/oil"]).await.text();
    assert!(shown.starts_with("oil (configuration option of door.conf/hinge)\nOil it."), "{shown}");
    let objects = docs.objects(&["app_door"]).await;
    assert_eq!(
        (&objects[0]["support"], &objects[0]["depends_on"]),
        (&"core".into(), &"res_key".into())
    );
    let objects = docs.objects(&["STUCK"]).await;
    assert_eq!(objects[0]["of"], "DOORSTATUS of OpenDoor");
}

#[tokio::test]
async fn numbers_texts_and_names_of_several_kinds_are_found() {
    let docs = Docs::new();
    for (words, expected) in [
        (&["16"][..], &[("cause", "NORMAL_CLEARING"), ("extension-state", "ONHOLD")][..]),
        (&["Normal", "Clearing"], &[("cause", "NORMAL_CLEARING")]),
        (&["ast_cause_normal_clearing"], &[("cause", "NORMAL_CLEARING")]),
        (&["Circuit/channel congestion"], &[("cause", "NORMAL_CIRCUIT_CONGESTION")]),
        (&["486"], &[("sip", "486")]),
        (&["Rsrvd"], &[("channel-state", "RESERVED")]),
        (&["InUse&Ringing"], &[("extension-state", "INUSE&RINGING")]),
        (&["3", "-k", "extension-state"], &[("extension-state", "3")]),
        (&["call"], &[("class", "call")]),
        (&["Permission denied"], &[("response", "Permission denied")]),
        (&["${DIALSTATUS}"], &[("variable", "DIALSTATUS")]),
        (&["JOINEMPTY"], &[("value", "JOINEMPTY")]),
        (&["Hangup"], &[("event", "Hangup"), ("action", "Hangup"), ("reason", "HANGUP")]),
        (&["Hangup", "--kind", "action"], &[("action", "Hangup")]),
        (&["OpenDoor()"], &[("application", "OpenDoor")]),
    ] {
        assert_eq!(found(&docs.objects(words).await), expected, "{words:?}");
    }
    let busy = docs.objects(&["17", "--kind", "cause"]).await;
    assert_eq!((&busy[0]["number"], &busy[0]["sent_by_PJSIP_as"]), (&"17".into(), &"486".into()));
    let hangup = docs.objects(&["Hangup", "--kind", "action"]).await;
    assert_eq!(hangup[0]["classes"], serde_json::json!(["system", "call"]));
    assert_eq!(hangup[0]["parameters"][0]["required"], true);
}

#[tokio::test]
async fn names_are_listed() {
    let docs = Docs::new();
    let listed = docs.objects(&["*Door*"]).await;
    assert!(found(&listed).contains(&("application", "OpenDoor")), "{listed:?}");
    assert!(listed.iter().any(|it| it["synopsis"] == "Opens a door."), "{listed:?}");
    let shown = docs.explain(&["queuemember*"]).await.text();
    assert!(shown.contains("QueueMemberAdded (event)\n"), "{shown}");
    let shown = docs.explain(&[]).await.text();
    assert!(shown.starts_with("event\n  AgentCalled, AgentComplete, "), "{shown}");
    assert!(shown.contains("\n\noption\n  oil\n"), "{shown}");
    let all = docs.objects(&[]).await;
    let kinds: BTreeSet<_> = found(&all).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds.len(), 17, "all but functions and commands of AGI: {kinds:?}");
}

#[tokio::test]
async fn a_name_that_is_not_known_is_told_with_those_that_are_similar() {
    let docs = Docs::new();
    let ended = docs.explain(&["Hangpu"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("nothing is known of \"Hangpu\""), "{ended:?}");
    assert!(ended.stderr.contains("similar: Hangup"), "{ended:?}");
    let ended = docs.explain(&["Hangup", "-k", "module"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("of the kind module"), "{ended:?}");
    assert_eq!(docs.explain(&["Nothing*AtAll"]).await.code, Some(1));
    for words in [&["Hangup", "--raw"][..], &["X", "-k", "x"], &["X", "--version", "22"]] {
        assert_eq!(docs.explain(words).await.code, Some(2), "{words:?}");
    }
}

#[tokio::test]
async fn without_documentation_the_tables_explain() {
    let empty = TempDir::new().unwrap();
    let explain = |words: &'static [&'static str]| {
        let mut command = offline(&[&["explain"][..], words].concat());
        command
            .env("PATH", empty.path())
            .env("ASTERISK_CACHE", empty.path())
            .env_remove("ASTERISK");
        run(command)
    };
    let ended = explain(&["Hangup", "--version", "22"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("--fetch"), "{ended:?}");
    let is_installed = ["/usr/share/asterisk", "/var/lib/asterisk", "/usr/sbin/asterisk"];
    if is_installed.iter().any(|path| fs::exists(path).unwrap()) {
        eprintln!("this machine has an Asterisk of its own");
        return;
    }
    let ended = explain(&["Hangup"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("no documentation of a server was found"), "{ended:?}");
    let text = ended.text();
    assert!(text.starts_with("Hangup (event)\n\n  class  call (read)\n\nFields\n"), "{text}");
    assert!(text.contains("TechCause") && text.contains("class  system or call (write)"), "{text}");
    let ended = explain(&["16", "--installed"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("/usr/share/asterisk/documentation"), "{ended:?}");
}

#[tokio::test]
async fn a_documentation_that_is_broken_is_told_with_the_place() {
    let docs = Docs::new();
    let inside = |text: &str| {
        format!("<docs>\n<manager name='A'><syntax>{text}</syntax></manager>\n</docs>")
    };
    let include = |path: &str| inside(&format!("<xi:include xpointer=\"xpointer({path})\"/>"));
    for (text, expected) in [
        ("<docs>\n<manager name='A'>".to_owned(), ".xml:2:19: the file ends in an element"),
        ("<docs>\n<manager name='A'></docs>".to_owned(), ".xml:2:"),
        ("<html><p/></html>".to_owned(), ".xml:1:1: expected one element <docs>"),
        (String::new(), "expected an element <docs>"),
        (inside("&nbsp;"), ".xml:2:27: the entity &nbsp; is not known"),
        (inside("<parameter name='a&b;'/>"), ".xml:2:27: not XML"),
        (include("//x"), ".xml:2:1: \"xpointer(//x)\": expected"),
        (include("/docs/manager[@name='A']/syntax/node()"), ".xml:2:1: \"xpointer("),
    ] {
        let path = docs.write("broken.xml", &text);
        let ended = run(offline(&["explain", "A", "--docs", &path])).await;
        assert_eq!(ended.code, Some(1), "{text} {ended:?}");
        assert!(ended.stderr.contains(expected), "{text} {ended:?}");
    }
    let path = docs.write("broken.xml", include("/docs/manager[@name='B']/syntax/parameter"));
    assert_eq!(run(offline(&["explain", "A", "--docs", &path])).await.code, Some(0));
    let large = docs.write("large.xml", "");
    File::options().write(true).open(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let latin = docs.write("latin.xml", b"<docs>\xff</docs>");
    let missing = docs.folder.path().join("missing.xml").to_str().unwrap().to_owned();
    fs::create_dir(docs.folder.path().join("empty")).unwrap();
    let empty = docs.folder.path().join("empty").to_str().unwrap().to_owned();
    for (path, expected) in [
        (large, "more than 64 MB"),
        (latin, "UTF-8"),
        (missing, "No such file"),
        (empty, "has no core-en_US.xml"),
    ] {
        let ended = run(offline(&["explain", "A", "--docs", &path])).await;
        assert_eq!(ended.code, Some(1), "{path} {ended:?}");
        assert!(ended.stderr.contains(expected) && ended.stderr.contains(&path), "{ended:?}");
    }
}

/// Runs the program on a terminal of so many columns, and returns all that it prints.
async fn on_terminal(columns: u16, mut command: Command) -> String {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let side = File::options().read(true).write(true).open(name).unwrap();
    command.stdout(side).env("TERM", "xterm");
    let mut child = command.spawn().unwrap();
    // The command has the program's side of the terminal, which ends with the last one.
    drop(command);
    let read = tokio::task::spawn_blocking(move || {
        let (mut master, mut bytes) = (File::from(master), Vec::new());
        // Ends with an error when the program has ended.
        let _ = master.read_to_end(&mut bytes);
        String::from_utf8(bytes).unwrap()
    });
    assert!(child.wait().await.unwrap().success());
    read.await.unwrap()
}

/// A text without the codes of colours.
fn plain(text: &str) -> String {
    let mut pieces = text.split("\x1b[");
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once('m').unwrap().1)
}

#[tokio::test]
async fn text_is_wrapped_to_the_terminal_and_coloured() {
    let docs = documentation(22).await;
    let docs = docs.to_str().unwrap();
    for columns in [200, 80, 40, 20] {
        let words = ["explain", "QueueMemberAdded", "-k", "event", "--docs", docs];
        let shown = on_terminal(columns, offline(&words)).await;
        assert!(shown.contains("\x1b[1mQueueMemberAdded\x1b[0m"), "{shown:?}");
        let shown = plain(&shown).replace('\r', "");
        let widest = usize::from(columns.min(100));
        // The path of the file is not wrapped.
        for line in shown.lines().filter(|line| !line.starts_with("Texts: ")) {
            assert!(line.width() <= widest, "{columns}: {line:?}");
        }
        let words = |text: &str| text.split_whitespace().collect::<String>();
        assert!(words(&shown).contains("QueueMemberRemoved"), "{shown}");
    }
}

#[tokio::test]
async fn bash_completes_names() {
    let script = run(offline(&["completion", "bash"])).await.text();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ami.bash");
    fs::write(&file, script).unwrap();
    let asked = r#"source "$1"; COMP_WORDS=(ami explain QueueMemberA) COMP_CWORD=2
        _ami ami QueueMemberA explain; printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-uc", asked, "bash"]).arg(&file).stdin(Stdio::null());
    assert_eq!(run(bash).await.text(), "QueueMemberAdded\n");
    let help = run(offline(&["explain", "--help"])).await.text();
    assert!(!help.contains("QueueMemberAdded"), "{help}");
}
