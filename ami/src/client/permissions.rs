//! The permissions of the user.

use tokio::time::timeout;

use crate::client::Client;
use crate::connection::{Permissions, permissions, ready};
use crate::error::{Error, Withheld};
use crate::wire::EventClass;

impl Client {
    /// Asks why events of a class do not arrive. Returns `None` if they arrive, and
    /// [`Withheld::Unknown`] if the server does not tell the user's permissions, because that takes
    /// the write class `command`.
    ///
    /// A user without the `read` class of an event never gets it. A subscription to events that
    /// Asterisk documents says so by itself ([`Item::Withheld`](crate::Item::Withheld)), if the
    /// server tells. For other events, and for patterns, check the classes that a program depends
    /// on once at its start.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::EventClass;
    ///
    /// if let Some(why) = client.withheld(EventClass::Agent).await? {
    ///     eprintln!("events of queues may not arrive: {why}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The server is asked once for each connection (`manager show user`), and answers with what it
    /// has loaded from `manager.conf` by then. A connection keeps the permissions of its login, so
    /// the answer is wrong for it if `read` was changed and reloaded in between.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no connection within the client's time-out.
    pub async fn withheld(&self, class: EventClass) -> Result<Option<Withheld>, Error> {
        let limit = self.timeout();
        let connection = self.shared().connection_within(limit).await?;
        let mask = self.shared().wishes().mask;
        let withheld = ready::withheld(&connection, limit, mask.as_ref(), class);
        Ok(timeout(limit, withheld).await.unwrap_or(Some(Withheld::Unknown)))
    }

    /// Returns the permissions of the user, as far as the server tells them: what it may send
    /// ([`Config::ask_permissions`](crate::Config::ask_permissions)), and what it may read, if it
    /// may run CLI commands.
    ///
    /// ```no_run
    /// # async fn example(client: ami::Client) -> Result<(), ami::Error> {
    /// use ami::EventClass;
    ///
    /// let permissions = client.permissions().await?;
    /// if permissions.may_send("QueueAdd") == Some(false) {
    ///     eprintln!("members cannot be added: `write = …,agent` is missing in manager.conf");
    /// }
    /// assert_ne!(permissions.may_read(EventClass::Agent), Some(false));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The server is asked once for each connection, for the second part on the first call or when
    /// a subscription needs it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no connection, or no answer, within the client's time-out.
    pub async fn permissions(&self) -> Result<Permissions, Error> {
        let limit = self.timeout();
        let permissions = async {
            loop {
                let connection = self.shared().connection().await?;
                tokio::select! {
                    biased;
                    permissions = permissions::ask(&connection, limit) => return Ok(permissions),
                    () = self.shared().lost(&connection) => {}
                }
            }
        };
        timeout(limit, permissions).await.unwrap_or_else(|_| Err(self.shared().no_turn(limit)))
    }

    /// Waits until it is known what the user may send, or that the server does not tell.
    #[cfg(feature = "testing")]
    pub(crate) async fn settled(&self) {
        if let Some(connection) = self.shared().connection_now() {
            tokio::select! {
                biased;
                _ = connection.write_known() => {}
                () = self.shared().lost(&connection) => {}
            }
        }
    }
}
