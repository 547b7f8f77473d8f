//! Paths with characters that mean something elsewhere.

use std::fs;

use rustix::process::Signal;

use super::{Program, Said, command};
use crate::support::{Scratch, server};

#[tokio::test]
async fn folders_of_configuration_may_have_any_name() {
    server(22).await;
    for name in ["a:b", "a;b", "a b*"] {
        let test = Scratch::new();
        test.file(&format!("{name}/extensions.conf"), "[default]\n");
        let configs = test.0.join(name);
        let program = Program::boot(&["--asterisk", "22", configs.to_str().unwrap()]);
        assert_eq!(program.instances.len(), 1, "{name}");
        program.signal(Signal::INT);
        assert!(program.end().1.success(), "{name}");
    }
}

#[tokio::test]
async fn a_root_that_asterisk_would_take_for_something_else_is_refused() {
    server(22).await;
    for name in ["a:b", "a;b"] {
        let test = Scratch::new();
        let root = test.0.join(name);
        fs::create_dir(&root).unwrap();
        let mut command = command();
        command.args(["boot", "--asterisk", "22", "--root"]).arg(&root);
        let said = Said::by(&mut command);
        assert_eq!(said.code, Some(1));
        assert!(said.error.contains(name) && said.error.contains("the path of a sandbox"));
        assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    }
}
