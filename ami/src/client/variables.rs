//! Variables of channels, and global ones.

use crate::client::Client;
use crate::error::Error;
use crate::wire::{Action, ActionProblem};

/// Variables, and functions of the dialplan such as `CALLERID(num)`.
///
/// A channel is named by its name or its unique id. The server answers an unset variable, an empty
/// one and a function that it cannot read with the same empty value. For a channel in AGI,
/// [`agi::Session::get_variable`](crate::agi::Session::get_variable) tells whether a variable is
/// set. [`Filter::variable`](crate::Filter::variable) waits for a variable to be set.
///
/// ```no_run
/// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
/// client.set_variable("PJSIP/alice-00000001", "CALLERID(name)", "Alice").await?;
/// let language = client.variable("PJSIP/alice-00000001", "CHANNEL(language)").await?;
/// client.set_global_variable("NIGHT", "1").await?;
/// # Ok(())
/// # }
/// ```
impl Client {
    /// Returns the value of a channel's variable or function. An unset variable is an empty text.
    /// Needs the write class `call` or `reporting`.
    ///
    /// Bytes that are not UTF-8 are replaced with U+FFFD. The server cuts the value of a function
    /// off at 1,023 bytes.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call). The server refuses a channel that does not
    /// exist. Nothing is sent for an empty name of a channel, because the server would return the
    /// global variable.
    pub async fn variable(&self, channel: &str, name: &str) -> Result<String, Error> {
        self.read_variable(of_channel("Getvar", channel), name).await
    }

    /// Sets a variable of a channel, or writes a function. Needs the write class `call`.
    ///
    /// The value is literal. A name that begins with `_` is inherited by the channels that the
    /// channel creates, and `__` by theirs, too.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call). The server refuses a channel that does not
    /// exist, and a function that it cannot write. Nothing is sent if the value has a line end in
    /// it or more than 1,015 bytes, if it begins with a blank or a control character, which the
    /// server would drop, or if the name of the channel is empty, because the server would set the
    /// global variable.
    pub async fn set_variable(&self, channel: &str, name: &str, value: &str) -> Result<(), Error> {
        self.write_variable(of_channel("Setvar", channel), name, value).await
    }

    /// Returns the value of a global variable, as [`variable`](Self::variable) does of a channel's.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`call`](Self::call).
    pub async fn global_variable(&self, name: &str) -> Result<String, Error> {
        self.read_variable(Action::new("Getvar"), name).await
    }

    /// Sets a global variable, as [`set_variable`](Self::set_variable) does a channel's.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`set_variable`](Self::set_variable).
    pub async fn set_global_variable(&self, name: &str, value: &str) -> Result<(), Error> {
        self.write_variable(Action::new("Setvar"), name, value).await
    }

    async fn read_variable(&self, action: Action, name: &str) -> Result<String, Error> {
        let answer = self.call(named(action, name)).await?;
        // A value can have line ends in it.
        Ok(String::from_utf8_lossy(answer.whole("Value").unwrap_or_default()).into_owned())
    }

    async fn write_variable(&self, action: Action, name: &str, value: &str) -> Result<(), Error> {
        let action = named(action, name).field("Value", value);
        self.call(without_blank(action, "Value", value)).await.map(drop)
    }
}

fn of_channel(action: &str, channel: &str) -> Action {
    let action = Action::new(action).field("Channel", channel);
    let empty = channel.bytes().all(|byte| byte <= b' ');
    if empty { action.refuse("Channel", ActionProblem::NoChannel) } else { action }
}

fn named(action: Action, name: &str) -> Action {
    without_blank(action.field("Variable", name), "Variable", name)
}

/// Refuses a value that the server would change: it skips all bytes up to the space.
fn without_blank(action: Action, field: &str, value: &str) -> Action {
    let skipped = value.bytes().next().is_some_and(|byte| byte <= b' ');
    if skipped { action.refuse(field, ActionProblem::LeadingBlank) } else { action }
}
