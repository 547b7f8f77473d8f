//! A server that sends what it is told to. It is not an `ami::testing::Server`, because its speed
//! is part of the result: it has a thread for each connection, and passes prepared text to the
//! kernel.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// The event that a booted server sends after the login.
const BOOTED: &str = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 86400\r\n\r\n";

/// Logs in every client, and runs `send` once the client has sent the action `Start`. After that
/// the server is silent until the client disconnects.
pub(crate) fn serve(send: impl Fn(&mut TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, send) = (client.unwrap(), send.clone());
            client.set_nodelay(true).unwrap();
            thread::spawn(move || {
                client.write_all(b"Asterisk Call Manager/11.0.0\r\n").unwrap();
                let login = read_until(&mut client, "\r\n\r\n");
                assert!(login.contains("Action: Login"), "{login}");
                client.write_all(format!("Response: Success\r\n\r\n{BOOTED}").as_bytes()).unwrap();
                read_until(&mut client, "Action: Start");
                send(&mut client);
                while client.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {}
            });
        }
    });
    address
}

/// Reads until a text has come, or the client has gone.
fn read_until(client: &mut TcpStream, text: &str) -> String {
    let (mut read, mut part) = (String::new(), [0; 1024]);
    while !read.contains(text) {
        match client.read(&mut part) {
            Ok(length) if length > 0 => read.push_str(&String::from_utf8_lossy(&part[..length])),
            _ => break,
        }
    }
    read
}
