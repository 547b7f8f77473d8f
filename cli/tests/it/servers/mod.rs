//! Several servers at once, by `--servers`, and `ami bridge`.

mod bridge;
mod kit;
mod merged;
mod nats;
mod once;
mod real;
