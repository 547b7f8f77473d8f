//! The text of a command: words and quoted arguments.

/// Returns a command with its arguments, each in quotes, as the parser of the server wants it
/// (`parse_args`): a backslash before quotes and backslashes.
pub(super) fn command(words: &str, arguments: &[&str]) -> String {
    let mut text = words.to_owned();
    for argument in arguments {
        text.push_str(" \"");
        for char in argument.chars() {
            if matches!(char, '"' | '\\') {
                text.push('\\');
            }
            text.push(char);
        }
        text.push('"');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted() {
        assert_eq!(command("NOOP", &[]), "NOOP");
        let odd = command("SET VARIABLE", &["A", "a \"b\" \\ ;,é", ""]);
        assert_eq!(odd, r#"SET VARIABLE "A" "a \"b\" \\ ;,é" """#);
    }
}
