//! `dns_server.DNSServer`: a DNS server with zones of the test, which the resolvers of its servers
//! ask.

use std::fs;
use std::io;
use std::path::Path;

use crate::case::{Component, Life, Setting, Stage, Step};
use crate::components::Kind;
use crate::components::listening;
use crate::components::tally::Tally;
use crate::files::{ConfigError, Node, Section};

mod records;
mod serving;
#[cfg(test)]
mod tests;
mod tokens;
mod zone_file;
mod zones;

use self::serving::Serving;
use self::zones::{Zone, Zones};

/// The type of component.
pub(super) const KIND: Kind =
    Kind { names: &["dns_server.DNSServer"], page: include_str!("page.md"), build };

/// The port that the configurations of tests name.
const PORT: u16 = 10_053;

/// The folder of a test with its zone files.
const FOLDER: &str = "dns_zones";

fn build(section: &Section) -> Result<Box<dyn Component>, ConfigError> {
    if let Some(zones) = section.get("bind-zones") {
        let what = "bind-zones cannot be read, expected python-zones";
        return Err(zones.error(what).unsupported());
    }
    let place = section.expect("python-zones")?;
    let files = place.items();
    if files.is_empty() {
        let what = format!("expected a list of zone files, found {}", place.kind());
        return Err(place.error(what));
    }
    let folder = place.error("").file.with_file_name(FOLDER);
    let zones = files.iter().map(|file| read(section, &folder, file)).collect::<Result<_, _>>()?;
    Ok(Box::new(Dns {
        place: section.node().clone(),
        port: listening::port(section, PORT)?,
        zones,
        tally: Tally::default(),
        serving: None,
    }))
}

/// Reads a zone file, or says in which way it is missing: that is a failure of the test alone.
fn read(
    section: &Section,
    folder: &Path,
    file: &Node,
) -> Result<Result<Zone, ConfigError>, ConfigError> {
    let path = folder.join(file.expect_text("a zone file")?);
    match fs::read(&path) {
        Ok(bytes) => match str::from_utf8(&bytes) {
            Ok(text) => Zone::read(&path, text).map(Ok),
            Err(error) => Err(ConfigError::new(&path, None, "expected UTF-8").caused_by(error)),
        },
        Err(error) => {
            let what = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no zone file {}", path.display()),
                _ => format!("the zone file {} cannot be read", path.display()),
            };
            section.warn(file, &*what);
            Ok(Err(file.error(what).caused_by(error)))
        }
    }
}

struct Dns {
    place: Node,
    port: u16,
    zones: Vec<Result<Zone, ConfigError>>,
    tally: Tally,
    serving: Option<Serving>,
}

impl Dns {
    fn serve(&mut self) -> Result<Serving, ConfigError> {
        let zones = self.zones.drain(..).collect::<Result<Zones, _>>()?;
        let serving = Serving::begin(self.port, zones, self.tally.clone());
        serving.map_err(|error| self.place.error("the DNS server").caused_by(error))
    }
}

impl Component for Dns {
    fn prepare<'a>(&'a mut self, _: &'a mut Setting) -> Step<'a> {
        // Servers look up names while they boot.
        let served = self.serve().map(|serving| self.serving = Some(serving));
        Box::pin(std::future::ready(served.map_err(Into::into)))
    }

    fn run(self: Box<Self>, mut stage: Stage) -> Life {
        Box::pin(async move {
            stage.stopped().await;
            stage.test().note(format!("DNS: {}", self.tally.told()));
            Ok(())
        })
    }
}
