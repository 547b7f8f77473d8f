//! Actions as a user writes them.

use std::fmt;

use ami::Action;
use anyhow::{Context, bail};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::exit::{Exit, Failure};

/// Returns the action of a name and words `Key=Value`. An error shows no value, which may be a
/// secret.
pub(super) fn action(name: &str, words: &[String]) -> Result<Action, Failure> {
    let mut action = Action::new(name);
    for (at, word) in words.iter().enumerate() {
        let Some((key, value)) = word.split_once('=') else {
            let text = format!("field {} of the action has no `=`: expected KEY=VALUE", at + 1);
            return Err(Failure::usage(text));
        };
        action = action.field(key, value);
    }
    action.check().map_err(|error| Failure::new(Exit::Usage, error))?;
    Ok(action)
}

/// The members of an object in their order, with those whose name is repeated.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;

        impl<'de> Visitor<'de> for Of {
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

        deserializer.deserialize_map(Of)
    }
}

/// Returns the action in a line of JSON.
pub(super) fn parsed(line: &[u8]) -> Result<Action, anyhow::Error> {
    let Members(object) = match serde_json::from_slice(line) {
        // The message of the library would have the value in it.
        Err(error) if error.is_data() => bail!("expected an object"),
        parsed => parsed?,
    };
    let is = |key: &str, name: &str| key.eq_ignore_ascii_case(name);
    let mut names = object.iter().filter(|(key, _)| is(key, "action")).map(|(_, name)| name);
    let name = names.next().and_then(Value::as_str).context("expected \"action\" with a name")?;
    if names.next().is_some() {
        bail!("expected one \"action\"");
    }
    let mut action = Action::new(name);
    match object.iter().find(|(key, _)| key == "fields").map(|(_, fields)| fields) {
        Some(Value::Array(fields)) => {
            for field in fields {
                let [Value::String(key), value] = field.as_array().map_or(&[][..], Vec::as_slice)
                else {
                    bail!("expected pairs of name and value in \"fields\"");
                };
                action = action.field(key, bytes(value)?);
            }
        }
        _ => {
            let fields = object.iter().filter(|(key, _)| !is(key, "action") && key != "v");
            for (key, value) in fields {
                let values = match value {
                    Value::Array(values) => values.as_slice(),
                    value => std::slice::from_ref(value),
                };
                for value in values {
                    action = action.field(key, bytes(value)?);
                }
            }
        }
    }
    action.check()?;
    Ok(action)
}

/// Returns the value of a field: text, a number, a flag, or bytes that are no text.
fn bytes(value: &Value) -> Result<Vec<u8>, anyhow::Error> {
    const EXPECTED: &str = "expected a text, a number, true, false, or a list of bytes as a value";
    /// Larger numbers are read with the last digits lost.
    const LARGEST: f64 = (1_u64 << 53) as f64;
    Ok(match value {
        Value::Number(number)
            if number.is_f64() && number.as_f64().is_some_and(|it| it.abs() >= LARGEST) =>
        {
            bail!("expected a number with so many digits in quotes")
        }
        Value::String(text) => text.clone().into_bytes(),
        Value::Number(number) => number.to_string().into_bytes(),
        Value::Bool(flag) => flag.to_string().into_bytes(),
        Value::Array(bytes) => {
            let byte = |it: &Value| it.as_u64().and_then(|it| u8::try_from(it).ok());
            bytes.iter().map(byte).collect::<Option<_>>().context(EXPECTED)?
        }
        Value::Null | Value::Object(_) => bail!(EXPECTED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(action: &Action) -> Vec<(&str, &[u8])> {
        action.fields().collect()
    }

    #[test]
    fn fields_keep_their_order_and_repeats() {
        let words = ["Variable=a=b", "Variable=", "X= y"].map(str::to_owned);
        let written = action("Originate", &words).unwrap();
        let expected: [(&str, &[u8]); 3] = [("Variable", b"a=b"), ("Variable", b""), ("X", b" y")];
        assert_eq!(fields(&written), expected);
        let line =
            r#"{"action":"Originate","fields":[["Variable","a=b"],["Variable",""],["X"," y"]]}"#;
        assert_eq!(parsed(line.as_bytes()).unwrap(), written);
        for line in [
            r#"{"Action":"Originate","Variable":["a=b",""],"X":" y","v":1}"#,
            r#"{"Action":"Originate","Variable":"a=b","Variable":"","X":" y"}"#,
        ] {
            assert_eq!(parsed(line.as_bytes()).unwrap(), written);
        }
        let line = r#"{"action":"X","fields":[["A",7],["B",true],["C",[255]]]}"#;
        let expected: [(&str, &[u8]); 3] = [("A", b"7"), ("B", b"true"), ("C", b"\xff")];
        assert_eq!(fields(&parsed(line.as_bytes()).unwrap()), expected);
        let line = br#"{"action":"X","A":18446744073709551615}"#;
        assert_eq!(fields(&parsed(line).unwrap()), [("A", &b"18446744073709551615"[..])]);
    }

    #[test]
    fn an_error_shows_no_value() {
        for words in
            [&["hush"][..], &["Secret=hush\nAction: Logoff"], &["=hush"], &["ActionID=hush"]]
        {
            let words: Vec<_> = words.iter().map(|it| (*it).to_owned()).collect();
            let failure = action("Login", &words).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(!format!("{:#}", failure.error.unwrap()).contains("hush"));
        }
        for line in [
            r#""hush""#,
            r#"["hush"]"#,
            r#"{"hush":"hush"}"#,
            r#"{"action":"X","A":{"hush":1}}"#,
            r#"{"action":"X","A":"hush\n"}"#,
            r#"{"action":"X","A":"hush"#,
            // No name of the two, and not all of its digits, would be what is meant.
            r#"{"action":"Ping","Action":"hush"}"#,
            r#"{"action":"X","A":123456789012345678901234}"#,
        ] {
            let error = format!("{:#}", parsed(line.as_bytes()).unwrap_err());
            assert!(!error.contains("hush") && !error.contains("123"), "{line}: {error}");
        }
        assert!(parsed(b"{\"action\":\"\xff\"}").is_err());
    }
}
