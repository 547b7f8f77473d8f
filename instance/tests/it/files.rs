//! Files of a test that are none, and files that would not be read.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use instance::{BootFailure, BuildError, Builder};

use crate::support::{Scratch, VERSIONS, builder, chain};

/// A builder for a server that is never booted, and what that lives in.
async fn base() -> (Scratch, Builder) {
    let root = Scratch::new();
    let builder = Builder::new(root.server("exit 1").await);
    (root, builder)
}

fn refused(builder: Builder) -> (BuildError, String) {
    let error = builder.build().unwrap_err();
    let shown = chain(&error);
    (error, shown)
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn what_cannot_be_read_to_an_end_is_refused_with_its_path_and_kind() {
    let (_root, base) = base().await;
    let test = Scratch::new();
    for folder in ["configs/sub", "files/astdatadir/sub", "suite/files/common/astspooldir"] {
        fs::create_dir_all(test.0.join(folder)).unwrap();
    }
    type Make = fn(&Path);
    type Change = fn(Builder, PathBuf) -> Builder;
    let kinds: [(&str, Make); 4] = [
        ("a named pipe", pipe),
        ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
        ("a device", |path| symlink("/dev/zero", path).unwrap()),
        ("a device", |path| symlink("/dev/tty", path).unwrap()),
    ];
    let places: [(&str, Change); 5] = [
        ("configs/extensions.conf", |builder, test| builder.configs(test.join("configs"))),
        ("configs/sub/notes", |builder, test| builder.configs(test.join("configs"))),
        ("configs/.permissions", |builder, test| builder.configs(test.join("configs"))),
        ("files/astdatadir/sub/x", |builder, test| builder.files(test.join("files"))),
        ("suite/files/common/astspooldir/x", |builder, test| builder.test(test.join("suite"))),
    ];
    for (name, change) in places {
        for (kind, make) in kinds {
            let path = test.0.join(name);
            make(&path);
            let (error, shown) = refused(change(base.clone(), test.0.clone()));
            assert!(matches!(error, BuildError::Kind { .. }), "{shown}");
            assert!(shown.starts_with(&format!("{}: {kind}", path.display())), "{shown}");
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_named_with_what_it_names_and_an_editors_lock_is_none() {
    let (_root, base) = base().await;
    let test = Scratch::new();
    for name in ["configs/sub/x.conf", "files/astdatadir/sub/x", "suite/configs/ast1/x.conf"] {
        test.file(name, "");
    }
    // An editor makes the first; the others have names that are theirs and harmless.
    for folder in ["configs", "configs/sub", "files/astdatadir/sub", "suite/configs/ast1"] {
        symlink("me@here.4711:1700000000", test.0.join(folder).join(".#x.conf")).unwrap();
        test.file(&format!("{folder}/x.conf~"), "");
        test.file(&format!("{folder}/.x.conf.swp"), "");
    }
    let all = |it: Builder| {
        let place = &test.0;
        it.configs(place.join("configs")).files(place.join("files")).test(place.join("suite"))
    };
    let sandbox = all(base.clone()).build().unwrap();
    assert!(sandbox.etc().join("sub/x.conf").exists() && sandbox.data().join("sub/x").exists());
    assert!(fs::symlink_metadata(sandbox.etc().join(".#x.conf")).is_err());
    for name in [
        "configs/sip.conf",
        "configs/sub/y",
        "configs/.permissions",
        "files/astdatadir/sub/y",
        "files/astspooldir",
        "suite/configs/ast1/y.conf",
        "suite/files",
    ] {
        let link = test.0.join(name);
        for target in ["/nonexistent/target", link.to_str().unwrap()] {
            symlink(target, &link).unwrap();
            let (error, shown) = refused(all(base.clone()));
            assert!(matches!(error, BuildError::Dangling { .. }), "{name}: {shown}");
            assert!(shown.contains(&format!("{} -> {target}", link.display())), "{shown}");
            fs::remove_file(&link).unwrap();
        }
    }
    // All at once; and not those that something later stands in for.
    symlink("/nonexistent/a", test.0.join("configs/a.conf")).unwrap();
    symlink("/nonexistent/b", test.0.join("configs/b.conf")).unwrap();
    let (_, shown) = refused(all(base.clone()));
    assert!(shown.contains("a.conf -> /") && shown.contains("b.conf -> /"), "{shown}");
    let (_, shown) = refused(all(base.clone()).file("a.conf", ""));
    assert!(!shown.contains("a.conf -> /") && shown.contains("b.conf -> /"), "{shown}");
    assert!(all(base.clone()).file("a.conf", "").file("b.conf", "").build().is_ok());
}

#[tokio::test]
async fn a_folder_that_is_in_itself_is_refused_and_one_that_is_there_twice_is_not() {
    let (_root, base) = base().await;
    for kind in ["configs", "files"] {
        let test = Scratch::new();
        let inside = if kind == "files" { "astdatadir/sub" } else { "sub" };
        let file = test.file(&format!("{kind}/{inside}/x"), "");
        let folder = file.parent().unwrap();
        let change = |it: Builder| match kind {
            "configs" => it.configs(test.0.join(kind)),
            _ => it.files(test.0.join(kind)),
        };
        symlink(folder, folder.parent().unwrap().join("again")).unwrap();
        let sandbox = change(base.clone()).build().unwrap();
        let root = if kind == "files" { sandbox.data() } else { sandbox.etc() };
        assert!(root.join("again/x").exists());
        symlink("..", folder.join("loop")).unwrap();
        let (error, shown) = refused(change(base.clone()));
        assert!(matches!(error, BuildError::Cycle { .. }), "{shown}");
        assert!(shown.contains("/loop: "), "{shown}");
    }
}

#[tokio::test]
async fn names_that_are_not_utf_8_are_copied() {
    let (_root, base) = base().await;
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"\xe4.conf");
    let test = Scratch::new();
    for folder in ["configs", "files/astdatadir"] {
        fs::create_dir_all(test.0.join(folder)).unwrap();
        fs::write(test.0.join(folder).join(name), "text").unwrap();
    }
    let all = |it: Builder| it.configs(test.0.join("configs")).files(test.0.join("files"));
    let sandbox = all(base.clone()).build().unwrap();
    assert_eq!(fs::read(sandbox.etc().join(name)).unwrap(), b"text");
    assert_eq!(fs::read(sandbox.data().join(name)).unwrap(), b"text");
}

#[tokio::test]
async fn an_include_of_a_file_that_is_not_there_is_told_with_its_line() {
    for major in VERSIONS {
        let base = builder(major).await;
        let failed = async |it: Builder| {
            let error = it.build().unwrap().boot().await.unwrap_err();
            fs::remove_dir_all(&error.folder).unwrap();
            let BootFailure::Include { from, line, name } = error.failure else {
                panic!("{error}");
            };
            (from, line, name)
        };
        for (line, name) in [
            ("#include \"nowhere.conf\"", "nowhere.conf"),
            ("#include sub/*.conf", "sub/*.conf"),
            ("#include sub", "sub"),
            ("#include \"../x.inc\"", "../x.inc"),
            ("#include \"x.inc\" y", "\"x.inc\" y"),
            ("#include /etc/asterisk/nowhere.inc", "/etc/asterisk/nowhere.inc"),
        ] {
            let test = Scratch::new();
            test.file("sub/x", "");
            test.file("x.inc", "");
            let file = test.file("extensions.conf", &format!("[a]\n{line}\n[b]\n"));
            let told = failed(base.clone().configs(&test.0)).await;
            assert_eq!(told, (file.display().to_string(), 2, name.to_owned()), "{major}: {line}");
        }
        // From a file that is included itself, and in what the code adds.
        let line = "  #INCLUDE <<<astetcdir>>/nowhere.conf>";
        let nested = base.clone().file("extensions.conf", "#tryinclude nested.inc\n");
        let nested = nested.file("nested.inc", "").append("nested.inc", line);
        let (from, line, name) = failed(nested).await;
        assert_eq!((&*from, line), ("nested.inc, set from code", 1));
        assert!(name.ends_with("/nowhere.conf"), "{name}");
        // No module reads this one.
        let unread = base.file("chan_dahdi.conf", "[channels]\n#include dahdi-channels.conf\n");
        unread.build().unwrap().boot().await.unwrap().stop().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_added_behind_a_comment_that_does_not_end_is_refused() {
    let (_root, base) = base().await;
    let text = "[a]\n;-- this\nk = v\n";
    let test = Scratch::new();
    let file = test.file("a.conf", text);
    let (error, shown) = refused(base.clone().configs(&test.0).append("a.conf", "[b]"));
    assert!(matches!(error, BuildError::OpenComment { line: 2, .. }), "{shown}");
    assert!(shown.starts_with(&format!("{}:2: ", file.display())), "{shown}");
    let section = |it: Builder| it.append("b.conf", text).section("b.conf", "x", [("k", "v")]);
    let (_, shown) = refused(section(base.clone()));
    assert!(shown.starts_with("b.conf, set from code:2: "), "{shown}");
    // Without an addition it is the server's to judge.
    assert!(base.clone().configs(&test.0).build().is_ok());
}

#[tokio::test]
async fn includes_that_are_not_refused_are_those_that_the_server_reads() {
    let test = Scratch::new();
    let context = |name: &str| format!("[{name}]\nexten => x,1,NoOp()\n");
    test.file("sub/a.conf", &context("glob"));
    test.file("sub/.hidden.conf", &context("hidden"));
    test.file("b c;d.inc", &context("odd"));
    test.file("set.inc", &context("set"));
    test.file("one.inc", &context("brace"));
    test.file("nested/x.inc", "#include sub/../nested.inc\n");
    test.file("nested.inc", &context("nested"));
    test.file("twice.inc", "#include twice.inc\n");
    // No module reads these by itself.
    test.file(".hidden.conf", "#include nowhere\n");
    test.file("sub/unused.txt", "#include nowhere\n");
    test.file("unused.txt", "#include nowhere\n");
    let outside = test.file("outside", &context("outside"));
    let text = format!(
        "{}#include sub/*.conf\n#Include \"b c\\;d.inc\" ; why\n#include <[s]et.inc>\n\
         #include {{one,two}}.inc\n#tryinclude nowhere\n#tryinclude nowhere/*\n#exec true\n\
         #include \"<<astetcdir>>/nested/x.inc\"\n#include {}\n#include twice.inc\n\
         #include\"nowhere\"\n;#include nowhere\n;--\n#include nowhere\n--;\n#include\n\
         # include nowhere\n#nothing nowhere\n{}",
        context("first"),
        outside.display(),
        context("last"),
    );
    for major in VERSIONS {
        let builder = builder(major).await.configs(&test.0).file("extensions.conf", &text);
        let instance = builder.build().unwrap().boot().await.unwrap();
        let dialplan = instance.cli("dialplan show").await.unwrap();
        for name in ["first", "glob", "odd", "set", "brace", "nested", "outside", "last"] {
            let context = format!("Context '{name}'");
            assert!(dialplan.contains(&context), "{major}: {name} is missing: {dialplan}");
        }
        assert!(!dialplan.contains("'hidden'"), "{dialplan}");
        instance.stop().await.unwrap();
    }
}
