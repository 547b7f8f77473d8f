//! Leads each caller whom a dialplan hands over by FastAGI: plays a sound, reads digits, and
//! returns the caller to the dialplan with the digits in a variable.
//!
//! ```text
//! same => n,AGI(agi://192.0.2.1/enter?sound=enter-ext-of-person&digits=3)
//! same => n,NoOp(${DIGITS})
//! ```
//!
//! ```sh
//! cargo run -p ami --example fastagi -- 0.0.0.0:4573
//! ```
//!
//! Without an address, the program listens at port 4573 of this machine alone. It needs no AMI.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program prints what happens")]

use std::error::Error;
use std::time::Duration;

use ami::agi::{AgiError, FastAgi, FastSession};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| format!("127.0.0.1:{}", FastAgi::PORT));
    let listener = FastAgi::bind(&*address).await;
    let mut requests = listener.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on {}", requests.address());
    loop {
        let next = tokio::select! {
            next = requests.next() => next,
            pressed = tokio::signal::ctrl_c() => {
                pressed?;
                return Ok(());
            }
        };
        match next {
            // Callers do not wait for each other.
            Ok(session) => drop(tokio::spawn(lead(session.timeout(Duration::from_secs(300))))),
            Err(error) => eprintln!("{error:#}"),
        }
    }
}

async fn lead(session: FastSession) {
    // What callers choose may have control characters in it.
    let caller = session.env().get("agi_callerid").unwrap_or_default().escape_debug().to_string();
    match digits_of(&session).await {
        Ok(digits) => println!("{caller} has entered {digits}"),
        Err(AgiError::HungUp) => println!("{caller} has hung up"),
        Err(error) => eprintln!("{caller}: {error:#}"),
    }
}

async fn digits_of(session: &FastSession) -> Result<String, AgiError> {
    let request = session.request();
    let sound = request.query("sound").unwrap_or("enter-ext-of-person");
    let most = request.query("digits").and_then(|most| most.parse().ok()).unwrap_or(4);
    session.answer().await?;
    let digits = session.get_data(sound, Duration::from_secs(5), most).await?.digits;
    session.set_variable("DIGITS", &digits).await?;
    session.end().await?;
    Ok(digits)
}
