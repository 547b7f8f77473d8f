//! Configuration files as a sandbox reads them, and as real servers do.

use ami::Action;
use instance::{Instance, Section};

use crate::support::{Scratch, VERSIONS, builder};

/// Files that the server reads in its own way, and how: the sections with their keys, or `None` if
/// it refuses the file.
const FILES: &[(&str, &str, Option<&str>)] = &[
    (
        "keys",
        "[a]\nb = c ; d\ne=>f\n g  =  h \nno value\n= none\nb=i\n",
        Some("[a]b=c,e=f,g=h,b=i"),
    ),
    ("continued-values", "[a]\nb = c\nb += d\nB += e\n", Some("[a]b=c d,B=e")),
    ("escapes", "[a]\nb = c\\;d;e\n\\#f = g\n\\[h = i\n", Some("[a]b=c;d,#f=g,[h=i")),
    ("behind-include", "[a]\n#include inc/section.conf\nb = c\n", Some("[a]b=c[inc]x=y")),
    ("into-include", "[a]\n#include inc/keys.conf\nb = c\n", Some("[a]x=y,b=c")),
    (
        "behind-two-includes",
        "[a]\n#include inc/section.conf\n#include inc/keys.conf\nb = c\n",
        Some("[a]b=c[inc]x=y,x=y"),
    ),
    ("same-name", "[a]\nb = c\n[A]\nb = d\n[a]\nb = e\n", Some("[a]b=c[A]b=d[a]b=e")),
    ("added-to", "[a]\nb = c\n[a]\nb = d\n[a](+)\ne = f\n", Some("[a]b=c,e=f[a]b=d")),
    ("inherits", "[t](!)\nb = c\n[a](t)\nd = e\n", Some("[a]b=c,d=e")),
    ("inherits-twice", "[t](!)\nb = c\n[u](!,t)\nd = e\n[a](t,u)\n", Some("[a]b=c,b=c,d=e")),
    ("blank-in-options", "[t](!)\nb = c\n[a](t, t)\n", None),
    ("blank-before-options", "[t](!)\nb = c\n[a] (t)\nd = e\n", Some("[a]d=e")),
    ("blanks-in-name", "[ a ]\nb = c\n", Some("[ a ]b=c")),
    ("no-such-template", "[a](t)\nb = c\n", None),
    ("nothing-to-add-to", "[a](+)\nb = c\n", None),
    ("added-to-template", "[a](!)\nb = c\n[a](+)\nd = e\n", None),
    ("no-section", "b = c\n[a]\nd = e\n", None),
    ("text-before-section", "text\n[a]\nb = c\n", None),
    ("no-name-before-section", "= b\n[a]\nb = c\n", None),
    ("directive-before-section", "#nonsense x\n[a]\nb = c\n", Some("[a]b=c")),
    ("no-bracket", "[a\nb = c\n", None),
    ("no-parenthesis", "[a](!\nb = c\n", None),
    ("missing-include", "[a]\nb = c\n#include nowhere.conf\nd = e\n", None),
    ("tried-include", "[a]\nb = c\n#tryinclude nowhere.conf\nd = e\n", Some("[a]b=c,d=e")),
    ("braces", "[a]\n#include inc/{keys,section}.conf\nb = c\n", Some("[a]x=y,b=c[inc]x=y")),
    ("directives", "[a]\n#nonsense x\n#include\n#INCLUDE inc/keys.conf\n", Some("[a]x=y")),
    ("block-comments", "[a]\n;-- b = c\n;-- d --; e = f\n--; g = h\ni = j\n", Some("[a]g=h,i=j")),
    ("lines-of-dashes", "[a]\n;-----\nb = c\n;---------;\nd = e\n", Some("[a]b=c,d=e")),
    ("end-without-begin", "[a]\nb = c\nd = e--;\nf = g\n", Some("[a]b=c,d=e--;")),
    ("byte-order-mark", "\u{feff}[a]\nb = c\n", Some("[a]b=c")),
    // To a depth of ten.
    (
        "itself",
        "[a]\nb = c\n#include itself.conf\n",
        Some("[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c[a]b=c"),
    ),
];

/// The sections of a file as the server reads them.
async fn servers(instance: &Instance, file: &str) -> Option<String> {
    let get = Action::new("GetConfig").field("Filename", file);
    // The server refuses the action if it refuses the file.
    let response = instance.ami().call(get).await.ok()?;
    let mut shown = String::new();
    for (key, value) in response.fields() {
        let value = String::from_utf8_lossy(value);
        if key.starts_with(b"Category-") {
            shown += &format!("[{value}]");
        } else if key.starts_with(b"Line-") {
            shown += if shown.ends_with(']') { "" } else { "," };
            shown += &value;
        }
    }
    Some(shown)
}

/// The sections of a file as the sandbox reads them.
fn ours(instance: &Instance, file: &str) -> Option<String> {
    let shown = |section: &Section| {
        let keys: Vec<_> = section.keys().map(|(key, value)| format!("{key}={value}")).collect();
        format!("[{}]{}", section.name(), keys.join(","))
    };
    let sections = instance.sandbox().sections(file);
    (!sections.is_empty()).then(|| sections.iter().map(shown).collect())
}

#[tokio::test]
async fn files_are_read_as_the_server_reads_them() {
    let test = Scratch::new();
    test.file("inc/section.conf", "[inc]\nx = y\n");
    test.file("inc/keys.conf", "x = y\n");
    for (name, text, _) in FILES {
        test.file(&format!("{name}.conf"), text);
    }
    for major in VERSIONS {
        let instance = builder(major).await.configs(&test.0).build().unwrap().boot().await.unwrap();
        for (name, _, expected) in FILES {
            let file = format!("{name}.conf");
            let expected = expected.map(str::to_owned);
            assert_eq!(servers(&instance, &file).await, expected, "{major}: {name}");
            assert_eq!(ours(&instance, &file), expected, "{name}");
        }
        instance.stop().await.unwrap();
    }
}
