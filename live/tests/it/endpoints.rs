//! Endpoints of PJSIP, their contacts, and registrations with other servers: a server that
//! registers with itself, and a phone that answers OPTIONS requests while it is there.

use std::net::SocketAddr;

use instance::{Builder, Modules};
use live::ami::value::{ContactState, DeviceState, RegistrationStatus};
use live::ami::{Action, Client, Config};
use live::{Live, State};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::kit::end;
use crate::lists::{self, agree, until};

const MODULES: [&str; 13] = [
    "chan_pjsip",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_pubsub",
    "res_pjsip_registrar",
    "res_pjsip_session",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
];

const PJSIP: &str = "[udp]
type = transport
protocol = udp
bind = <<address>>:5060

[alice]
type = endpoint
transport = udp
aors = alice
auth = alice
[alice]
type = auth
auth_type = userpass
username = alice
password = hidden
[alice]
type = aor
max_contacts = 1
qualify_frequency = 1

[out]
type = registration
server_uri = sip:<<address>>:5060
client_uri = sip:alice@<<address>>:5060
contact_user = alice
outbound_auth = alice
max_random_initial_delay = 0
retry_interval = 1
";

/// The endpoint of the phone, whose contact is configured.
fn phone(name: &str, address: SocketAddr) -> String {
    format!(
        "\n[{name}]\ntype = endpoint\naors = {name},{name}2\n[{name}]\ntype = aor\n\
         contact = sip:{name}@{address}\nqualify_frequency = 1\nqualify_timeout = 0.5\n\
         [{name}2]\ntype = aor\ncontact = sip:{name}2@{address}\n"
    )
}

/// Answers OPTIONS requests until it is aborted.
fn answer(socket: UdpSocket) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut request = [0; 4096];
        loop {
            let (length, from) = socket.recv_from(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]);
            let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = request.lines().filter(|it| copied.iter().any(|name| it.starts_with(name)));
            let lines: String = lines.map(|it| format!("{it}\r\n")).collect();
            let answer = format!("SIP/2.0 200 OK\r\n{lines}Content-Length: 0\r\n\r\n");
            socket.send_to(answer.as_bytes(), from).await.unwrap();
        }
    })
}

async fn agrees(live: &Live, client: &Client) {
    let all = [
        lists::endpoints(),
        lists::contacts(),
        lists::statuses("alice"),
        lists::statuses("bob"),
        lists::registrations(),
    ];
    agree(live, client, all).await;
}

/// Returns `true` if alice is registered, as the contact and the registration say.
fn is_registered(state: &State) -> bool {
    let contact = || state.contacts().ok()?.iter().find(|it| &*it.aor == "alice")?.status.clone();
    let registration = || Some(state.registrations().ok()?.get("out")?.status.clone());
    contact() == Some(ContactState::Reachable)
        && registration() == Some(RegistrationStatus::Registered)
}

fn is_phone(state: &State, status: &ContactState<'_>) -> bool {
    let contact = || state.contacts().ok()?.iter().find(|it| &*it.aor == "bob")?.status.clone();
    contact().as_ref() == Some(status)
}

fn endpoint(state: &State, name: &str) -> Option<DeviceState> {
    Some(state.endpoints().ok()?.get(name)?.state)
}

async fn registered(version: u32) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let server = instance::server(version).await.unwrap();
    let builder = Builder::new(server).modules(Modules::list(MODULES));
    let pjsip = format!("{PJSIP}{}", phone("bob", address));
    let instance = builder.file("pjsip.conf", pjsip).boot().await.unwrap();
    let client = Config::new("user", "mysecret").connect(instance.ami_address()).await.unwrap();
    let live = Live::start(&client);
    live.current().await.unwrap();

    let answering = answer(socket);
    until(&live, |it| is_registered(it) && is_phone(it, &ContactState::Reachable)).await;
    agrees(&live, &client).await;

    // The phone goes. It has a second contact, which nobody asks whether it is there.
    answering.abort();
    assert!(answering.await.unwrap_err().is_cancelled());
    until(&live, |it| is_phone(it, &ContactState::Unreachable)).await;
    agrees(&live, &client).await;
    let answering = answer(UdpSocket::bind(address).await.unwrap());
    until(&live, |it| is_phone(it, &ContactState::Reachable)).await;
    agrees(&live, &client).await;

    let registration = |action| Action::new(action).field("Registration", "out");
    client.call(registration("PJSIPUnregister")).await.unwrap();
    until(&live, |it| endpoint(it, "alice") == Some(DeviceState::Unavailable)).await;
    agrees(&live, &client).await;
    client.call(registration("PJSIPRegister")).await.unwrap();
    until(&live, is_registered).await;
    agrees(&live, &client).await;

    let fresh = Live::start(&client);
    let state = fresh.current().await.unwrap();
    agree(&fresh, &client, [lists::details()]).await;
    for registration in state.registrations().unwrap().iter() {
        assert!(registration.last.is("OutboundRegistrationDetail"), "{registration:?}");
    }

    // A reload takes bob away and adds carol, whose configuration is known from the next list on.
    let file = instance.sandbox().etc().join("pjsip.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let (kept, _) = text.split_once("[bob]").unwrap();
    std::fs::write(&file, format!("{kept}{}", phone("carol", address))).unwrap();
    client.command("module reload res_pjsip.so").await.unwrap();
    until(&live, |it| endpoint(it, "carol").is_some()).await;

    instance.restart().await.unwrap();
    until(&live, |it| {
        it.endpoints().is_ok_and(|it| it.get("carol").is_some_and(|it| it.aors.len() == 2))
    })
    .await;
    until(&live, is_registered).await;
    let all =
        [lists::endpoints(), lists::contacts(), lists::statuses("alice"), lists::registrations()];
    agree(&live, &client, all).await;
    answering.abort();
    end(instance).await;
}

#[tokio::test]
async fn endpoints_and_contacts_and_registrations_22() {
    registered(22).await;
}

#[tokio::test]
async fn endpoints_and_contacts_and_registrations_16() {
    registered(16).await;
}

#[tokio::test]
async fn what_the_server_has_none_of_is_empty() {
    for version in [22, 16] {
        let server = instance::server(version).await.unwrap();
        let instance = Builder::new(server).modules(Modules::list(MODULES)).boot().await.unwrap();
        let live = Live::start(instance.ami());
        let state = live.current().await.unwrap();
        assert!(state.endpoints().unwrap().is_empty());
        assert!(state.contacts().unwrap().is_empty());
        assert!(state.registrations().unwrap().is_empty());
        end(instance).await;
    }
}
