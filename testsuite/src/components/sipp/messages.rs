//! The messages that a run of SIPp has sent and received, as it writes them into a file.

/// The line between two messages begins so.
const EDGE: &str = "-----------------------------------------------";

/// A message.
#[derive(Debug)]
struct Message<'a> {
    /// The time of day, if the line before the message has it.
    time: &'a str,
    is_received: bool,
    /// Set if this repeats a message that was received, for SIPp did not expect it.
    is_complaint: bool,
    text: &'a str,
}

/// Returns so many of the last messages, each on a line.
pub(super) fn last(file: &str, count: usize) -> Vec<String> {
    let all: Vec<_> = messages(file).filter(|it| !it.is_complaint).collect();
    let last = &all[all.len().saturating_sub(count)..];
    last.iter().map(Message::told).collect()
}

/// Returns whether the message that SIPp did not expect was received before: its sender repeats it,
/// for it got no answer in time.
pub(super) fn is_repeated(file: &str) -> bool {
    let all: Vec<_> = messages(file).collect();
    let Some(complaint) = all.iter().find(|it| it.is_complaint) else {
        return false;
    };
    let same = |it: &&Message<'_>| it.is_received && it.text == complaint.text;
    all.iter().filter(|it| !it.is_complaint).filter(same).count() > 1
}

fn messages(file: &str) -> impl Iterator<Item = Message<'_>> {
    let parts = file.split(EDGE).skip(1);
    parts.filter_map(|part| {
        let (time, rest) = part.split_once('\n')?;
        let (head, text) = rest.split_once('\n')?;
        let is_complaint = head.starts_with("Unexpected");
        let is_received = is_complaint || head.contains("message received");
        if !is_received && !head.contains("message sent") {
            return None;
        }
        let time = time.split_whitespace().last().unwrap_or_default();
        Some(Message { time, is_received, is_complaint, text: text.trim() })
    })
}

impl Message<'_> {
    fn told(&self) -> String {
        let mut lines = self.text.lines();
        let first = lines.next().unwrap_or_default().trim();
        let cseq = lines.find_map(|line| line.strip_prefix("CSeq:")).map(str::trim);
        let way = if self.is_received { "received" } else { "sent" };
        let cseq = cseq.map_or(String::new(), |cseq| format!(" ({cseq})"));
        format!("{} {way} {first}{cseq}", self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "----------------------------------------------- 2026-11-27 08:19:14.454269\nUDP message sent (243 bytes):\n\nOPTIONS sip:s@127.0.0.1 SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n\n";
    const RECEIVED: &str = "----------------------------------------------- 2026-11-27 08:19:14.455578\nUDP message received [210] bytes :\n\nSIP/2.0 404 Not Found\r\nCSeq: 1 OPTIONS\r\n\r\n\n";
    const UNEXPECTED: &str = "-----------------------------------------------\nUnexpected UDP message received:\n\nSIP/2.0 404 Not Found\r\nCSeq: 1 OPTIONS\r\n\r\n\n";

    #[test]
    fn the_last_messages_are_told_on_a_line_each() {
        let file = format!("{SENT}{RECEIVED}{UNEXPECTED}");
        let told = [
            "08:19:14.454269 sent OPTIONS sip:s@127.0.0.1 SIP/2.0 (1 OPTIONS)",
            "08:19:14.455578 received SIP/2.0 404 Not Found (1 OPTIONS)",
        ];
        assert_eq!(last(&file, 9), told);
        assert_eq!(last(&file, 1), told[1..]);
        assert!(last("", 9).is_empty() && last("\n\n", 9).is_empty());
    }

    #[test]
    fn a_message_that_came_before_is_repeated() {
        assert!(is_repeated(&format!("{SENT}{RECEIVED}{RECEIVED}{UNEXPECTED}")));
        assert!(!is_repeated(&format!("{SENT}{RECEIVED}{UNEXPECTED}")));
        assert!(!is_repeated(&format!("{SENT}{RECEIVED}{RECEIVED}")));
    }
}
