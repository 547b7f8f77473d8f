//! The features that the file of a scenario needs.
//!
//! A file that is no XML needs none: SIPp says what is wrong with it.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::case::SippNeeds;

/// The features that a scenario needs, and the files that it plays.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Features {
    pub(super) needs: SippNeeds,
    /// The files, as they are written.
    pub(super) media: Vec<String>,
    /// Set if the first thing that the scenario does is to send a message.
    pub(super) sends_first: bool,
}

/// The values of `rtp_stream` that name no file.
const NO_FILES: [&str; 6] =
    ["pause", "resume", "apattern", "vpattern", "pauseapattern", "resumeap"];

impl Features {
    /// Looks through the file of a scenario.
    pub(super) fn of(file: &str) -> Self {
        let mut found = Self::default();
        let mut reader = Reader::from_str(file);
        reader.config_mut().check_end_names = false;
        let mut begun = false;
        loop {
            match reader.read_event() {
                Ok(Event::Start(element) | Event::Empty(element)) => {
                    let is_send = matches!(element.name().as_ref(), "send" | "sendCmd");
                    let is_receive = matches!(element.name().as_ref(), "recv" | "recvCmd");
                    if !begun && (is_send || is_receive) {
                        begun = true;
                        found.sends_first = is_send;
                    }
                    found.take(&element);
                }
                Ok(Event::Eof) | Err(_) => return found,
                Ok(_) => {}
            }
        }
    }

    fn take(&mut self, element: &BytesStart<'_>) {
        if element.name().as_ref() != "exec" {
            return;
        }
        for attribute in element.attributes().with_checks(false).flatten() {
            let value = &attribute.value;
            match attribute.key.as_ref() {
                "play_pcap_audio" | "play_pcap_video" | "play_pcap_image" => {
                    self.needs.pcap = true;
                    self.play(value);
                }
                "play_dtmf" => self.needs.pcap = true,
                "rtp_stream" => {
                    self.needs.rtp_stream = true;
                    let file = value.split(',').next().unwrap_or_default().trim();
                    if !NO_FILES.iter().any(|word| file.starts_with(word)) {
                        self.play(file);
                    }
                }
                _ => {}
            }
        }
    }

    /// A file is played. What a keyword names is known only when it is.
    fn play(&mut self, file: &str) {
        if !file.is_empty() && !file.contains('[') {
            self.media.push(file.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_of_a_scenario_and_what_it_does_first_are_found() {
        let found = Features::of(
            r#"<?xml version="1.0" encoding="ISO-8859-1" ?>
            <!DOCTYPE scenario SYSTEM "sipp.dtd">
            <scenario name="a">
              <!-- <recv request="INVITE"/> -->
              <nop><action><exec rtp_stream="tests/a.ulaw,-1,0"/><exec rtp_stream="pause"/></action></nop>
              <send retrans="500"><![CDATA[ <exec play_dtmf="1"/> ]]></send>
              <recv response="200"/>
              <nop><action><exec play_pcap_audio="[file]"/></action></nop>
            </scenario>"#,
        );
        let needs = SippNeeds { pcap: true, rtp_stream: true, ..SippNeeds::default() };
        let media = vec!["tests/a.ulaw".to_owned()];
        assert_eq!(found, Features { needs, media, sends_first: true });
        let plain = Features::of("<scenario><recv request='INVITE'/><send/></scenario>");
        assert_eq!(plain, Features::default());
    }

    #[test]
    fn what_is_no_xml_needs_nothing() {
        for text in ["", "no XML", "<scenario><send", "<a><b></a><exec play_dtmf=1"] {
            assert_eq!(Features::of(text).needs, SippNeeds::default());
        }
    }
}
