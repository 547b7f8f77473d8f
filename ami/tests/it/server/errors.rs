//! The texts of errors, and what is refused before it is sent.

use std::error::Error as _;
use std::io;

use ami::{Action, ActionProblem, Error, EventFilter, Fault};

use super::{VERSIONS, answered, boot, busy, connect, end, user};

#[tokio::test]
async fn a_command_that_fails_says_what_it_printed() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ami = instance.ami();
        for (command, printed) in [
            ("no such command", "No such command 'no …' (type 'core show help no …' for other"),
            ("databse put f p hush", "No such command 'databse …' (type 'core show help databse"),
            ("core show channel", "Usage: core show channel <channel>"),
            ("core show function NOTHING", "No function by that name registered."),
        ] {
            let error = ami.command(command).await.unwrap_err();
            let Error::Command { printed: line, output } = &error else { panic!("{error:?}") };
            assert!(line.starts_with(printed), "{major}: {error:?}");
            assert_eq!(output.response().message(), "Command output follows", "{major}: {error:?}");
            assert_eq!(error.to_string(), format!("the command failed: {line}"));
            assert_eq!(error.response().unwrap().raw(), output.response().raw());
            assert_eq!(error.fault(), Fault::Server);
            // A command may hold a secret.
            assert!(!format!("{error:?} {error}").contains("hush"), "{error:?}");
            // So it does for people who only look at it.
            assert!(format!("{error:?}").contains(&line[..20]), "{error:?}");
        }
        // One that the server does not even run has printed nothing.
        let error = ami.command("module load nothing").await.unwrap_err();
        assert!(matches!(error, Error::Rejected(_)), "{error:?}");
        assert_eq!(error.to_string(), "the server refused the action: Command blacklisted");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_refused_connection_is_the_cause_and_an_error_of_the_system() {
    let instance = boot(22).await;
    let address = instance.ami_address();
    instance.kill().await;
    let error = user().connect(&address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("failed to connect to {address}"));
    assert_eq!(error.fault(), Fault::Link);
    assert!(!error.is_final());
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let system = causes.find_map(|error| error.downcast_ref::<io::Error>()).unwrap();
    assert_eq!(system.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(format!("{error:#}"), format!("{error}: {system}"));
    end(instance).await;
}

#[tokio::test]
async fn the_cause_of_a_lost_connection_is_in_the_chain_of_each_call() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = connect(&instance, user().reconnect(None)).await.unwrap();
        client.permissions().await.unwrap();
        let call = client.call(busy());
        let sent = client.stats().bytes_sent;
        let killed = async {
            while client.stats().bytes_sent == sent {
                tokio::task::yield_now().await;
            }
            instance.kill().await;
        };
        let (called, _) = tokio::join!(call, killed);
        let error = called.unwrap_err();
        assert_eq!(error.to_string(), "disconnected; the action may have been executed");
        let shown = format!("{error:#}");
        let cause = error.source().unwrap().to_string();
        assert!(shown.starts_with(&format!("{error}: {cause}")), "{shown}");
        assert_eq!(error.fault(), Fault::Link);

        // Our own end is nobody else's fault.
        client.close().await.unwrap();
        end(instance).await;
        let instance = boot(major).await;
        let client = connect(&instance, user()).await.unwrap();
        client.close().await.unwrap();
        let error = client.call(Action::new("Ping")).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Caller, "{error:?}");
        assert_eq!(error.source().unwrap().to_string(), "the client was closed");
        end(instance).await;
    }
}

#[tokio::test]
async fn a_name_that_would_say_more_than_a_name_is_not_sent() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let ami = instance.ami();
        let before = ami.stats().bytes_sent;
        let error = ami.originate(answered().variable("A=1,CDR(x)", "y")).await.unwrap_err();
        let Error::Action(refused) = &error else { panic!("{error:?}") };
        assert_eq!((&*refused.field, refused.problem), ("Variable", ActionProblem::Variable));
        assert_eq!(error.fault(), Fault::Caller);
        let filters = [
            EventFilter::exclude("A),action(include"),
            EventFilter::include("Hang(up"),
            EventFilter::exclude("A").equals("B),header(C", "x"),
            EventFilter::exclude("A").equals("B,C", "x"),
            EventFilter::exclude(""),
        ];
        for filter in filters {
            let error = ami.add_event_filter(filter.clone()).await.unwrap_err();
            let Error::Action(refused) = &error else { panic!("{filter:?}: {error:?}") };
            assert_eq!(refused.problem, ActionProblem::FilterName, "{filter:?}");
        }
        assert_eq!(ami.stats().bytes_sent, before, "{major}");
        end(instance).await;
    }
}
