//! The needs of components of ARI.

use super::object::{BASE, CALLS, ORIGINATES};
use crate::case::Setting;
use crate::files::{ConfigError, Node};

/// Returns an error at a place if the object of a test has no ARI.
pub(in crate::components) fn expect_object(
    place: &Node,
    what: &str,
    setting: &Setting,
) -> Result<(), ConfigError> {
    let objects: Vec<_> = [BASE, CALLS, ORIGINATES].iter().flat_map(|it| it.names).collect();
    let object = setting.test().config().object.as_ref();
    let object = object.map_or("the test in Rust", |it| &it.typename);
    if objects.iter().any(|it| **it == object) {
        return Ok(());
    }
    let objects = objects.into_iter().copied().collect::<Vec<_>>().join(", ");
    Err(place.error(format!("{what} needs an ARI object, one of {objects}; found {object}")))
}
