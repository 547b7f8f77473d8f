//! A ladder as objects.

use serde_json::{Value, json};

use super::call::Ladder;
use super::leg::Leg;
use super::row::{Place, Row};

impl Ladder {
    /// Returns a row as an object.
    pub(crate) fn object(&self, row: &Row) -> Value {
        let mut object = json!({ "v": 1, "call": self.id(), "step": row.step });
        if let Some(at) = row.at {
            object["time"] = json!(at.as_microsecond() as f64 / 1e6);
        }
        // What is known of a leg can change, so the end has it.
        let legs = row.place.legs();
        let legs = legs.iter().filter_map(|leg| self.legs.get(*leg)).map(|leg| &*leg.name);
        let legs: Vec<_> = legs.collect();
        match &row.place {
            Place::Call => {}
            Place::Leg(_) | Place::Span(_) => object["legs"] = json!(legs),
            Place::Arrow(..) => {
                let mut legs = legs.into_iter();
                object["from"] = json!(legs.next());
                object["to"] = json!(legs.next());
            }
        }
        object["text"] = json!(row.text);
        object
    }

    /// Returns the end as an object.
    pub(crate) fn end_object(&self) -> Value {
        let mut object = json!({
            "v": 1,
            "call": self.id(),
            "step": if self.is_over { "call ended" } else { "call is up" },
            "connected": self.talked().as_secs_f64(),
            "complete": !self.is_incomplete,
        });
        object["legs"] = self.legs.iter().map(leg).collect();
        if self.is_over {
            object["outcome"] = json!(self.outcome());
            object["seconds"] = json!(self.lasted().map(|it| it.as_secs_f64()));
        }
        if let Some(leg) = self.hung_up_by() {
            object["hung_up_by"] = json!(leg.name);
        }
        if let Some(cause) = self.cause() {
            object["cause"] = json!(cause.number());
            object["cause_name"] = json!(cause.name());
        }
        object
    }
}

fn leg(leg: &Leg) -> Value {
    let mut object = json!({ "channel": leg.name });
    if !leg.number.is_empty() {
        object["number"] = json!(leg.number);
    }
    if !leg.party.is_empty() {
        object["name"] = json!(leg.party);
    }
    object
}
