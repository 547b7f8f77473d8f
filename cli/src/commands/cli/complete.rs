//! Completion by the server, as its own console has it.

use ami::Client;
use std::time::Duration;

use crate::out::escape;

/// The longest wait for the server, while nobody can type.
pub(super) const LONGEST: Duration = Duration::from_secs(2);

/// The end of the words, in the server's answer (`include/asterisk/cli.h`, `AST_CLI_COMPLETE_EOF`).
const END: &str = "_EOF_";

/// Returns the beginning of the last word.
pub(super) fn word_start(line: &str) -> usize {
    line.rfind(' ').map_or(0, |at| at + 1)
}

/// Returns the words that the last word of a line can become. Empty if the server does not tell.
pub(super) async fn words(client: &Client, line: &str) -> Vec<String> {
    let word = &line[word_start(line)..];
    // The server splits the command at blanks outside of quotes, and takes a backslash for an
    // escape.
    let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
    let command = format!("_command matchesarray \"{}\" \"{}\"", quoted(line), quoted(word));
    match client.command(command).timeout(LONGEST).await {
        Ok(output) => {
            let lines: Vec<_> = output.lines().map(String::from_utf8_lossy).collect();
            read(&lines.join(" "))
        }
        Err(_) => Vec::new(),
    }
}

/// Reads the answer: what all words begin with, which may be empty, and the words, each behind a
/// blank. A word with anything that a terminal acts on is left out.
fn read(answer: &str) -> Vec<String> {
    let Some((_, words)) = answer.split_once(' ') else { return Vec::new() };
    let words = words.split(' ').take_while(|word| *word != END);
    let fits = |word: &&str| !word.is_empty() && escape(word.as_bytes()) == **word;
    words.filter(fits).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_beginning_is_no_word() {
        assert_eq!(read("show show _EOF_"), ["show"]);
        assert_eq!(read(" abort clear _EOF_"), ["abort", "clear"]);
        assert_eq!(read("a a\x1b[2J ab _EOF_"), ["ab"]);
        assert_eq!(read("_EOF_"), [""; 0]);
        assert_eq!(read(""), [""; 0]);
    }
}
