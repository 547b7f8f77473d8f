//! Configuration that cannot be right is refused before anything is launched, with the place.

use instance::{BuildError, Builder};

use crate::support::Scratch;

async fn refused(change: impl FnOnce(Builder) -> Builder) -> (BuildError, String) {
    let root = Scratch::new();
    let builder = Builder::new(root.server("exit 1").await);
    let error = change(builder).build().unwrap_err();
    let shown = error.to_string();
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
    assert!(shown.starts_with("/nonexistent/configs/ast1: No such file"), "{shown}");
}

#[tokio::test]
async fn a_path_that_would_begin_a_comment() {
    let scratch = Scratch::new();
    let odd = scratch.0.join("a;b");
    std::fs::create_dir(&odd).unwrap();
    let (error, shown) = refused(|it| it.root(&odd)).await;
    assert!(matches!(error, BuildError::OddPath { .. }), "{shown}");
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
