//! The versions that programs print.

use std::process::{Command, Stdio};

/// A version, number by number.
pub(super) type Numbers = Vec<u64>;

/// Returns the first line that a program prints. `None` if it cannot be run.
pub(super) fn said(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    said.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
}

/// The version in `SIPp v3.6.1-TLS-PCAP` or `OpenSSL 3.0.11 19 Sep 2023`.
pub(super) fn version_in(text: &str) -> Option<Numbers> {
    text.split([' ', '-']).find_map(numbers)
}

/// `v3.6.1`, or `1.0.2k`: letters at the end of a number do not count.
pub(super) fn numbers(text: &str) -> Option<Numbers> {
    let bare = text.trim().trim_start_matches(['v', 'V']);
    let parts = bare.split('.').map(|it| it.trim_end_matches(|c: char| c.is_ascii_alphabetic()));
    let numbers: Numbers = parts.map(str::parse).collect::<Result<_, _>>().ok()?;
    (numbers.len() > 1).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_programs_are_compared() {
        let version = |text| version_in(text).unwrap();
        assert!(version("SIPp v3.6.1-TLS-PCAP-SHA256") > numbers("v3.1").unwrap());
        assert!(version("OpenSSL 3.0.11 19 Sep 2023") > numbers("1.0.1f").unwrap());
        assert!(version("OpenSSL 1.0.2 x") < numbers("1.1").unwrap());
        assert!(version_in("no version").is_none());
    }
}
