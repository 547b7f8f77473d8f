//! What components of ARI need of a test.

use crate::case::Setting;
use crate::files::{ConfigError, Node};

/// The test objects that have ARI.
const OBJECTS: [&str; 3] =
    ["ari.AriBaseTestObject", "ari.AriOriginateTestObject", "ari.AriTestObject"];

/// Returns an error at a place if the object of a test has no ARI.
pub(in crate::components) fn expect_object(
    place: &Node,
    what: &str,
    setting: &Setting,
) -> Result<(), ConfigError> {
    let object = setting.test().config().object.as_ref();
    match object.map_or("the test in Rust", |it| &it.typename) {
        object if OBJECTS.contains(&object) => Ok(()),
        object => {
            let objects = OBJECTS.join(", ");
            let why = format!("{what} needs an ARI object, one of {objects}; found {object}");
            Err(place.error(why))
        }
    }
}
