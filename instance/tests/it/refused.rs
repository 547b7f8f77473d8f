//! Configuration that cannot be right is refused before anything is launched, with the place.

use instance::{BuildError, Builder, Modules};

use crate::support::{Scratch, chain};

async fn refused(change: impl FnOnce(Builder) -> Builder) -> (BuildError, String) {
    let root = Scratch::new();
    let builder = Builder::new(root.server("exit 1").await);
    let error = change(builder).build().unwrap_err();
    let shown = chain(&error);
    (error, shown)
}

#[tokio::test]
async fn an_unknown_key_in_code() {
    let (error, shown) = refused(|it| it.file("sip.conf", "[general]\nbind=<<adress>>\n")).await;
    assert!(matches!(error, BuildError::UnknownKey { line: 2, .. }));
    assert!(
        shown.starts_with("sip.conf:2: <<adress>>") && shown.contains("<<address>>"),
        "{shown}"
    );
}

#[tokio::test]
async fn an_include_that_nobody_includes() {
    let test = Scratch::new();
    let file = test.file("manager.usres.conf.inc", "[x]\n");
    let (error, shown) = refused(|it| it.configs(&test.0)).await;
    assert!(matches!(error, BuildError::NotIncluded { .. }));
    assert!(
        shown.starts_with(file.to_str().unwrap()) && shown.contains("manager.users"),
        "{shown}"
    );
    // A file of the test may include it.
    test.file("extensions.conf", "#include \"manager.usres.conf.inc\"\n");
    let root = Scratch::new();
    assert!(Builder::new(root.server("exit 1").await).configs(&test.0).build().is_ok());
}

#[tokio::test]
async fn what_could_send_the_server_to_the_systems_folders() {
    let (error, _) = refused(|it| it.file("asterisk.conf", "[directories]\n")).await;
    assert!(matches!(error, BuildError::AsteriskConf { .. }));
    for line in [
        "#include \"nowhere.conf\"",
        "[x](nowhere)",
        "[oops",
        " [Directories]",
        "\\",
        ";-- x --;#include \"nowhere.conf\"",
        "no value",
    ] {
        let text = format!("verbose = 1 ; fine\n;also fine\n\n{line}\n");
        let (error, shown) = refused(|it| it.file("asterisk.options.conf.inc", text)).await;
        assert!(matches!(error, BuildError::Options { line: 4, .. }), "{line}: {shown}");
    }
    let (error, _) = refused(|it| it.file("asterisk.conf/.", "")).await;
    assert!(matches!(error, BuildError::AsteriskConf { .. }));
    for (key, value) in [
        ("a\n[directories]", "1"),
        ("a", "1\n#include x"),
        ("#include", "x"),
        ("[oops", "1"),
        ("a", "1;--"),
    ] {
        let (error, _) = refused(|it| it.option(key, value)).await;
        assert!(matches!(error, BuildError::Option { .. }), "{key}={value}");
    }
}

#[tokio::test]
async fn names_that_lead_out_of_the_sandbox() {
    for name in ["", "/etc/passwd", "../asterisk.conf", "sub/../../x", "./asterisk.conf"] {
        let (error, shown) = refused(|it| it.file(name, "")).await;
        assert!(matches!(error, BuildError::Name { .. }), "{shown}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let (_, shown) = refused(|it| it.configs("/nonexistent/configs/ast1")).await;
    assert_eq!(shown, "/nonexistent/configs/ast1: No such file or directory (os error 2)");
}

#[tokio::test]
async fn a_path_that_asterisk_would_take_for_something_else() {
    let scratch = Scratch::new();
    for name in ["a;b", "a*", "[a]", "a b", "a:b", "a?", "a\nb", "\u{e4}"] {
        let odd = scratch.0.join(name);
        std::fs::create_dir(&odd).unwrap();
        let (error, shown) = refused(|it| it.root(&odd)).await;
        assert!(matches!(error, BuildError::OddPath { .. }), "{shown}");
        assert_eq!(std::fs::read_dir(odd).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_relative_root_is_one_below_the_working_folder() {
    let root = Scratch::new();
    let sandbox = Builder::new(root.server("exit 1").await).root(".").build().unwrap();
    assert!(sandbox.folder().is_absolute(), "{}", sandbox.folder().display());
    let parent = sandbox.folder().parent().unwrap().to_owned();
    drop(sandbox);
    std::fs::remove_dir_all(parent).unwrap();
}

#[tokio::test]
async fn modes_of_files_that_are_not_the_sandboxs_own() {
    for (line, line_number) in [
        ("sounds/en/tt-monkeys.gsm: 600", 1),
        ("# fine\n../x: 600", 2),
        ("/etc/passwd: 600", 1),
        (": 000", 1),
        ("x: 999", 1),
        ("x", 1),
        ("nowhere: 600", 1),
    ] {
        let test = Scratch::new();
        test.file("astdatadir/x", "");
        let file = test.file("astdatadir/.permissions", line);
        let server = crate::support::server(22).await;
        let error = Builder::new(server).files(&test.0).build().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}:{line_number}: ", file.display())), "{error}");
    }
    let test = Scratch::new();
    test.file(".permissions", "asterisk.conf: 000");
    let (error, shown) = refused(|it| it.configs(&test.0)).await;
    assert!(matches!(error, BuildError::Permissions { line: 1, .. }), "{shown}");
}

#[tokio::test]
async fn folders_of_files_for_no_folder() {
    for name in ["astsbindir", "astdatdir", "sounds"] {
        let test = Scratch::new();
        test.file(&format!("{name}/x"), "");
        let (error, shown) = refused(|it| it.files(&test.0)).await;
        assert!(matches!(error, BuildError::Tree { .. }), "{shown}");
        assert!(shown.contains(name) && shown.contains("astdatadir"), "{shown}");
    }
}

#[tokio::test]
async fn names_and_sections_that_would_be_more_than_one() {
    for name in ["", "a\nload => b", "a;b"] {
        let (error, _) = refused(|it| it.modules(Modules::list([name]))).await;
        assert!(matches!(error, BuildError::Module { .. }), "{name}");
    }
    for (section, key, value) in
        [("a]b", "k", "v"), ("a", "k=x", "v"), ("a", "k", "v\nx=y"), ("", "k", "v")]
    {
        let (error, shown) = refused(|it| it.section("x.conf", section, [(key, value)])).await;
        assert!(matches!(error, BuildError::Section { .. }), "{shown}");
        assert!(shown.starts_with("x.conf, section"), "{shown}");
    }
}

#[tokio::test]
async fn an_address_that_others_reach() {
    for address in ["0.0.0.0", "192.168.1.1", "255.255.255.255"] {
        let (error, shown) = refused(|it| it.address(address.parse().unwrap())).await;
        assert!(matches!(error, BuildError::Address { .. }), "{shown}");
        assert!(shown.contains(address) && shown.contains("127.0.0.0/8"), "{shown}");
    }
}

#[tokio::test]
async fn what_is_in_the_files_is_not_shown() {
    let root = Scratch::new();
    let builder = Builder::new(root.server("exit 1").await)
        .file("a.conf", "secret = hunter2")
        .append("b.conf", "secret = hunter2")
        .section("c.conf", "x", [("secret", "hunter2")]);
    let shown = format!("{builder:?}");
    assert!(shown.contains("a.conf") && shown.contains("c.conf"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_path_too_long_for_a_socket() {
    let scratch = Scratch::new();
    let long = scratch.0.join("x".repeat(60));
    std::fs::create_dir(&long).unwrap();
    let (error, shown) = refused(|it| it.root(&long)).await;
    assert!(matches!(error, BuildError::LongPath { .. }), "{shown}");
    // Nothing of the sandbox is left but the folder of all runs.
    let runs = std::fs::read_dir(&long).unwrap().next().unwrap().unwrap().path();
    let left: Vec<_> = std::fs::read_dir(runs).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left, [".lock"]);
}
