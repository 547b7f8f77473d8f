//! Names of Rust items from names on the wire.

use std::iter;

/// Names that are not written in the way that tells where a word begins.
const WORDS: [(&str, &str); 22] = [
    ("Uniqueid", "UniqueId"),
    ("Linkedid", "LinkedId"),
    ("Tenantid", "TenantId"),
    ("Callerid", "CallerId"),
    ("Clientid", "ClientId"),
    ("Callid", "CallId"),
    ("IPaddress", "IpAddress"),
    ("IPport", "IpPort"),
    ("IDnum", "IdNum"),
    ("IDname", "IdName"),
    ("IDton", "IdTon"),
    ("AORs", "Aors"),
    ("IDani", "IdAni"),
    ("IDrdnis", "IdRdnis"),
    ("IDdnid", "IdDnid"),
    ("FAXes", "Faxes"),
    ("DNSmanager", "DnsManager"),
    ("Logintime", "LoginTime"),
    ("Accountcode", "AccountCode"),
    ("Channeltype", "ChannelType"),
    ("Devicestatus", "DeviceStatus"),
    ("Wrapuptime", "WrapUpTime"),
];

/// The words that Rust keeps for itself.
const KEYWORDS: [&str; 51] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "type",
    "unsafe", "use", "where", "while", "abstract", "become", "box", "do", "final", "gen", "macro",
    "override", "priv", "try", "typeof", "unsized", "virtual",
];

/// Returns the name of a type: the name on the wire without what no identifier can have.
pub(crate) fn type_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Returns the name of a method: the words of the name on the wire in lower case. Digits at the
/// beginning go to the end, and a keyword gets an underscore.
pub(crate) fn method(name: &str) -> String {
    let name = words(name).join("_").to_ascii_lowercase();
    let digits = name.len() - name.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = name.split_at(digits);
    let name = match (digits, rest.trim_start_matches('_')) {
        ("", rest) => rest.to_owned(),
        (digits, rest) => format!("{rest}_{digits}"),
    };
    if KEYWORDS.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// Returns the name of an enumeration's variant: the words of the text, each with a capital.
pub(crate) fn variant(text: &str) -> String {
    let capital = |word: String| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
    };
    words(text).into_iter().map(capital).collect()
}

/// Splits a name into its words: at what is no letter and no digit, before a capital behind a small
/// letter or a digit, and before the last of several capitals that a small letter follows.
fn words(name: &str) -> Vec<String> {
    let name = WORDS.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to));
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1);
        let begins = char.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase)
            });
        if begins || !char.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if char.is_ascii_alphanumeric() {
            words.iter_mut().last().into_iter().for_each(|word| word.push(char));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the names of a list as prose, each in backquotes.
pub(crate) fn prose(names: &[impl AsRef<str>], and: &str) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {and} {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Returns a line of words broken where it is longer than `width`, each part behind `lead`.
pub(crate) fn wrap(lead: &str, text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.extend(iter::once(" ").chain([word]));
            }
            _ => lines.push(format!("{lead}{word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_the_words_of_the_name_on_the_wire() {
        let names = [
            ("CallerIDNum", "caller_id_num"),
            ("CallerIDnum", "caller_id_num"),
            ("Uniqueid", "unique_id"),
            ("UniqueID", "unique_id"),
            ("BridgeUniqueid", "bridge_unique_id"),
            ("Linkedid", "linked_id"),
            ("DAHDIChannel", "dahdi_channel"),
            ("Cause-txt", "cause_txt"),
            ("CID-CallingPres", "cid_calling_pres"),
            ("Call-ID", "call_id"),
            ("Charge/Currency/Cost", "charge_currency_cost"),
            ("100rel", "rel_100"),
            ("2Channel", "channel_2"),
            ("T38UdptlEc", "t38_udptl_ec"),
            ("IPaddress", "ip_address"),
            ("MCallerIDton", "m_caller_id_ton"),
            ("CallerIDani", "caller_id_ani"),
            ("CallerIDrdnis", "caller_id_rdnis"),
            ("CompletedFAXes", "completed_faxes"),
            ("DNSmanager", "dns_manager"),
            ("SSRC", "ssrc"),
            ("Type", "type_"),
            ("Match", "match_"),
            ("channel", "channel"),
        ];
        for (wire, name) in names {
            assert_eq!(method(wire), name, "{wire}");
        }
    }

    #[test]
    fn variants_are_the_words_of_the_text() {
        let texts = [
            ("ABORT", "Abort"),
            ("NO ANSWER", "NoAnswer"),
            ("AGENT_ONCALL", "AgentOncall"),
            ("Not Permitted", "NotPermitted"),
            ("InUse&Ringing", "InUseRinging"),
            ("mwi", "Mwi"),
        ];
        for (text, name) in texts {
            assert_eq!(variant(text), name, "{text}");
        }
    }

    #[test]
    fn types_have_the_name_on_the_wire() {
        assert_eq!(type_name("AOC-D"), "AOCD");
        assert_eq!(type_name("PJSIPShowEndpoints"), "PJSIPShowEndpoints");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(wrap("/// ", "aa bb cc", 9), "/// aa bb\n/// cc");
        assert_eq!(wrap("/// ", "a_long_word b", 9), "/// a_long_word\n/// b");
    }
}
