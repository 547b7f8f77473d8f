//! The reasons that SIPp tells for a failure.

/// The texts of SIPp's complaints, those first that tell most of a failure.
const WORTH: [&str; 12] = [
    "unexpected message for Call-Id",
    "unexpected BYE for call",
    "unexpected CANCEL for call",
    "Failed regexp match",
    "Regexp matched but should not",
    "receive timeout on message",
    "send timeout on message",
    "timeout on max UDP retrans",
    "timed out after",
    "Unable to bind",
    "Unable to load or parse",
    "Unable to",
];

/// Complaints that are none of the call's.
const ASIDE: [&str; 2] = ["Discarding message", "The following events occurred"];

/// The longest part of a complaint that is told, in characters.
const LONGEST: usize = 300;

/// Returns the complaint that tells most of a failure, of what SIPp wrote into its error file or to
/// its error output.
pub(super) fn cause(text: &str) -> Option<String> {
    let complaints = complaints(text);
    let worth = |complaint: &String| {
        let at = WORTH.iter().position(|it| complaint.contains(it)).unwrap_or(WORTH.len());
        at + usize::from(ASIDE.iter().any(|it| complaint.starts_with(it)))
    };
    complaints.iter().min_by_key(|it| worth(it)).map(|it| plain(it))
}

/// Returns whether a cause is an unexpected message.
pub(super) fn is_unexpected(cause: &str) -> bool {
    cause.contains("it received '")
}

/// The meaning of an exit status, as far as it has one of its own.
pub(super) fn meaning(status: i32) -> &'static str {
    match status {
        97 => "no call ended before its -timeout, or the scenario says stop_now",
        253 => "media did not come as expected",
        254 => "a port is taken",
        _ => "it told no reason",
    }
}

/// The complaints in a text: each begins with its time, and may go on for some lines.
fn complaints(text: &str) -> Vec<String> {
    let mut complaints: Vec<String> = Vec::new();
    for line in text.lines() {
        match (begun(line), complaints.last_mut()) {
            (Some(message), _) => complaints.push(message.to_owned()),
            (None, Some(last)) => {
                last.push('\n');
                last.push_str(line);
            }
            (None, None) => {}
        }
    }
    complaints
}

/// The message of a line that begins with a time, such as `2026-11-27\t08:19:14.455622\t1795…: `.
fn begun(line: &str) -> Option<&str> {
    let (time, message) = line.split_once(": ")?;
    let mut parts = time.split('\t');
    let is_date = parts.next().is_some_and(|it| {
        it.len() == 10 && it.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    });
    (is_date && parts.count() == 2).then_some(message)
}

/// A complaint in plain words, on one line.
fn plain(complaint: &str) -> String {
    if let Some((_, rest)) = complaint.split_once("on unexpected message for Call-Id")
        && let Some((_, rest)) = rest.split_once("while ")
        && let Some((what, rest)) = rest.split_once(" (index ")
        && let Some((index, rest)) = rest.split_once(')')
        && let Some((_, received)) = rest.split_once("received '")
    {
        let received = received.lines().next().unwrap_or_default().trim_end_matches('\'');
        return format!("{what} (message {index} of the scenario), it received '{received}'");
    }
    on_a_line(complaint)
}

/// A text on one line, as far as it is told.
pub(super) fn on_a_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-27\t08:19:14.455622\t1795767554.455622: ";

    #[test]
    fn the_complaint_that_tells_most_is_told_in_plain_words() {
        let unexpected = format!(
            "{TIME}Aborting call on unexpected message for Call-Id '1-6@127.0.0.1': while expecting '200' (index 1), received 'SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n\r\n'"
        );
        let told =
            "expecting '200' (message 1 of the scenario), it received 'SIP/2.0 404 Not Found'";
        for text in [
            format!("The following events occurred:\n{unexpected}"),
            format!("Resolving remote host '127.0.0.1'... Done.\n{unexpected}"),
            format!("{TIME}a timed out after '0.996' seconds\n{unexpected}\n{TIME}Unable to bind"),
        ] {
            assert_eq!(cause(&text).as_deref(), Some(told), "{text}");
        }
        assert!(is_unexpected(told));
        let pausing = unexpected.replace("expecting '200'", "pausing");
        assert!(cause(&pausing).unwrap().starts_with("pausing (message 1 of the scenario), it"));
    }

    #[test]
    fn others_are_told_as_they_are_on_one_line() {
        for (text, told) in [
            (
                "Failed regexp match: looking in ' 1\r\n 2', with regexp '3'",
                "Failed regexp match: looking in ' 1 2', with regexp '3'",
            ),
            ("ask timed out after '0.996' seconds", "ask timed out after '0.996' seconds"),
            ("Invalid argument: '-x'.\nUse 'sipp -h'", "Invalid argument: '-x'. Use 'sipp -h'"),
        ] {
            let text = format!("{TIME}{text}");
            assert_eq!(cause(&text).as_deref(), Some(told));
            // What could not be matched with a call is no cause while there is another.
            let aside = format!("{TIME}Discarding message which can't be mapped\n{text}");
            assert_eq!(cause(&aside).as_deref(), Some(told));
        }
        assert_eq!(cause("The following events occurred:\n"), None);
        assert_eq!(cause("sipp: symbol lookup error: no time here"), None);
        let long = cause(&format!("{TIME}{}", "ä".repeat(1_000))).unwrap();
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
