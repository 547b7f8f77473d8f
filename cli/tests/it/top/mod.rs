//! `ami top`.

mod office;
mod screens;
