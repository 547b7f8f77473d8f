//! `ami trace`.

mod mermaid;
mod people;
mod recordings;
mod scene;
mod scripted;
mod told;

// The PBX and the telephones of the tests of `live`.
#[path = "../../../../live/tests/it/scenarios/office.rs"]
mod office;
