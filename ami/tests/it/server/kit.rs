//! The script of the test kit says what servers say.

use ami::testing::{Script, Server};
use ami::{Action, Client, Error, Response};

use super::{VERSIONS, boot, connect, end, user};

/// The questions of a client that connects like this, with what it gets.
async fn dialogue(client: Client, wrong: Error) -> Vec<String> {
    let ask = async |action| shape(client.call(action).await);
    let mut said = vec![
        format!("{wrong:#}"),
        ask(Action::new("Ping")).await,
        ask(Action::new("Nonsense")).await,
        ask(Action::new("Events").field("EventMask", "off")).await,
        ask(Action::new("Events").field("EventMask", "on")).await,
        ask(Action::new("Filter").field("Operation", "Add").field("Filter", "Event: X")).await,
        ask(Action::new("Command").field("Command", "nonsense of a command")).await,
        ask(Action::new("Command").field("Command", "nonsense")).await,
    ];
    for command in ["core waitfullybooted", "nonsense of a command"] {
        said.push(match client.command(command).await {
            Ok(output) => output.to_string(),
            Err(error) => error.to_string(),
        });
    }
    said.push(ask(Action::new("Logoff")).await);
    said.push(format!("{:?}", client.ended().await));
    said
}

/// A response as one line, with the names of its fields and the values that are the same always.
fn shape(answer: Result<Response, Error>) -> String {
    let response = match &answer {
        Ok(response) => response,
        Err(error) => error.response().unwrap(),
    };
    let shown = response.fields().map(|(name, value)| match name {
        b"ActionID" | b"Timestamp" => String::from_utf8_lossy(name).into_owned(),
        _ => format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn the_script_of_the_test_kit_says_what_servers_say() {
    let wrong = || ami::Config::new("user", "wrong").reconnect(None);
    let server = Server::bind().await.unwrap().script(Script::new().user("user", "mysecret"));
    let address = server.address();
    let scripted = server.serve_until(async {
        let refused = wrong().connect(address).await.unwrap_err();
        dialogue(user().connect(address).await.unwrap(), refused).await
    });
    let scripted = scripted.await.unwrap();
    for major in VERSIONS {
        let instance = boot(major).await;
        let refused = connect(&instance, wrong()).await.unwrap_err();
        let real = dialogue(connect(&instance, user()).await.unwrap(), refused).await;
        assert_eq!(scripted, real, "Asterisk {major}");
        end(instance).await;
    }
}
