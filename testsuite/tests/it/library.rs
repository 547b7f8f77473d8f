//! What the suite's own Python needs: the system that it mirrors, a Python with its modules, and who runs a test.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Folder, SCRIPT};

/// The server that the tests use.
fn server() -> instance::Server {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let want = instance::Want::Major(22);
    runtime.block_on(instance::Server::find_or_fetch(&want, |said| eprintln!("{said}"))).unwrap()
}

/// A program that lays a sandbox out as the suite's library does, of all that `asterisk.conf` names, lets the server make one
/// call and end, and looks for its records.
const LAYS_OUT: &str = r#"#!/bin/sh
    set -e
    base=$AST_TEST_ROOT/tmp/0123456789abcdef0123456789abcdef/run_1/ast1
    conf=$AST_TEST_ROOT/etc/asterisk/asterisk.conf
    mkdir -p $base/etc/asterisk
    echo "[directories](!)" | tr -d '(!)' > $base/new.conf
    sed -n 's/^\(ast[a-z]*dir\) *=>* *//p' $conf | sort -u | while read -r folder; do
        mkdir -p $base$folder
        case $folder in
            # Of what is written there the folders alone.
            */spool/*|*/log/*|/run) (cd $AST_TEST_ROOT$folder && find . -type d) |
                while read -r inside; do mkdir -p $base$folder/$inside; done ;;
            *) cp -Rs $AST_TEST_ROOT$folder/. $base$folder/ 2>/dev/null || true ;;
        esac
    done
    sed -n "s|^\(ast[a-z]*dir\) *=>* *|\1 => $base|p" $conf >> $base/new.conf
    grep -q astsbindir $base/new.conf
    etc=$base/etc/asterisk
    rm -f $etc/asterisk.conf $etc/modules.conf $etc/cdr.conf $etc/cli.conf $etc/extensions.conf
    cp $base/new.conf $etc/asterisk.conf
    echo "[modules]" > $etc/modules.conf
    for module in pbx_config cdr_csv res_clioriginate; do
        echo "load = $module.so" >> $etc/modules.conf
    done
    printf '[general]\nenable = yes\n[csv]\nusegmtime = yes\n' > $etc/cdr.conf
    printf '[default]\nexten => s,1,Answer()\nsame => n,NoOp()\n' > $etc/extensions.conf
    printf '[startup_commands]\nchannel originate Local/s@default application NoOp = yes\ncore stop gracefully = yes\n' > $etc/cli.conf
    asterisk -f -g -q -m -n -C $etc/asterisk.conf || exit 1
    cat $base/var/log/asterisk/cdr-csv/Master.csv
    grep -q '"Local/s@default' $base/var/log/asterisk/cdr-csv/Master.csv
    for folder in log/asterisk/cdr-custom log/asterisk/cel-custom spool/asterisk/monitor spool/asterisk/recording \
        spool/asterisk/outgoing spool/asterisk/voicemail spool/asterisk/tmp spool/asterisk/meetme; do
        [ -d $base/var/$folder ] || { echo "no $folder"; exit 1; }
    done
    grep -x '#define TEST_FRAMEWORK 1' $AST_TEST_ROOT/usr/include/asterisk/buildopts.h
    ls $AST_TEST_ROOT/etc/asterisk | wc -l > ./logs/messages.txt
"#;

#[test]
fn the_tree_has_what_the_suites_library_mirrors() {
    for major in ["22", "16"] {
        let folder =
            Folder::suite(&[("a", &[("test-config.yaml", SCRIPT), ("run-test", LAYS_OUT)])]);
        folder.file("lib/python/asterisk/__init__.py", "");
        assert!(!folder.0.join("logs").exists());
        let run = folder.run_own(&["--asterisk", major]);
        assert_eq!(run.verdict("tests/a"), "passed", "{}", run.text);
        // The samples of the server.
        let files: u32 = folder.read("logs/messages.txt").trim().parse().unwrap();
        assert!(files > 90, "{files}");
    }
}

#[test]
fn the_samples_of_a_server_with_a_prefix_are_found() {
    let folder = Folder::suite(&[(
        "a",
        &[
            ("test-config.yaml", SCRIPT),
            ("run-test", "#!/bin/sh\nls $AST_TEST_ROOT/etc/asterisk | wc -l\nasterisk -V\n"),
        ],
    )]);
    let (server, prefix) = (server(), folder.0.join("prefix"));
    for (original, link) in [
        (&server.directories().modules, "lib/asterisk/modules"),
        (&server.directories().data, "var/lib/asterisk"),
        (server.directories().configuration.as_ref().unwrap(), "etc/asterisk"),
    ] {
        let link = prefix.join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(original, link).unwrap();
    }
    let command = server.command();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ");
    folder.file("prefix/sbin/run-test", &format!("#!/bin/sh\nexec {words} \"$@\"\n"));
    let binary = prefix.join("sbin/asterisk");
    fs::rename(prefix.join("sbin/run-test"), &binary).unwrap();
    let run = folder.run_own(&["--asterisk", binary.to_str().unwrap()]);
    assert_eq!(run.verdict("tests/a"), "passed", "{}", run.text);
    let outputs = run.events.iter().filter(|it| it["event"] == "test-output");
    let files: Vec<_> = outputs.map(|it| it["line"].as_str().unwrap().to_owned()).collect();
    assert!(files[0].trim().parse::<u32>().unwrap() > 90, "{files:?}");
}

#[test]
fn a_program_with_line_ends_of_another_system_is_told_so() {
    let folder = Folder::suite(&[
        ("direct", &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\r\nexit 0\r\n")]),
        (
            "by_env",
            &[("test-config.yaml", SCRIPT), ("run-test", "#!/usr/bin/env sh\r\nexit 0\r\n")],
        ),
    ]);
    let run = folder.run_own(&["--asterisk", "22"]);
    for name in ["tests/direct", "tests/by_env"] {
        assert_eq!(run.verdict(name), "failed", "{}", run.text);
        let reasons = run.reasons(name);
        assert!(reasons.contains("its first line ends in CR"), "{name}: {reasons}");
    }
}

/// Whatever a program links to, the tree of all tests stays.
#[test]
fn a_link_out_of_the_folder_of_runs_is_not_followed() {
    let links: &[(&str, &str)] =
        &[("a_tree", ".."), ("a_itself", "."), ("a_etc", "../etc"), ("a_root", "/")];
    let program =
        |target: &str, name: &str| format!("#!/bin/sh\nln -s {target} $AST_TEST_ROOT/tmp/{name}\n");
    let look = "#!/bin/sh\n[ -x $AST_TEST_ROOT/usr/sbin/asterisk ] && [ -d $AST_TEST_ROOT/tmp ] && [ -d $AST_TEST_ROOT/etc/asterisk ]\n";
    let programs: Vec<_> = links.iter().map(|(name, to)| (*name, program(to, name))).collect();
    let own =
        "#!/bin/sh\nmkdir -p $AST_TEST_ROOT/tmp/own/run_1\nln -s own $AST_TEST_ROOT/tmp/b_own\n";
    let gone = "#!/bin/sh\n[ ! -e $AST_TEST_ROOT/tmp/own ]\n";
    let mut tests: Vec<(&str, Vec<(&str, &str)>)> = programs
        .iter()
        .map(|(name, text)| (*name, vec![("test-config.yaml", SCRIPT), ("run-test", &**text)]))
        .collect();
    for (name, text) in [("b_own", own), ("c_look", look), ("d_gone", gone)] {
        tests.push((name, vec![("test-config.yaml", SCRIPT), ("run-test", text)]));
    }
    let tests: Vec<_> = tests.iter().map(|(name, files)| (*name, files.as_slice())).collect();
    let folder = Folder::suite(&tests);
    let run = folder.run_own(&["--asterisk", "22", "--jobs", "1"]);
    for (name, _) in &tests {
        assert_eq!(run.verdict(&format!("tests/{name}")), "passed", "{name}: {}", run.text);
    }
}
