//! Logins and registrations, right and wrong.

use ami::{Config, Login};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::{AGES, Result, Stage};

pub(super) async fn run(stage: &Stage) -> Result {
    steps!(stage: manager, registration, requests, old_driver)
}

/// Logins as a manager that are refused. The server takes a second for each.
async fn manager(stage: &Stage) -> Result {
    let mut password = stage.watch("InvalidPassword", &[]);
    let mut response = stage.watch("ChallengeResponseFailed", &[("Service", "AMI")]);
    let mut account = stage.watch("InvalidAccountID", &[("Service", "AMI")]);
    let mut address = stage.watch("FailedACL", &[("Service", "AMI")]);
    let mut session = stage.watch("SessionLimit", &[("Service", "AMI")]);
    let refused = async |user: &str, login| {
        let config = Config::new(user, "wrong").login(login).reconnect(None);
        match config.connect(&stage.host).await {
            Ok(_) => Err(format!("{user} was let in").into()),
            Err(_) => Ok(()),
        }
    };
    let config = Config::new("once", "mysecret").reconnect(None).ask_permissions(false);
    let once = config.connect(&stage.host).await?;
    let twice = async {
        match config.connect(&stage.host).await {
            Ok(_) => Err("a second login was let in".into()),
            Err(_) => Result::Ok(()),
        }
    };
    tokio::try_join!(
        refused("barred", Login::Plain),
        refused("barred", Login::Challenge),
        refused("nobody", Login::Plain),
        refused("outside", Login::Plain),
        twice,
    )?;
    for watch in [&mut password, &mut response, &mut account, &mut address, &mut session] {
        watch.next().await?;
    }
    let mut forbidden = stage.watch("RequestNotAllowed", &[("Service", "AMI")]);
    once.call(super::with("CoreStatus", &[])).await.err().ok_or("a user without rights may ask")?;
    forbidden.next().await?;
    let mut bad = stage.watch("RequestBadFormat", &[("Service", "AMI")]);
    once.call(super::with("Nonsense", &[])).await.err().ok_or("nonsense is known")?;
    bad.next().await?;
    once.close().await?;
    Ok(())
}

/// The server leaves a registrar, and a phone registers with it.
async fn registration(stage: &Stage) -> Result {
    let mut left = stage.watch("Registry", &[("Status", "Unregistered")]);
    stage.act("PJSIPUnregister", &[("Registration", "trunk")]).await?;
    left.next().await?;
    let mut contact = stage.watch("ContactStatus", &[("AOR", "carol")]);
    let mut peer = stage.watch("PeerStatus", &[("Peer", "PJSIP/carol")]);
    phone(&stage.host, "REGISTER", "carol", "").await?;
    contact.next().await?;
    peer.next().await?;
    Ok(())
}

/// Requests of phones that the server does not let in.
async fn requests(stage: &Stage) -> Result {
    let mut account = stage.watch("InvalidAccountID", &[("Service", "PJSIP")]);
    phone(&stage.host, "REGISTER", "stranger", "").await?;
    account.next().await?;
    let mut challenge = stage.watch("ChallengeSent", &[("Service", "PJSIP")]);
    phone(&stage.host, "REGISTER", "alice", "").await?;
    challenge.next().await?;
    Ok(())
}

/// The driver for SIP that newer servers do not have.
async fn old_driver(stage: &Stage) -> Result {
    if stage.major >= 22 {
        return Ok(());
    }
    let mut done = stage.watch("SIPQualifyPeerDone", &[]);
    stage.act("SIPqualifypeer", &[("Peer", "dave")]).await?;
    done.next().await?;
    Ok(())
}

/// A request of a phone, and its answer.
pub(super) async fn phone(host: &str, method: &str, user: &str, fields: &str) -> Result<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.connect((host, 5060)).await?;
    let own = socket.local_addr()?;
    let port = own.port();
    let request = format!(
        "{method} sip:watched@{host} SIP/2.0\r\n\
         Via: SIP/2.0/UDP {own};rport;branch=z9hG4bK{method}{port}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{host}>;tag=1\r\nTo: <sip:{user}@{host}>\r\n\
         Call-ID: {method}{port}\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@{own}>\r\n\
         Expires: 600\r\n{fields}Content-Length: 0\r\n\r\n"
    );
    socket.send(request.as_bytes()).await?;
    let mut answer = vec![0; 4096];
    let length = timeout(AGES, socket.recv(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}
