//! The SIPp that tests get, and what it lacks for them.

use std::path::Path;

use instance::sipp::{Feature, Sipp};

use crate::case::Needs;
use crate::files::{Dependency, Node};
use crate::plan::numbers::{Numbers, numbers, said, version_in};
use crate::plan::runner::{How, Unmet};
use crate::plan::runners::Runner;

/// The SIPp that was found for the tests of a run, or the reason for which there is none.
pub(crate) type FoundSipp = Result<Sipp, String>;

/// Returns whether a test says by this that it needs SIPp: as such, or as a program.
pub(super) fn is_sipp(dependency: &Dependency) -> bool {
    match &*dependency.kind {
        "sipp" => true,
        "app" => dependency.value.text() == Some("sipp"),
        _ => false,
    }
}

/// The SIPp that tests get.
#[derive(Debug)]
pub(super) struct Sipps<'a> {
    /// The one that was found, if a test needs it.
    found: Option<&'a FoundSipp>,
    /// The one in `PATH`, for tests that start it by its name.
    in_path: Option<Described>,
}

/// The text with which a SIPp describes itself, and the version in it.
#[derive(Clone, Debug)]
struct Described {
    text: String,
    version: Option<Numbers>,
}

impl Described {
    fn of(text: &str) -> Self {
        let text = text.trim_end_matches('.').to_owned();
        Self { version: version_in(&text), text }
    }

    fn has(&self, feature: &str) -> bool {
        // From 3.7 on it is in every build, and the text no longer has the word.
        let is_always = feature == Feature::RtpStream.word()
            && self.version.as_ref().is_some_and(|version| version[..] >= [3, 7][..]);
        is_always || self.text.split('-').skip(1).any(|word| word == feature)
    }

    /// Returns what is amiss for a test that wants a version or a feature.
    fn lacks(&self, wanted: &Node) -> Option<String> {
        let version = wanted.get("version").and_then(Node::text).and_then(numbers);
        let feature = wanted.get("feature").and_then(Node::text);
        let is_older = version.is_some_and(|version| self.version < Some(version));
        let lacks = is_older || feature.is_some_and(|feature| !self.has(feature));
        lacks.then(|| self.this())
    }

    fn this(&self) -> String {
        format!("this is {}", self.text)
    }
}

impl<'a> Sipps<'a> {
    /// Takes the one that was found, and asks the one in `PATH` as well if a test says that it
    /// needs one.
    pub(super) fn new(found: Option<&'a FoundSipp>, is_declared: bool) -> Self {
        let in_path = is_declared.then(|| said("sipp", "-v")).flatten();
        Self { found, in_path: in_path.as_deref().map(Described::of) }
    }

    /// Returns what is amiss with the SIPp that a test gets, for one that it says it needs.
    pub(super) fn lacks_declared(&self, wanted: &Node, runner: &Runner) -> Option<String> {
        let found = match self.found {
            Some(found) if runner.needs.sipp_features().is_some() => found,
            // Programs get it by its name. A test in Rust starts what is in `PATH`.
            Some(found @ Ok(_)) if runner.how != How::Native => found,
            // Its components need none, whatever it says.
            _ if runner.is_components => return None,
            _ => {
                let Some(in_path) = &self.in_path else {
                    return Some("sipp is not in PATH".to_owned());
                };
                return in_path.lacks(wanted);
            }
        };
        match found {
            Ok(sipp) => Described::of(sipp.described()).lacks(wanted),
            Err(why) => Some(why.clone()),
        }
    }

    /// Lists what the components of a test need of SIPp and do not get. `sends_raw` says that they
    /// may open a raw socket.
    pub(super) fn unmet(&self, needs: &Needs, sends_raw: bool) -> Vec<Unmet> {
        let Some(wanted) = needs.sipp_features() else {
            return Vec::new();
        };
        let one =
            |name: &str, reason: &str| Unmet { name: name.to_owned(), reason: reason.to_owned() };
        let mut unmet = Vec::new();
        match self.found {
            Some(Ok(sipp)) => {
                let features = [
                    (wanted.tls, Feature::Tls),
                    (wanted.sctp, Feature::Sctp),
                    (wanted.pcap, Feature::Pcap),
                    (wanted.rtp_stream, Feature::RtpStream),
                ];
                let missing =
                    features.iter().filter(|(is_wanted, it)| *is_wanted && !sipp.has(*it));
                let this = Described::of(sipp.described()).this();
                unmet.extend(missing.map(|(_, it)| one(&format!("sipp: {}", it.word()), &this)));
            }
            Some(Err(why)) => unmet.push(one("sipp", why)),
            None => unmet.push(one("sipp", "it was not looked for")),
        }
        if wanted.pcap && !sends_raw {
            let why = "SIPp plays packets of a capture through one, which takes root or a network \
                       of the test's own";
            unmet.push(one("raw socket", why));
        }
        unmet
    }
}

/// Lists the files of a suite that the components of a test need and that are not there.
pub(super) fn files(suite: &Path, needs: &Needs) -> Vec<Unmet> {
    let missing = needs.files().filter(|path| !suite.join(path).is_file());
    let unmet = |path: &str| Unmet {
        name: format!("file: {path}"),
        reason: "the suite has no such file".to_owned(),
    };
    missing.map(unmet).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::case::SippNeeds;
    use crate::files::Document;
    use crate::job::Weight;

    /// Returns a SIPp that describes itself so. By a child: a file that this process had open for
    /// writing cannot be executed while another thread forks.
    async fn sipp(described: &str) -> FoundSipp {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sipp");
        let script = r#"printf '#!/bin/sh\necho " %s."; exit 99\n' "$1" > "$2"; chmod 755 "$2""#;
        let mut command = std::process::Command::new("sh");
        assert!(
            command.args(["-c", script, "sh", described]).arg(&path).status().unwrap().success()
        );
        Ok(Sipp::at(&path).await.unwrap())
    }

    fn needs(features: SippNeeds) -> Needs {
        let mut needs = Needs::default();
        needs.sipp(features);
        needs
    }

    /// A test of components, or one that is a program.
    fn runner(is_components: bool, needs: Option<Needs>) -> Runner {
        let how = if is_components { How::Native } else { How::Script(Vec::new()) };
        let needs = needs.unwrap_or_default();
        Runner { how, weight: Weight::of_servers(1), needs, is_components }
    }

    fn wanted(text: &str) -> Node {
        Document::parse(Path::new("t.yaml"), text).unwrap().root
    }

    /// Returns the lacks of a test, a line for each.
    fn told(found: Option<&FoundSipp>, needs: &Needs, sends_raw: bool) -> Vec<String> {
        let unmet = Sipps::new(found, false).unmet(needs, sends_raw);
        unmet.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn features_that_a_build_lacks_are_named() {
        let all = needs(SippNeeds { tls: true, sctp: true, pcap: true, rtp_stream: true });
        let old = sipp("SIPp v3.6.1-PCAP").await;
        let this = "this is SIPp v3.6.1-PCAP";
        let missing = ["TLS", "SCTP", "RTPSTREAM"].map(|word| format!("sipp: {word}: {this}"));
        assert_eq!(told(Some(&old), &all, true), missing);
        let new = sipp("SIPp v3.7.3-TLS-SCTP-PCAP-SHA256").await;
        assert_eq!(told(Some(&new), &all, true), [""; 0]);
        assert_eq!(told(Some(&old), &needs(SippNeeds::default()), false), [""; 0]);
        assert_eq!(told(Some(&old), &Needs::default(), false), [""; 0]);
    }

    #[tokio::test]
    async fn packets_of_a_capture_take_a_raw_socket() {
        let pcap = needs(SippNeeds { pcap: true, ..SippNeeds::default() });
        let found = sipp("SIPp v3.7.3-PCAP").await;
        let unmet = told(Some(&found), &pcap, false);
        assert!(unmet.len() == 1 && unmet[0].starts_with("raw socket: "), "{unmet:?}");
    }

    #[test]
    fn without_sipp_the_reason_is_told() {
        let (found, needs) = (Err("no network".to_owned()), needs(SippNeeds::default()));
        assert_eq!(told(Some(&found), &needs, true), ["sipp: no network"]);
        let judge = Sipps::new(Some(&found), false);
        let declared = judge.lacks_declared(&wanted("version: v3.0"), &runner(true, Some(needs)));
        assert_eq!(declared, Some("no network".to_owned()));
    }

    #[tokio::test]
    async fn what_a_test_declares_is_compared_with_the_sipp_that_it_gets() {
        let native = runner(true, Some(needs(SippNeeds::default())));
        let program = runner(false, None);
        let found = sipp("SIPp v3.6.1-SCTP-PCAP").await;
        let judge = Sipps::new(Some(&found), false);
        let this = Some("this is SIPp v3.6.1-SCTP-PCAP".to_owned());
        for (text, lacks) in [
            ("version: v3.0", false),
            ("version: v3.6.1", false),
            ("version: v3.10", true),
            ("feature: PCAP", false),
            ("feature: TLS", true),
            ("feature: RTPSTREAM", true),
            ("{version: v3.0, feature: TLS}", true),
            ("x: y", false),
        ] {
            let expected = this.clone().filter(|_| lacks);
            let wanted = wanted(text);
            assert_eq!(judge.lacks_declared(&wanted, &native), expected, "{text}");
            assert_eq!(judge.lacks_declared(&wanted, &program), expected, "{text}");
            // Nothing in it uses SIPp.
            assert_eq!(judge.lacks_declared(&wanted, &runner(true, None)), None, "{text}");
        }
        let new = Described::of("SIPp v3.7.3-TLS.");
        assert_eq!(new.lacks(&wanted("feature: RTPSTREAM")), None);
        assert_eq!(new.text, "SIPp v3.7.3-TLS");
    }

    #[test]
    fn files_that_the_suite_lacks_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("there.pcap"), "").unwrap();
        let mut needs = Needs::default();
        needs.file("there.pcap");
        needs.file("lib/audio.ulaw");
        let unmet = files(folder.path(), &needs);
        let told: Vec<_> = unmet.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["file: lib/audio.ulaw: the suite has no such file"]);
    }
}
