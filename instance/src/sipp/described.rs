//! The text with which SIPp describes itself.

use crate::server::Version;

/// The words before the version that the program prints.
const WORDS: &str = "SIPp v";

/// A part of SIPp that a build may lack.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Feature {
    /// SIP over TLS.
    Tls,
    /// SIP over SCTP.
    Sctp,
    /// RTP from files of captured packets (`play_pcap_audio` and so on).
    Pcap,
    /// RTP from files of sound (`rtp_stream`).
    RtpStream,
}

impl Feature {
    /// Returns the word for the feature in the text with which SIPp describes itself.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
            Self::Pcap => "PCAP",
            Self::RtpStream => "RTPSTREAM",
        }
    }
}

/// A version and the words behind it, such as `SIPp v3.6.1-SCTP-PCAP-RTPSTREAM`.
#[derive(Clone, Debug)]
pub(super) struct Described {
    text: String,
    version: Version,
    /// The first three numbers of the version.
    numbers: [u32; 3],
}

impl Described {
    /// Reads the output of `sipp -v`: the first line with the words counts.
    pub(super) fn read(said: &str) -> Option<Self> {
        let line = said.lines().map(str::trim).find(|line| line.starts_with(WORDS))?;
        // `SIPp v3.4.1-TLS built Jan 1 2020, 12:00:00.`
        let line = line.split(" built ").next().unwrap_or(line);
        let text = line.trim_end_matches('.').to_owned();
        let rest = text.strip_prefix(WORDS)?;
        let is_part = |c: char| c.is_ascii_digit() || c == '.';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let mut parts = rest[..end].split('.').map(|part| part.parse().ok());
        let mut next = || parts.next().unwrap_or(Some(0));
        let numbers = [next()?, next()?, next()?];
        let version = Version::parse(WORDS, &text[..WORDS.len() + end])?;
        Some(Self { text, version, numbers })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    pub(super) fn has(&self, feature: Feature) -> bool {
        // From 3.7 on it is in every build, and the text no longer has the word.
        let is_always = feature == Feature::RtpStream && self.numbers >= [3, 7, 0];
        is_always || self.text.split('-').skip(1).any(|word| word == feature.word())
    }

    pub(super) fn has_media_port(&self) -> bool {
        !([3, 7, 0]..=[3, 7, 2]).contains(&self.numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Described {
        Described::read(text).unwrap()
    }

    #[test]
    fn the_version_and_the_features_are_read_from_what_it_prints() {
        let old = read("\n SIPp v3.6.1-SCTP-PCAP-RTPSTREAM.\n\n This program is free software;\n");
        assert_eq!(old.text(), "SIPp v3.6.1-SCTP-PCAP-RTPSTREAM");
        assert_eq!(old.version().as_str(), "3.6.1");
        let features = [Feature::Tls, Feature::Sctp, Feature::Pcap, Feature::RtpStream];
        assert_eq!(features.map(|it| old.has(it)), [false, true, true, true]);
        let new = read("\n SIPp v3.7.3-TLS-SCTP-PCAP-SHA256.\n");
        assert_eq!(new.version().as_str(), "3.7.3");
        assert_eq!(features.map(|it| new.has(it)), [true; 4]);
        let bare = read("SIPp v3.6.0.");
        assert_eq!((bare.text(), features.map(|it| bare.has(it))), ("SIPp v3.6.0", [false; 4]));
        assert!(read("SIPp v3.7-dev").has(Feature::RtpStream));
    }

    #[test]
    fn other_spellings_are_read() {
        let built = read(" SIPp v3.4.1-TLS-PCAP built Jan  1 2020, 12:00:00.\n");
        assert_eq!((built.text(), built.version().as_str()), ("SIPp v3.4.1-TLS-PCAP", "3.4.1"));
        let described = read("SIPp v3.7.0-12-g0123456-TLS.");
        assert_eq!(described.version().as_str(), "3.7.0");
        assert!(described.has(Feature::Tls) && !described.has(Feature::Pcap));
        for other in ["", "sipp: not found", "SIPp", "SIPp v", "SIPp vx.y", "SIPp v3..1"] {
            assert!(Described::read(other).is_none(), "{other}");
        }
    }

    #[test]
    fn three_versions_have_no_media_port() {
        for (version, has) in
            [("3.6.1", true), ("3.7.0", false), ("3.7", false), ("3.7.2", false), ("3.7.3", true)]
        {
            assert_eq!(read(&format!("SIPp v{version}-TLS.")).has_media_port(), has, "{version}");
        }
    }
}
