//! The needs of the suite's own Python: the system that it mirrors, a Python with its modules, and
//! who runs a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::{Folder, PASS, RUNTESTS, Run, SCRIPT, SIMPLE};

/// The server that the tests use.
fn server() -> instance::Server {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let want = instance::Want::Major(22);
    runtime.block_on(instance::Server::find_or_fetch(&want, |said| eprintln!("{said}"))).unwrap()
}

/// A program that lays a sandbox out as the suite's library does, of all that `asterisk.conf`
/// names, lets the server make one call and end, and looks for its records.
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
    folder.program("prefix/sbin/asterisk", &format!("#!/bin/sh\nexec {words} \"$@\"\n"));
    let binary = prefix.join("sbin/asterisk");
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
    let own = "#!/bin/sh\nd=0123456789abcdef0123456789abcdef\nmkdir -p $AST_TEST_ROOT/tmp/$d/run_1\nln -s $d $AST_TEST_ROOT/tmp/b_own\n";
    let gone = "#!/bin/sh\n[ ! -e $AST_TEST_ROOT/tmp/0123456789abcdef0123456789abcdef ]\n";
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

/// A test that does not run natively.
const FOREIGN: &str = "testinfo:\n    summary: 'x'\ntest-modules:\n    test-object:\n        typename: 'test_case.Foreign'\n";

/// A stand-in for Python: it says what it runs, and that the suite's library imports a module which
/// is missing unless the suite has a file `installed`.
const PYTHON: &str = r#"#!/bin/sh
case $1 in
    -c) [ -e installed ] || while read -r file; do
            case $file in *test_runner.py) printf '%s\ttwisted\n' "$file" ;; esac
        done ;;
    -m) echo "NAME runs $2 $3" ;;
    *) echo "NAME runs $1" ;;
esac
"#;

/// A suite with a test for the library, one that can run natively, one in Python and one in no such
/// thing.
fn suite_with_library(python: &str) -> Folder {
    let by_python = "#!/usr/bin/env python\n";
    let folder = Folder::suite(&[
        ("foreign", &[("test-config.yaml", FOREIGN)]),
        ("native", &[("test-config.yaml", SIMPLE), ("configs/ast1/extensions.conf", PASS)]),
        ("program", &[("test-config.yaml", SCRIPT), ("run-test", by_python)]),
        ("shell", &[("test-config.yaml", SCRIPT), ("run-test", "#!/bin/sh\n")]),
    ]);
    folder.file("lib/python/asterisk/test_runner.py", "import twisted\n");
    folder.program(python, &PYTHON.replace("NAME", python));
    folder
}

fn outputs(run: &Run, name: &str) -> Vec<String> {
    let events = run.events.iter().filter(|it| it["event"] == "test-output" && it["name"] == name);
    events.map(|it| it["line"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_test_that_runs_nowhere_is_told_why() {
    let look = "    modules:\n        - {typename: ami.AMIEventModule, config-section: events}\nevents: [{conditions: {match: {Event: A, X: '(?=a)'}}}]\n";
    let look = SIMPLE.replace("\nobject:", &format!("\n{look}object:"));
    let folder = Folder::suite(&[("look", &[("test-config.yaml", &look)])]);
    let run = folder.run_own(&["--asterisk", "22", "--dry-run"]);
    let reasons = run.reasons("tests/look");
    assert!(reasons.contains("look-around") && reasons.contains("lib/python"), "{reasons}");
}

#[test]
fn what_python_lacks_is_told_once_and_no_failure() {
    let folder = suite_with_library("py");
    let python = folder.0.join("py").display().to_string();
    let options = ["--asterisk", "22", "--python", "./py"];
    let run = folder.run_own(&options);
    assert_eq!(run.code, Some(0), "{}", run.text);
    let reasons = run.reasons("tests/foreign");
    assert_eq!(run.verdict("tests/foreign"), "lacking", "{reasons}");
    assert!(reasons.contains("python: twisted") && reasons.contains("-m pip install twisted"));
    for name in ["native", "program", "shell"] {
        assert_eq!(run.verdict(&format!("tests/{name}")), "passed", "{}", run.text);
    }
    let warning = format!(
        "warning: 1 test needs Python modules that {python} does not have (twisted); `{python} -m pip install twisted`"
    );
    assert_eq!(run.text.matches(&warning).count(), 1, "{}", run.text);
    // A list says what would happen.
    let listed = folder.run_own(&[&options[..], &["--list-terse"]].concat());
    assert!(listed.text.contains("0001 D tests/foreign \n"), "{}", listed.text);
    assert!(listed.text.contains("0003 E tests/program \n"), "{}", listed.text);
    folder.file("installed", "");
    let run = folder.run_own(&options);
    assert_eq!(run.verdict("tests/foreign"), "passed", "{}", run.text);
    assert_eq!(outputs(&run, "tests/foreign"), ["py runs asterisk.test_runner tests/foreign"]);
    assert!(!run.text.contains("warning"), "{}", run.text);
    // Programs get the same Python, by the names that they have for it.
    assert_eq!(outputs(&run, "tests/program"), ["py runs tests/program/run-test"]);
    let run = folder.run_own(&["--asterisk", "22", "--python", "./none", "-t", "shell"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("error: --python ./none: expected a program"), "{}", run.text);
}

#[test]
fn a_virtual_environment_is_found() {
    let folder = suite_with_library(".venv/bin/python");
    folder.program("active/bin/python", &PYTHON.replace("NAME", "active"));
    folder.file("installed", "");
    let json = folder.0.join("run.json");
    let run = |active: Option<&str>| {
        let mut command = folder.command(RUNTESTS, &folder.0, &["--asterisk", "22"]);
        command.args(["-t", "foreign", "--json"]).arg(&json);
        match active {
            Some(active) => command.env("VIRTUAL_ENV", folder.0.join(active)),
            None => command.env_remove("VIRTUAL_ENV"),
        };
        outputs(&Run::of(&mut command, &json), "tests/foreign")
    };
    let runs = |name: &str| [format!("{name} runs asterisk.test_runner tests/foreign")];
    assert_eq!(run(None), runs(".venv/bin/python"));
    assert_eq!(run(Some("active")), runs("active"));
}

#[test]
fn who_runs_a_test_can_be_chosen() {
    let folder = suite_with_library("py");
    folder.file("installed", "");
    let run = |options: &[&str]| folder.run_own(&[&["--asterisk", "22"], options].concat());
    let library = run(&["--library", "--python", "./py"]);
    let told = outputs(&library, "tests/native");
    assert_eq!(told, ["py runs asterisk.test_runner tests/native"], "{}", library.text);
    let native = run(&["--native"]);
    for (name, verdict) in
        [("foreign", "lacking"), ("native", "passed"), ("program", "lacking"), ("shell", "passed")]
    {
        assert_eq!(native.verdict(&format!("tests/{name}")), verdict, "{}", native.text);
    }
    assert!(native.reasons("tests/foreign").contains("--native: this program has no"));
    for conflict in [&["--native", "--library"][..], &["--native", "--python", "./py"]] {
        let run = run(conflict);
        assert_eq!(run.code, Some(2), "{}", run.text);
        assert!(run.text.contains("cannot be used with"), "{}", run.text);
    }
    fs::remove_dir_all(folder.0.join("lib")).unwrap();
    let run = run(&["--library"]);
    assert_eq!(run.code, Some(2), "{}", run.text);
    assert!(run.text.contains("--library: expected lib/python/asterisk/test_runner.py"));
}

/// A real Python looks at files of a suite, where there is one.
#[test]
fn modules_that_a_test_imports_are_looked_for_in_all_that_it_loads() {
    if Command::new("python3").args(["-c", ""]).status().is_err() {
        eprintln!("left out: no python3 here");
        return;
    }
    let program = "#!/usr/bin/env python3\nimport sys\nsys.path.append('lib/python')\nimport asterisk.deep\nprint('fine')\n";
    let elsewhere =
        "#!/usr/bin/env python3\nimport sys\nsys.path.append('tests/shared')\nimport of_tests\n";
    // No package of others that we know of: the program may find it by itself.
    let apart =
        "#!/usr/bin/env python3\nimport sys\nsys.path.append('apart')\nimport nobody_knows\n";
    let folder = Folder::suite(&[
        ("deep", &[("test-config.yaml", SCRIPT), ("run-test", program)]),
        (
            "own",
            &[
                (
                    "test-config.yaml",
                    "test-modules: {test-object: {typename: 'mine.Object', config-section: x}}\n",
                ),
                ("mine.py", "import nonesuch_own, os.path\n"),
            ],
        ),
        ("plain", &[("test-config.yaml", FOREIGN)]),
        ("elsewhere", &[("test-config.yaml", SCRIPT), ("run-test", elsewhere)]),
        ("apart", &[("test-config.yaml", SCRIPT), ("run-test", apart)]),
    ]);
    folder.file("tests/shared/of_tests.py", "");
    folder.file("apart/nobody_knows.py", "");
    folder.file("requirements.txt", "nonesuch_deep\nnonesuch_own\n");
    let library = "lib/python/asterisk";
    folder.file(&format!("{library}/__init__.py"), "");
    folder.file(
        &format!("{library}/test_runner.py"),
        "from __future__ import annotations\nfrom . import optional\nimport asterisk.optional\nprint('ran')\n",
    );
    folder.file(
        &format!("{library}/optional.py"),
        "try:\n    import nonesuch_optional\nexcept ImportError:\n    pass\ndef f():\n    import nonesuch_late\n",
    );
    folder.file(&format!("{library}/deep.py"), "from asterisk import deeper\n");
    folder.file(
        &format!("{library}/deeper.py"),
        "import asterisk.deep, json\nfrom nonesuch_deep.part import x\n",
    );
    let run = folder.run_own(&["--asterisk", "22", "--python", "python3"]);
    for (name, module) in [("deep", "nonesuch_deep"), ("own", "nonesuch_own")] {
        let reasons = run.reasons(&format!("tests/{name}"));
        assert_eq!(run.verdict(&format!("tests/{name}")), "lacking", "{}", run.text);
        assert!(reasons.contains(&format!("python: {module}: ")), "{reasons}");
    }
    for name in ["tests/plain", "tests/elsewhere", "tests/apart"] {
        assert_eq!(run.verdict(name), "passed", "{}", run.text);
    }
    assert!(run.text.contains("2 tests need Python modules"), "{}", run.text);
}
