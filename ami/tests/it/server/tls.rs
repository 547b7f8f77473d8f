//! TLS. The certificates beside this file were made for these tests, are good for a hundred years,
//! and protect nothing.

use std::time::Duration;

use ami::{Action, Client, Config, Error, Reconnect, Tls};
use instance::Instance;

use super::{VERSIONS, builder, connect, end, user};

const AUTHORITY: &str = include_str!("tls/ca.pem");
const OTHER: &str = include_str!("tls/other-ca.pem");
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server.key");

const GENERAL: &str = "
tlsenable = yes
tlsbindaddr = <<address>>:5039
tlscertfile = <<astetcdir>>/server.pem
tlsprivatekey = <<astetcdir>>/server.key
";

async fn boot(major: u32) -> Instance {
    let builder = builder(major).await.file("manager.general.conf.inc", GENERAL);
    let builder = builder.file("server.pem", CERTIFICATE).file("server.key", KEY);
    builder.build().unwrap().boot().await.unwrap()
}

/// Connects to the port for TLS, which is the one without a port in the address.
async fn secure(instance: &Instance, tls: Tls) -> Result<Client, Error> {
    let address = instance.ami_address();
    let (host, _) = address.rsplit_once(':').unwrap();
    user().tls(tls).connect(host).await
}

fn trusting(authority: &str, name: &str) -> Tls {
    Tls::with_roots(authority.as_bytes()).unwrap().server_name(name).unwrap()
}

#[tokio::test]
async fn a_good_certificate_lets_us_in_and_a_bad_one_does_not() {
    for major in VERSIONS {
        let instance = boot(major).await;
        let client = secure(&instance, trusting(AUTHORITY, "asterisk.test")).await.unwrap();
        client.ready().await.unwrap();
        assert!(client.command("core show help").await.unwrap().lines().count() > 50);
        client.close().await.unwrap();

        let expect = async |tls, part: &str| {
            let error = secure(&instance, tls).await.unwrap_err();
            let shown = format!("{error:#}");
            assert!(matches!(&error, Error::Connect { .. }) && shown.contains(part), "{shown}");
        };
        expect(trusting(OTHER, "asterisk.test"), "UnknownIssuer").await;
        expect(trusting(AUTHORITY, "other.test"), "not valid for name").await;
        // By the address that we connect to, which is not in the certificate.
        expect(Tls::with_roots(AUTHORITY.as_bytes()).unwrap(), "not valid for name").await;
        // Nobody in the system's store has signed it, if there is one.
        if let Ok(tls) = Tls::with_system_roots() {
            expect(tls.server_name("asterisk.test").unwrap(), "UnknownIssuer").await;
        }
        secure(&instance, Tls::without_verification().unwrap()).await.unwrap();
        end(instance).await;
    }
}

#[tokio::test]
async fn the_wrong_port_is_told_apart() {
    let instance = boot(22).await;
    let tls = trusting(AUTHORITY, "asterisk.test");
    let error = connect(&instance, user().tls(tls)).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    let address = instance.ami_address();
    let (host, _) = address.rsplit_once(':').unwrap();
    let plain =
        user().connect_timeout(Duration::from_secs(3)).connect(format!("{host}:5039")).await;
    assert!(matches!(plain, Err(Error::Login(_))), "{plain:?}");
    end(instance).await;
}

#[tokio::test]
async fn a_connection_by_tls_is_made_anew_by_tls() {
    let instance = boot(22).await;
    let policy = Reconnect::default().wait(Duration::from_millis(5), Duration::from_millis(100));
    let tls = trusting(AUTHORITY, "asterisk.test");
    let address = instance.ami_address();
    let (host, _) = address.rsplit_once(':').unwrap();
    let config: Config = user().tls(tls).reconnect(policy);
    let client = config.connect(host).await.unwrap();
    instance.kill().await;
    client.state().wait_for(|state| !state.is_up()).await.unwrap();
    instance.restart().await.unwrap();
    client.state().wait_for(ami::State::is_up).await.unwrap();
    client.call(Action::new("Ping")).await.unwrap();
    end(instance).await;
}

#[test]
fn what_is_no_certificate_is_refused() {
    for text in ["", "nothing", KEY] {
        let error = Tls::with_roots(text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("no certificate in the PEM text"), "{error}");
    }
    let cut = AUTHORITY.replace("-----END CERTIFICATE-----", "");
    assert!(Tls::with_roots(cut.as_bytes()).is_err());
    assert!(trusting(AUTHORITY, "a.test").server_name("not a name").is_err());
}
