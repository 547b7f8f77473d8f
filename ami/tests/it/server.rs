//! The client against real servers, old and new.
