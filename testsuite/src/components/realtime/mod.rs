//! `realtime_test_module.RealtimeTestModule`: tables that servers look up over HTTP, as
//! `res_config_curl` does.

use std::sync::{Arc, Mutex};

use tokio_util::task::AbortOnDropHandle;

use crate::case::{Component, Life, Setting, Stage, Step};
use crate::components::Kind;
use crate::files::{ConfigError, Section};

mod http;
mod tables;

use self::tables::Tables;

/// The type of component.
pub(super) const KIND: Kind = Kind {
    names: &["realtime_test_module.RealtimeTestModule"],
    page: include_str!("page.md"),
    build,
};

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    let module = section.text("entry_module")?;
    let method = section.text("entry_method")?;
    if let Some(module) = module {
        let what = format!("{module}.{} is Python", method.unwrap_or("the entry method"));
        return Err(section.error(what).unsupported());
    }
    let Some(data) = section.part("data", "it has") else {
        return Err(section.error("expected `data:` with tables, each a list of rows"));
    };
    Ok(Box::new(Realtime { tables: Arc::new(Mutex::new(Tables::read(&data)?)), serving: None }))
}

struct Realtime {
    tables: Arc<Mutex<Tables>>,
    serving: Option<AbortOnDropHandle<()>>,
}

impl Component for Realtime {
    fn prepare<'a>(&'a mut self, setting: &'a mut Setting) -> Step<'a> {
        // Servers look up configuration while they boot.
        let served = http::serve(Arc::clone(&self.tables), setting.test().clone());
        let served = served.map(|serving| self.serving = Some(serving));
        Box::pin(std::future::ready(served.map_err(Into::into)))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            stage.stopped().await;
            drop(self.serving);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn what_needs_python_or_has_no_tables_is_refused() {
        for (yaml, unsupported, why) in [
            ("{data: {}, entry_module: own, entry_method: start}", true, "own.start is Python"),
            ("{data: {}, entry_module: own}", true, "own.the entry method is Python"),
            ("{}", false, "expected `data:`"),
            ("{data: {peers: {id: a}}}", false, "expected a list"),
            ("{data: {peers: [a]}}", false, "expected a row"),
            ("{data: {peers: [{id: [a]}]}}", false, "id is a list, not a text"),
        ] {
            let error = build(&section(yaml)).err().unwrap_or_else(|| panic!("{yaml} was built"));
            assert_eq!(error.is_unsupported(), unsupported, "{yaml}: {error:#}");
            assert!(error.to_string().contains(why), "{yaml}: {error:#}");
        }
    }
}
