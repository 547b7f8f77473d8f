//! Events of ARI.

use std::sync::Arc;

use serde_json::Value;

use crate::matching::Fields;

/// An event of ARI: an object of JSON. A clone shares it.
#[derive(Clone, Debug)]
pub struct AriEvent(Arc<Value>);

impl AriEvent {
    /// Creates an event of a value as a websocket brings it.
    pub fn new(value: Value) -> Self {
        Self(Arc::new(value))
    }

    /// Returns the type of the event, such as `StasisStart`. Empty if it has none.
    pub fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the whole event.
    pub fn json(&self) -> &Value {
        &self.0
    }
}

impl Fields for AriEvent {
    fn field(&self, name: &str) -> Option<String> {
        self.0.field(name)
    }
}
