//! The cost of much output, and of a long log.
//!
//! `cargo bench -p testsuite --bench output` runs `runtests` with one test that fails: a program
//! and a test in Rust that print 300 MB in lines of 60 kB, and a test in Rust whose server has a
//! log of 200 MB. Each is run in turn with a baseline: `cat` sends as many bytes through a pipe to
//! a reader that counts them. The figures are the processor time of all processes of the run, from
//! when the runner has got to know its server, in units of the baseline's, and the most memory that
//! the runner and its worker had, in units of 100 MB. `BENCH_ROUNDS` sets how many rounds there
//! are.

#![expect(clippy::print_stdout, reason = "the figures are the program's output")]

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A runner with the tests that print.
const RUNNER: &str = env!("CARGO_BIN_EXE_own-tests");

/// The lengths of what is printed, and of the log.
const PRINTED: usize = 300_000_000;
const LOG: usize = 199_980_000;

/// The length of a line, with its end.
const LINE: usize = 60_000;

fn main() {
    let rounds =
        env::var("BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5).max(1);
    let suite = Suite::new();
    println!("{rounds} rounds; processor time of a run and of its baseline, most memory");
    let mut ratios = Vec::new();
    for (name, length) in [("script", PRINTED), ("native", PRINTED), ("log", LOG)] {
        let (mut ours, mut theirs, mut memory) = (0.0, 0.0, 0.0_f64);
        for _ in 0..rounds {
            theirs += suite.baseline(length);
            let (cpu, most) = suite.run(name);
            ours += cpu;
            memory = memory.max(most);
        }
        let each = |all: f64| all / f64::from(rounds);
        println!("{name:6} {:6.3} s {:6.3} s {memory:5.0} MB", each(ours), each(theirs));
        ratios.push(format!("ratio {name}/cat {:.3}", ours / theirs));
        ratios.push(format!("ratio {name}-memory/100MB {:.3}", memory / 100.0));
    }
    println!("{}", ratios.join("\n"));
}

/// A folder with the tests and the bytes.
struct Suite(PathBuf);

impl Suite {
    fn new() -> Self {
        let suite = Self(env::temp_dir().join(format!("rt-bench-{}", std::process::id())));
        suite.file("tests/tests.yaml", "tests: [{test: script}, {test: native}, {test: log}]\n");
        let line = format!("{}\n", "x".repeat(LINE - 1));
        for length in [PRINTED, LOG] {
            let mut file = File::create(suite.bytes(length)).expect("a file");
            for _ in 0..length / LINE {
                file.write_all(line.as_bytes()).expect("room for the bytes");
            }
        }
        suite.file("tests/script/test-config.yaml", "testinfo: {summary: 'x'}\n");
        let script = format!("#!/bin/sh\ncat {}\nexit 1\n", suite.bytes(PRINTED).display());
        suite.file("tests/script/run-test", &script);
        let program = suite.0.join("tests/script/run-test");
        let made = Command::new("chmod").arg("755").arg(program).status();
        assert!(made.expect("chmod").success());
        for (name, object) in [("native", "Verbose"), ("log", "LongLog")] {
            let text = format!("test-modules: {{test-object: {{typename: 'own.{object}'}}}}\n");
            suite.file(&format!("tests/{name}/test-config.yaml"), &text);
        }
        suite
    }

    /// The file of so many bytes.
    fn bytes(&self, length: usize) -> PathBuf {
        self.0.join(length.to_string())
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The processor time of a run of one test, in seconds, and the most memory, in MB.
    fn run(&self, name: &str) -> (f64, f64) {
        let mut command = Command::new(RUNNER);
        command.arg("--suite").arg(&self.0).args(["--asterisk", "22", "-t", name, "--plain"]);
        command.args(["--json", "run.json", "--logs", "logs", "--report", "report.xml"]);
        command.current_dir(&self.0).stdin(Stdio::null()).stdout(Stdio::null());
        let status = command.status().expect("a runner");
        assert_eq!(status.code(), Some(1), "the test has to fail");
        let _ = fs::remove_dir_all(self.0.join("logs"));
        let ended = last(&self.0.join("run.json"));
        let number = |key: &str| ended[key].as_f64().expect("a number");
        let memory = number("memory") + number("workers_memory");
        (number("cpu"), memory * 1024.0 / 1e6)
    }

    /// The processor time of `cat` and a reader that counts, in seconds.
    fn baseline(&self, length: usize) -> f64 {
        let begun = cpu();
        let mut cat = Command::new("cat");
        let mut child = cat.arg(self.bytes(length)).stdout(Stdio::piped()).spawn().expect("cat");
        let mut pipe = child.stdout.take().expect("its output");
        let (mut chunk, mut count) = (vec![0; 64 * 1024], 0);
        loop {
            match pipe.read(&mut chunk).expect("bytes") {
                0 => break,
                more => count += more,
            }
        }
        child.wait().expect("its end");
        assert_eq!(count, length);
        cpu() - begun
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The last line of a report.
fn last(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("the report");
    let line = text.lines().last().expect("its last line");
    serde_json::from_str(line).expect("a line of JSON")
}

/// The processor time of this process and its children that have ended, in seconds: see proc(5).
fn cpu() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").expect("the process's figures");
    let (_, rest) = text.rsplit_once(')').expect("the name of the program");
    let times = rest.split_whitespace().skip(11).take(4);
    times.map(|it| it.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
}
