//! Instances from outside: real servers of both versions, and stand-ins for what a real one does not do on command.

mod real;
mod refused;
mod standin;
mod support;
