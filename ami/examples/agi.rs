//! Leads each caller whom a dialplan hands over with `AGI(agi:async)`: plays a sound, reads digits,
//! and returns the caller to the dialplan with the digits in a variable.
//!
//! ```sh
//! export AMI_SERVER=user:secret@pbx.example.org
//! cargo run -p ami --example agi -- enter-ext-of-person 3
//! ```
//!
//! plays `enter-ext-of-person` and reads three digits (four unless given) into `DIGITS`. The user
//! needs the class `agi` in `read` and `write`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program prints what happens")]

use std::error::Error;
use std::time::Duration;

use ami::Server;
use ami::agi::{AgiError, Session};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let sound = arguments.next().ok_or("usage: agi SOUND [DIGITS]")?;
    let most = arguments.next().map_or(Ok(4), |most| most.parse())?;

    let client = Server::from_env()?.connect().await?;
    let mut sessions = client.async_agi().await?;
    println!("waiting for callers");
    loop {
        let next = tokio::select! {
            next = sessions.next() => next,
            pressed = tokio::signal::ctrl_c() => {
                pressed?;
                break;
            }
        };
        match next {
            Some(Ok(session)) => {
                // Callers do not wait for each other.
                tokio::spawn(lead(session, sound.clone(), most));
            }
            Some(Err(lost)) => eprintln!("== callers may be missing here: {lost:#}"),
            None => break,
        }
    }
    client.close().await?;
    Ok(())
}

async fn lead(session: Session, sound: String, most: u32) {
    // What callers choose may have control characters in it.
    let caller = session.env().get("agi_callerid").unwrap_or_default().escape_debug().to_string();
    match digits_of(&session, &sound, most).await {
        Ok(digits) => println!("{caller} has entered {digits}"),
        Err(AgiError::HungUp) => println!("{caller} has hung up"),
        Err(error) => eprintln!("{caller}: {error:#}"),
    }
}

async fn digits_of(session: &Session, sound: &str, most: u32) -> Result<String, AgiError> {
    session.answer().await?;
    let digits = session.get_data(sound, Duration::from_secs(5), most).await?.digits;
    session.set_variable("DIGITS", &digits).await?;
    session.end().await?;
    Ok(digits)
}
