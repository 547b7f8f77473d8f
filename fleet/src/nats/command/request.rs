//! The body of a request: fields and a time-out.

use std::fmt;
use std::time::Duration;

use ami::{Action, ActionError};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The longest body in bytes. The longest action that a server reads has 128 KiB.
const LONGEST: usize = 256 * 1024;

/// An action, and the time that it may take.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) action: Action,
    pub(super) timeout: Option<Duration>,
}

/// A request that cannot be executed. The texts have no values, which may be secrets.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("the body has {0} bytes, more than {LONGEST}")]
    TooLarge(usize),
    #[error("the body is no JSON, at column {0} of line {1}")]
    Json(usize, usize),
    #[error("the body is no JSON object")]
    NoObject,
    #[error("the body has more than one {0:?}")]
    Repeated(&'static str),
    #[error("the body has an unknown member {0:?}, expected \"v\", \"fields\" or \"timeout\"")]
    Unknown(String),
    #[error("\"v\" is not 1, the only version of requests")]
    Version,
    #[error("\"timeout\" is no number of seconds above 0")]
    Timeout,
    #[error("\"fields\" is neither an object nor a list of pairs of name and value")]
    Fields,
    #[error(
        "the value of the field {0:?} is not text, a number, true, false or a list of bytes; \
         numbers of more than 15 digits belong in quotes"
    )]
    Value(String),
    #[error("the action cannot be sent")]
    Action(#[source] ActionError),
}

impl Request {
    /// Returns the request of this body. An empty body has no fields.
    pub(super) fn parse(name: &str, body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > LONGEST {
            return Err(RequestError::TooLarge(body.len()));
        }
        let mut request = Self { action: Action::new(name), timeout: None };
        if !body.trim_ascii().is_empty() {
            request.read(members(body)?)?;
        }
        request.action.check().map_err(RequestError::Action)?;
        Ok(request)
    }

    fn read(&mut self, members: Vec<(String, Value)>) -> Result<(), RequestError> {
        const KNOWN: [&str; 3] = ["v", "fields", "timeout"];
        for known in KNOWN {
            if members.iter().filter(|(name, _)| name == known).count() > 1 {
                return Err(RequestError::Repeated(known));
            }
        }
        for (name, value) in members {
            match &*name {
                "v" if value.as_u64() == Some(1) => {}
                "v" => return Err(RequestError::Version),
                "timeout" => self.timeout = Some(seconds(&value)?),
                "fields" => self.fields(value)?,
                _ => return Err(RequestError::Unknown(name)),
            }
        }
        Ok(())
    }

    fn fields(&mut self, fields: Value) -> Result<(), RequestError> {
        match fields {
            Value::Array(pairs) => {
                for pair in &pairs {
                    let pair = pair.as_array().map_or(&[][..], Vec::as_slice);
                    let [Value::String(name), value] = pair else {
                        return Err(RequestError::Fields);
                    };
                    self.field(name, value)?;
                }
            }
            Value::Object(fields) => {
                for (name, value) in &fields {
                    // A list is a field that is repeated.
                    match value {
                        Value::Array(values) => {
                            values.iter().try_for_each(|value| self.field(name, value))?;
                        }
                        value => self.field(name, value)?,
                    }
                }
            }
            _ => return Err(RequestError::Fields),
        }
        Ok(())
    }

    fn field(&mut self, name: &str, value: &Value) -> Result<(), RequestError> {
        let value = bytes(value).ok_or_else(|| RequestError::Value(name.to_owned()))?;
        let action = std::mem::replace(&mut self.action, Action::new(""));
        self.action = action.field(name, value);
        Ok(())
    }
}

/// Returns the members of an object in their order, with those whose name is repeated.
fn members(body: &[u8]) -> Result<Vec<(String, Value)>, RequestError> {
    struct Members(Vec<(String, Value)>);

    struct MembersVisitor;

    impl<'de> Visitor<'de> for MembersVisitor {
        type Value = Members;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(Members(members))
        }
    }

    impl<'de> Deserialize<'de> for Members {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(MembersVisitor)
        }
    }

    let parsed: Result<Members, _> = serde_json::from_slice(body);
    parsed.map(|Members(members)| members).map_err(|error| {
        // The library's own message would have the value in it.
        if error.is_data() {
            RequestError::NoObject
        } else {
            RequestError::Json(error.column(), error.line())
        }
    })
}

fn seconds(value: &Value) -> Result<Duration, RequestError> {
    let seconds = value.as_f64().filter(|it| *it > 0.0).ok_or(RequestError::Timeout)?;
    // A time that is too long to be represented is bounded by the bridge's own.
    Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// Returns the value of a field: text, a number, a flag, or bytes that are no text.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    /// Larger numbers are read with the last digits lost.
    const LARGEST: f64 = (1_u64 << 53) as f64;
    match value {
        Value::Number(number)
            if number.is_f64() && number.as_f64().is_some_and(|it| it.abs() >= LARGEST) =>
        {
            None
        }
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        Value::Bool(flag) => Some(flag.to_string().into_bytes()),
        Value::Array(bytes) => {
            let byte = |it: &Value| it.as_u64().and_then(|it| u8::try_from(it).ok());
            bytes.iter().map(byte).collect()
        }
        Value::Null | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_repeats() {
        let lists = br#"{"fields":[["Variable","A=1"],["X",7],["Variable",[255]],["Y",true]]}"#;
        let Request { action, timeout } = Request::parse("Originate", lists).unwrap();
        let expected: [(&str, &[u8]); 4] =
            [("Variable", b"A=1"), ("X", b"7"), ("Variable", b"\xff"), ("Y", b"true")];
        assert_eq!(action.fields().collect::<Vec<_>>(), expected);
        assert_eq!((action.name(), timeout), ("Originate", None));
        let object = br#"{"v":1,"fields":{"X":"1","Variable":["A=1","B=2"]},"timeout":1.5}"#;
        let Request { action, timeout } = Request::parse("Originate", object).unwrap();
        let expected: [(&str, &[u8]); 3] =
            [("X", b"1"), ("Variable", b"A=1"), ("Variable", b"B=2")];
        assert_eq!(action.fields().collect::<Vec<_>>(), expected);
        assert_eq!(timeout, Some(Duration::from_millis(1500)));
        for empty in [&b""[..], b" \n", b"{}", br#"{"fields":[]}"#] {
            assert_eq!(Request::parse("Ping", empty).unwrap().action.fields().count(), 0);
        }
        let long = Request::parse("Ping", br#"{"timeout":1e300}"#).unwrap();
        assert_eq!(long.timeout, Some(Duration::MAX));
    }

    #[test]
    fn an_error_shows_no_value() {
        let large = format!(r#"{{"fields":{{"A":"hush{}"}}}}"#, "x".repeat(LONGEST));
        for body in [
            &b"hush"[..],
            br#""hush""#,
            br#"["hush"]"#,
            br#"{"v":"hush"}"#,
            br#"{"v":2}"#,
            br#"{"timeout":"hush"}"#,
            br#"{"timeout":0}"#,
            br#"{"timeout":-1}"#,
            br#"{"fields":"hush"}"#,
            br#"{"fields":["hush"]}"#,
            br#"{"fields":[["A","hush","hush"]]}"#,
            br#"{"fields":[["A",{"hush":"hush"}]]}"#,
            br#"{"fields":[["A",123456789012345678901234]]}"#,
            br#"{"fields":{"A":null}}"#,
            br#"{"fields":{"A":"hush\r\nAction: Logoff"}}"#,
            br#"{"fields":{"A\r\nB":"hush"}}"#,
            br#"{"fields":{"ActionID":"hush"}}"#,
            br#"{"fields":{},"fields":{"A":"hush"}}"#,
            br#"{"time":"hush"}"#,
            br#"{"fields":{"A":"hush"#,
            b"{\"fields\":{\"A\":\"hush\xff\"}}",
            large.as_bytes(),
        ] {
            let error = Request::parse("Setvar", body).unwrap_err();
            let text = format!("{error} {:?}", std::error::Error::source(&error));
            let body = String::from_utf8_lossy(&body[..body.len().min(60)]);
            assert!(!text.contains("hush") && !text.contains("1234"), "{body}: {text}");
        }
        assert!(Request::parse("Ping\r\nAction: Logoff", b"").is_err());
        assert!(Request::parse("", b"").is_err());
    }
}
