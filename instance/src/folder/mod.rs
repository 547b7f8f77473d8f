//! The folders of runs on the disk, and whatever must not outlive the process that made them.
//!
//! ```text
//! /tmp/asterisk-instance-<uid>/     mode 0700, the home of this user's runs
//!   <eight hex digits>/             one run; its process holds the lock of a file in it
//!     ast1/ ast2/ …                 one instance each
//!       etc/asterisk/  var/lib/asterisk/  var/spool/asterisk/  var/run/asterisk/  …
//! ```
//!
//! A run belongs to the process that holds its lock. The kernel releases the lock when that process
//! is gone, however it ended; whoever creates a run removes the runs whose lock nobody holds. A run
//! that is to be kept has a mark in it. If this process is killed, its [guard] ends what the
//! servers left behind and removes the folders.
//!
//! The room names no other one, and knows nothing of servers: what crosses its door are runs, the
//! descendants of a folder, and waiting for a file lock. Pitfalls:
//!
//! - Between fork and exec a child has a copy of every descriptor, so a lock can outlive its file
//!   for a moment.
//! - A run that has no lock yet looks abandoned: it is created under the lock of its home.
//! - A process that leaves its process group is found by a variable in its environment, not by its
//!   parent.

pub(crate) mod descendants;
mod found;
mod guard;
mod home;
mod keeping;
mod lock;
mod run;

pub use self::descendants::{
    MARK, adopt_descendants, kill as kill_marked, kill_children, names as marked,
};
pub use self::found::{FoundRun, RunState};
pub(crate) use self::keeping::{Keeping, VARIABLE};
pub use self::lock::lock_file;
pub(crate) use self::run::{Run, Witness};
