//! The keys that all objects of ARI have, and the websocket that they open.

use anyhow::Context;

use super::Common;
use crate::ari::{Client, Websocket};
use crate::case::{Failure, TestCase};
use crate::components::test_case_module::number_of;
use crate::files::{ConfigError, Node, Section};

/// The user of ARI, its password, and the app, unless a test names others.
const NAME: &str = "testsuite";

/// The place of ARI on the first server, and who asks it for what.
pub(super) struct Setup {
    client: Client,
    apps: Vec<String>,
    subscribes_all: bool,
    /// The number of servers.
    pub(super) servers: u32,
}

impl Setup {
    /// Reads the keys.
    pub(super) fn read(section: &Section) -> Result<Self, ConfigError> {
        let text =
            |key: &str, default| section.text(key).map(move |it| it.unwrap_or(default).to_owned());
        let host = text("host", "127.0.0.1")?;
        let port = section.get("port").map_or(Ok(8088), |node| {
            let port = u16::try_from(node.expect_count("port")?);
            port.map_err(|_| node.error("expected the number of a port"))
        })?;
        let (user, password) = (text("username", NAME)?, text("password", NAME)?);
        Ok(Self {
            client: Client::new(format!("{host}:{port}"), &user, &password),
            apps: apps(section.get("apps"))?,
            subscribes_all: section.is_true("subscribe-all"),
            servers: number_of(section.get("asterisk-instances"), "asterisk-instances")?,
        })
    }

    /// Makes the client known to the components of the test.
    pub(super) fn prepare(&self, test: &TestCase) {
        test.fail_when_late();
        test.with_common(|common: &mut Common| common.client = Some(self.client.clone()));
    }

    /// Opens the websocket, and has the apps hear of all channels if a component wants that.
    pub(super) async fn open(&self, test: &TestCase) -> Result<Websocket, Failure> {
        let opened = Websocket::connect(&self.client, &self.apps, self.subscribes_all).await;
        let websocket = opened.context("the websocket of ARI cannot be opened")?;
        if test.with_common(|common: &mut Common| common.wants_channels) {
            for app in &self.apps {
                self.subscribe(app).await?;
            }
        }
        Ok(websocket)
    }

    /// Has an app hear of all channels.
    async fn subscribe(&self, app: &str) -> Result<(), Failure> {
        let path = format!("applications/{app}/subscription");
        let query = [("eventSource".to_owned(), "channel:".to_owned())];
        let answer = self.client.request("POST", &path, &query, None).await;
        let answer = answer.with_context(|| format!("POST {path}"))?;
        if answer.is_success() {
            return Ok(());
        }
        Err(format!("POST {path} answered {answer}").into())
    }
}

/// Reads the names of apps: a list, or a text with commas between them.
fn apps(node: Option<&Node>) -> Result<Vec<String>, ConfigError> {
    let Some(node) = node else {
        return Ok(vec![NAME.to_owned()]);
    };
    let all = match node.text() {
        Some(text) => text.split(',').map(|it| it.trim().to_owned()).collect(),
        None => {
            let items = node.expect_items("apps")?.iter();
            items.map(|it| Ok(it.expect_text("apps")?.to_owned())).collect::<Result<Vec<_>, _>>()?
        }
    };
    let all: Vec<_> = all.into_iter().filter(|app| !app.is_empty()).collect();
    if all.is_empty() {
        return Err(node.error("expected the name of an app"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::alone::section;

    #[test]
    fn apps_are_a_list_or_a_text_with_commas() {
        for (yaml, names) in [
            ("{}", vec!["testsuite"]),
            ("apps:", vec!["testsuite"]),
            ("apps: a", vec!["a"]),
            ("apps: 'a, b'", vec!["a", "b"]),
            ("apps: [a, 'b c']", vec!["a", "b c"]),
        ] {
            assert_eq!(Setup::read(&section(yaml)).unwrap().apps, names, "{yaml}");
        }
        for (yaml, why) in [
            ("apps: []", "expected the name of an app"),
            ("apps: ','", "expected the name of an app"),
            ("apps: {a: b}", "apps: expected a list, found a mapping"),
            ("port: 70000", "expected the number of a port"),
            ("asterisk-instances: x", "not a whole number"),
        ] {
            let error = Setup::read(&section(yaml)).err().unwrap().to_string();
            assert!(error.starts_with("test-config.yaml:1: ") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_server_is_the_first_one_unless_another_is_named() {
        let address = |yaml: &str| {
            let setup = Setup::read(&section(yaml)).unwrap();
            (setup.client.address().to_owned(), setup.servers)
        };
        assert_eq!(address("{}"), ("127.0.0.1:8088".to_owned(), 1));
        let other = "{host: 127.0.0.2, port: '8089', asterisk-instances: 2}";
        assert_eq!(address(other), ("127.0.0.2:8089".to_owned(), 2));
    }
}
