//! `http_static_server.HTTPStaticServer`: the files of a folder over HTTP.

use std::path::PathBuf;

use tokio_util::task::AbortOnDropHandle;

use crate::case::{Component, Life, Setting, Stage, Step, TestCase};
use crate::components::Kind;
use crate::components::listening;
use crate::components::tally::Tally;
use crate::files::{ConfigError, Node, Section};

mod files;
#[cfg(test)]
mod tests;

use self::files::Files;

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["http_static_server.HTTPStaticServer"], page: include_str!("page.md"), build };

/// The port unless the section has another.
const PORT: u16 = 8090;

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    section.expect_text("root-directory")?;
    Ok(Box::new(HttpStatic {
        place: section.node().clone(),
        root: section.expect("root-directory")?.clone(),
        port: listening::port(section, PORT)?,
        tally: Tally::default(),
        serving: None,
    }))
}

struct HttpStatic {
    place: Node,
    root: Node,
    port: u16,
    tally: Tally,
    serving: Option<AbortOnDropHandle<()>>,
}

impl HttpStatic {
    fn serve(&self, test: &TestCase) -> Result<AbortOnDropHandle<()>, ConfigError> {
        let suite = test.suite();
        let root = suite.join(self.root.expect_text("root-directory")?);
        if !root.is_dir() {
            return Err(self.root.error(format!("there is no folder {}", root.display())));
        }
        let failed = |path: PathBuf| {
            move |error| {
                let what = format!("the folder {} cannot be read", path.display());
                self.root.error(what).caused_by(error)
            }
        };
        let within = suite.canonicalize().map_err(failed(suite.to_owned()))?;
        let files = Files::new(root.clone(), within).map_err(failed(root))?;
        let tally = self.tally.clone();
        let serving = listening::tcp(self.port, move |stream| {
            let (files, tally) = (files.clone(), tally.clone());
            async move { listening::http(stream, |request| files.answer(request, &tally)).await }
        });
        serving.map_err(|error| self.place.error("the HTTP server").caused_by(error))
    }
}

impl Component for HttpStatic {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        // Servers may ask while they boot.
        let served = self.serve(setting.test()).map(|serving| self.serving = Some(serving));
        Box::pin(std::future::ready(served.map_err(Into::into)))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            stage.stopped().await;
            stage.test().note(format!("HTTP: {}", self.tally.told()));
            Ok(())
        })
    }
}
