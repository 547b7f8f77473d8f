//! The server on sockets, and what its section may say.

use std::net::Ipv4Addr;

use simple_dns::{CLASS, Name, Packet, Question, TYPE};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::*;
use crate::files::Document;

const ZONE: &str = "zone = [
    SOA('lab.example', 'ns', 'root', 1, 1, 1, 1, 1),
    A('phone.lab.example', '10.0.0.1'),
]";

fn section(folder: &Path, yaml: &str) -> Section {
    let document = Document::parse(&folder.join("test-config.yaml"), yaml).unwrap();
    Section::new(&document.root, "it has")
}

fn with_files(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(FOLDER)).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(FOLDER).join(name), content).unwrap();
    }
    folder
}

#[test]
fn mistakes_are_refused_with_their_place() {
    let files: [(&str, &[u8]); 4] = [
        ("lab", ZONE.as_bytes()),
        ("python", b"zone = [\nZone()]"),
        ("wrong", b"zone = [\nA('a', 'b')]"),
        ("latin", b"# \xe9"),
    ];
    let folder = with_files(&files);
    for (yaml, is_unsupported, told) in [
        ("{}", false, "test-config.yaml:1: expected `python-zones:`"),
        ("python-zones: lab", false, ":1: expected a list of zone files, found a value"),
        ("python-zones: [[lab]]", false, ":1: a zone file is a list, not a text"),
        ("bind-zones: [lab]", true, ":1: bind-zones cannot be read, expected python-zones"),
        ("python-zones: [python]", true, "/dns_zones/python:2: Zone needs Python"),
        ("python-zones: [lab, wrong]", false, "/dns_zones/wrong:2: address of A is \"b\""),
        ("python-zones: [latin]", false, "/dns_zones/latin: expected UTF-8"),
        ("python-zones: [lab]\nport: 0", false, ":2: port is 0, expected a number from 1"),
        ("python-zones: [lab]\nport: 65536", false, ":2: port is 65536, expected a number"),
    ] {
        let error = build(&section(folder.path(), yaml)).err().unwrap();
        assert!(error.to_string().contains(told), "{yaml}: {error}");
        assert_eq!(error.is_unsupported(), is_unsupported, "{yaml}");
    }
}

#[test]
fn a_missing_file_is_a_warning_and_a_failure() {
    let folder = with_files(&[("lab", ZONE.as_bytes())]);
    let section = section(folder.path(), "python-zones:\n- lab\n- other");
    build(&section).unwrap();
    let warnings = section.warnings();
    let told = warnings[0].to_string();
    assert!(told.contains("test-config.yaml:3: there is no zone file "), "{told}");
    assert!(told.ends_with("/dns_zones/other") && warnings.len() == 1, "{told}");
    let zone = read(
        &section,
        &folder.path().join(FOLDER),
        &section.node().get("python-zones").unwrap().items()[1],
    );
    assert_eq!(zone.unwrap().unwrap_err().to_string(), told);
}

fn query(id: u16, name: &str) -> Vec<u8> {
    let mut query = Packet::new_query(id);
    let name = Name::new(name).unwrap();
    query.questions.push(Question::new(name, TYPE::A.into(), CLASS::IN.into(), false));
    query.build_bytes_vec().unwrap()
}

#[tokio::test]
async fn queries_are_answered_over_udp_and_tcp() {
    let zones = [Zone::read(Path::new("zone"), ZONE).unwrap()].into_iter().collect();
    // One for UDP and TCP alike, below those that the system hands out.
    let port = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let tally = Tally::default();
    let serving = Serving::begin(port, zones, tally.clone()).unwrap();
    let address = (Ipv4Addr::LOCALHOST, port);

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    socket.connect(address).await.unwrap();
    let mut buffer = [0; 512];
    // What is no query has no answer, and the next one has.
    socket.send(b"nonsense").await.unwrap();
    socket.send(&query(1, "phone.lab.example")).await.unwrap();
    let length = socket.recv(&mut buffer).await.unwrap();
    let answer = Packet::parse(&buffer[..length]).unwrap();
    assert_eq!((answer.id(), answer.answers.len()), (1, 1));

    let mut stream = TcpStream::connect(address).await.unwrap();
    for id in [2, 3] {
        let query = query(id, "other.lab.example");
        stream.write_u16(query.len().try_into().unwrap()).await.unwrap();
        stream.write_all(&query).await.unwrap();
        let length = stream.read_u16().await.unwrap();
        stream.read_exact(&mut buffer[..length.into()]).await.unwrap();
        let answer = Packet::parse(&buffer[..length.into()]).unwrap();
        assert_eq!((answer.id(), answer.answers.len()), (id, 0));
    }
    let told = "no query in 8 bytes; A other.lab.example: NXDOMAIN (2 times); A phone.lab.example: 10.0.0.1";
    assert_eq!(tally.told(), told);

    let taken = Serving::begin(port, Zones::default(), Tally::default()).unwrap_err();
    assert_eq!(taken.to_string(), format!("UDP port {port} cannot be listened at"));
    drop(serving);
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0, "the connection ends with the server");
}
