//! `validate-log`: whether a server has a log file.

use super::Action;
use crate::case::{Step, TestCase};
use crate::components::cause::Cause;
use crate::components::servers::Servers;
use crate::files::{ConfigError, Id, Node, Section};
use crate::matching::Template;

/// Reads the file and whether it has to be there.
pub(super) fn read(section: &Section) -> Result<Vec<Box<dyn Action>>, ConfigError> {
    let file = Template::new(section.expect_text("logfile")?);
    section.expect("pass-if-present")?;
    let has_to_be = section.is_true("pass-if-present");
    Ok(vec![Box::new(ValidateLog { place: section.node().clone(), file, has_to_be })])
}

struct ValidateLog {
    place: Node,
    file: Template,
    has_to_be: bool,
}

impl Action for ValidateLog {
    fn texts(&self) -> Vec<&Template> {
        vec![&self.file]
    }

    fn run<'a>(
        &'a mut self,
        cause: &'a Cause,
        servers: &'a mut Servers,
        test: &'a TestCase,
    ) -> Step<'a> {
        Box::pin(async move {
            let file = cause.fill(&self.file)?;
            let path = servers.get(Id::default(), test)?.sandbox().logs().join(&file);
            if path.is_file() == self.has_to_be {
                test.set_passed(true);
            } else {
                let is = if self.has_to_be { "is no" } else { "is a" };
                let what = format!("there {is} log file {file}, looked for in {}", path.display());
                test.fail(self.place.error(what).to_string());
            }
            Ok(())
        })
    }
}
