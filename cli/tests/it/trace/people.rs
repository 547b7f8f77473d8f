//! Calls as people make them, on real servers: traced as they happen, and from a recording.

use std::path::PathBuf;

use ami::Action;
use serde_json::Value;
use tempfile::TempDir;

use super::mermaid;
use super::scene::Office;
use super::told::{told, untimed};
use crate::events::kit::{Ended, Running, VERSIONS, ami, offline, run, start};

/// An office, whose server is recorded.
struct Stage {
    office: Office,
    record: Running,
    /// The objects of each call, as they came while it was up.
    traced: Vec<Vec<Value>>,
    /// The ladders that are not as expected.
    differing: Vec<String>,
    folder: TempDir,
    version: u32,
}

impl Stage {
    async fn open(version: u32) -> Self {
        let office = Office::open(version).await;
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("x.ami");
        let record = ["record", file.to_str().unwrap()];
        let mut record = start(ami(office.pbx.ami_address(), &record));
        record.tells("recording into").await;
        Self { office, record, traced: Vec::new(), differing: Vec::new(), folder, version }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("x.ami")
    }

    fn start(&self, words: &[&str]) -> Running {
        let words = [&["trace", "--width", "80"], words].concat();
        start(ami(self.office.pbx.ami_address(), &words))
    }

    /// Traces the next call.
    async fn next(&self, words: &[&str]) -> Running {
        let mut trace = self.start(&[&["--next"], words].concat());
        trace.tells("waiting for the next call").await;
        trace
    }

    /// Waits for the end of a call, and compares its ladder.
    #[track_caller]
    fn compare(&mut self, ended: &Ended, expected: &str) {
        assert_eq!(ended.code, Some(0), "Asterisk {}: {ended:?}", self.version);
        let objects = ended.objects();
        let expected: Vec<_> =
            expected.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        let told = told(&objects);
        let told: Vec<_> = told.lines().collect();
        if told != expected {
            let told = told.join("\n");
            self.differing.push(format!("Asterisk {}:\n{told}\n", self.version));
        }
        self.traced.push(untimed(&objects));
    }

    /// Ends the recording once it has all calls.
    async fn recorded(&mut self) -> PathBuf {
        let client = self.office.pbx.ami();
        client.call(Action::user_event("TheLast")).await.unwrap();
        let file = self.file();
        // The server's answers are the clock.
        while !std::fs::read_to_string(&file).unwrap().contains("TheLast") {
            client.call(Action::new("Ping")).await.unwrap();
        }
        self.record.interrupt();
        assert_eq!(self.record.status().await.code(), Some(130));
        file
    }
}

#[tokio::test]
async fn ladders_of_a_server_and_of_its_recording() {
    let on = async |version| {
        let mut stage = Stage::open(version).await;
        answered(&mut stage).await;
        busy(&mut stage).await;
        no_answer(&mut stage).await;
        blind(&mut stage).await;
        attended(&mut stage).await;
        queue(&mut stage).await;
        abandoned(&mut stage).await;
        parked(&mut stage).await;
        conference(&mut stage).await;
        from_the_recording(&mut stage).await;
        assert!(stage.differing.is_empty(), "{}", stage.differing.join("\n"));
        stage.office.close().await;
    };
    let [newer, older] = VERSIONS;
    tokio::join!(on(newer), on(older));
}

/// Each call once more, from the recording.
async fn from_the_recording(stage: &mut Stage) {
    let file = stage.recorded().await;
    let file = file.to_str().unwrap();
    for objects in &stage.traced {
        let id = objects[0]["call"].as_str().unwrap();
        let read = run(offline(&["trace", "--json", id, file])).await;
        assert_eq!(read.code, Some(0), "{read:?}");
        let read = untimed(&read.objects());
        let differing = read.iter().zip(objects).find(|(read, traced)| read != traced);
        assert_eq!((differing, read.len()), (None, objects.len()), "Asterisk {}", stage.version);
    }
    let id = stage.traced[4][0]["call"].as_str().unwrap();
    let drawn = run(offline(&["trace", "--mermaid", id, file])).await;
    mermaid::check(&drawn.text());
    assert!(drawn.text().contains("attended transfer to PJSIP/carol"), "{drawn:?}");

    // The raw events of a call are a recording of it.
    let raw = run(offline(&["trace", "--raw", id, file])).await;
    let own = stage.folder.path().join("own.ami");
    std::fs::write(&own, &raw.stdout).unwrap();
    let read = run(offline(&["trace", "--json", "--next", own.to_str().unwrap()])).await;
    assert_eq!(untimed(&read.objects()), stage.traced[4]);

    // A number that all calls have is that of the newest one.
    let newest = run(offline(&["trace", "--json", "11", file])).await;
    assert_eq!(untimed(&newest.objects()), *stage.traced.last().unwrap());
    assert!(newest.stderr.contains("9 calls match; this is the newest"), "{newest:?}");
}

/// Returns a drawing without the times, up to the line that has a text.
fn untimed_drawing(ended: &Ended, until: &str) -> String {
    let text = ended.text();
    let cut = |line: &str| line.chars().skip(23).collect::<String>();
    let lines = text.lines().take_while(|line| !line.contains(until));
    lines.map(|line| format!("|{}\n", cut(line))).collect()
}

async fn answered(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let drawn = stage.next(&["11"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "bob").await;
    office.rings("bob").await.answer().await;
    office.talk("alice+bob").await;
    alice.is_up().await;
    let mut up = stage.start(&["12"]);
    let begun = up.shows("connected").await;
    let none = run(ami(office.pbx.ami_address(), &["trace", "99"])).await;
    alice.hang_up(16).await;
    let (up, drawn, ended) = (up.end().await, drawn.end().await, trace.end().await);

    stage.compare(
        &ended,
        "
         alice: calls bob@office
         alice: Dial(PJSIP/bob,,tT)
         alice -> bob: dial
         bob -> alice: ringing
         bob -> alice: answered
         alice + bob: connected
         alice + bob: disconnected
         alice: hangs up
         alice: ends: normal hang-up (16)
         bob: ends: normal hang-up (16)
         answered, hung up by alice, 16
",
    );
    assert_eq!(
        untimed_drawing(&drawn, "hangs up"),
        "\
|PJSIP/alice
|alice <11>
|├ calls bob@office
|├ Dial(PJSIP/bob,,tT)
|
|PJSIP/alice               PJSIP/bob
|alice <11>                bob <12>
|├───────── dial ─────────>│
|│<─────── ringing ────────┤
|│<────── answered ────────┤
|├─────── connected ───────┤
"
    );
    assert!(
        drawn.text().contains("── ended: answered, hung up by PJSIP/alice, 16 (NORMAL_CLEARING)")
    );
    // A call that is up begins with what is known of it.
    assert!(begun.contains("├ up, since "), "{begun}");
    assert!(begun.contains("in Dial(PJSIP/bob,,tT)"), "{begun}");
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.text().contains("── the call was up when it was first seen"), "{up:?}");
    assert_eq!(none.code, Some(8), "{none:?}");
    assert!(none.stderr.contains("number \"99\" that is up"), "{none:?}");
    assert!(none.stderr.contains("PJSIP/alice, PJSIP/bob (up)"), "{none:?}");
}

async fn busy(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    stage.office.call("alice", "bob").await;
    stage.office.rings("bob").await.hang_up(17).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls bob@office
         alice: Dial(PJSIP/bob,,tT)
         alice -> bob: dial
         bob -> alice: ringing
         bob: hangs up
         bob -> alice: busy
         alice: Hangup()
         alice: ends: busy (17)
         bob: ends: busy (17)
         busy, hung up by bob, 17
",
    );
}

async fn no_answer(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    stage.office.call("alice", "short").await;
    stage.office.rings("bob").await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls short@office
         alice: Dial(PJSIP/bob,1)
         alice -> bob: dial
         bob -> alice: ringing
         bob -> alice: no answer
         alice: ends: no cause
         bob: ends: no cause
         no answer, hung up by nobody, 0
",
    );
}

async fn blind(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "bob").await;
    let bob = office.rings("bob").await;
    bob.answer().await;
    office.talk("alice+bob").await;
    bob.press("#13").await;
    office.rings("carol").await.answer().await;
    office.talk("alice+carol").await;
    office.gone("bob").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls bob@office
         alice: Dial(PJSIP/bob,,tT)
         alice -> bob: dial
         bob -> alice: ringing
         bob -> alice: answered
         alice + bob: connected
         bob: holds the call
         alice + bob: disconnected
         bob -> alice: blind transfer to 13@people
         bob: takes the call off hold
         alice -> carol: dial
         carol -> alice: ringing
         carol -> alice: answered
         alice + carol: connected
         alice + carol: disconnected
         alice: hangs up
         alice: ends: normal hang-up (16)
         bob: ends: normal hang-up (16)
         bob: presses #13
         carol: ends: normal hang-up (16)
         answered, hung up by alice, 16
",
    );
}

async fn attended(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "bob").await;
    let bob = office.rings("bob").await;
    bob.answer().await;
    office.talk("alice+bob").await;
    bob.press("*13").await;
    office.rings("carol").await.answer().await;
    office.talk("bob+carol").await;
    bob.hang_up(16).await;
    office.talk("alice+carol").await;
    office.gone("bob").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls bob@office
         alice: Dial(PJSIP/bob,,tT)
         alice -> bob: dial
         bob -> alice: ringing
         bob -> alice: answered
         bob: holds the call
         Local/13@people -> carol: dial
         alice: hangs up
         bob -> alice: attended transfer to PJSIP/carol
         bob: hangs up
         carol -> Local/13@people: answered
         carol -> Local/13@people: ringing
         Local/13@people: ends
         alice: ends: normal hang-up (16)
         bob: ends: normal hang-up (16)
         bob: presses *13
         carol: ends: normal hang-up (16)
         answered, hung up by alice, 16
",
    );
}

async fn queue(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "sales").await;
    office.rings("bob").await.hang_up(17).await;
    office.rings("carol").await.answer().await;
    office.talk("alice+carol").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls sales@office
         alice: Answer()
         alice: answered by the server
         alice: Queue(sales,tT)
         alice: joins the queue sales at 1
         alice -> bob: queue sales
         bob -> alice: ringing
         bob: hangs up
         bob -> alice: no answer
         alice -> carol: queue sales
         carol -> alice: ringing
         carol -> alice: answered
         alice: leaves the queue sales
         alice: Carol answers for sales after N s
         alice + carol: connected
         alice + carol: disconnected
         alice: hangs up
         alice: ends: normal hang-up (16)
         bob: ends: busy (17)
         carol: ends: normal hang-up (16)
         answered, hung up by alice, 16
",
    );
}

async fn abandoned(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "sales").await;
    office.rings("bob").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls sales@office
         alice: Answer()
         alice: answered by the server
         alice: Queue(sales,tT)
         alice: joins the queue sales at 1
         alice -> bob: queue sales
         bob -> alice: ringing
         alice: hangs up
         bob -> alice: cancelled
         alice: leaves the queue sales unanswered, at 1 after N s
         alice: ends: normal hang-up (16)
         bob: ends: no cause
         abandoned in a queue, hung up by alice, 0
",
    );
}

async fn parked(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "bob").await;
    let bob = office.rings("bob").await;
    bob.answer().await;
    office.talk("alice+bob").await;
    bob.press("#18").await;
    office
        .until("alice is parked", |state| {
            state.parking_lots().unwrap().iter().any(|it| !it.calls.is_empty())
        })
        .await;
    office.gone("bob").await;
    office.call("carol", "retrieve").await;
    office.talk("alice+carol").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    stage.compare(
        &trace.end().await,
        "
         alice: calls bob@office
         alice: Dial(PJSIP/bob,,tT)
         alice -> bob: dial
         bob -> alice: ringing
         bob -> alice: answered
         alice + bob: connected
         bob: holds the call
         alice + bob: disconnected
         alice: parked at 801 in long, for 10:00 min at most
         bob -> alice: blind transfer to 18@people
         bob: takes the call off hold
         another call joins
         carol: calls retrieve@office
         carol: ParkedCall(long,801)
         carol: answered by the server
         alice + carol: connected
         alice + carol: disconnected
         alice: hangs up
         alice: ends: normal hang-up (16)
         bob: ends: normal hang-up (16)
         bob: presses #18
         carol: ends: normal hang-up (16)
         retrieved
         answered, hung up by alice, 16
",
    );
}

async fn conference(stage: &mut Stage) {
    let trace = stage.next(&["--json"]).await;
    let office = &stage.office;
    let alice = office.call("alice", "conf").await;
    office
        .until("alice is in the conference", |state| {
            state.conferences().unwrap().iter().any(|it| it.members.len() == 1)
        })
        .await;
    let bob = office.call("bob", "conf").await;
    office.talk("alice+bob").await;
    alice.is_up().await;
    alice.hang_up(16).await;
    let ended = trace.end().await;
    bob.is_up().await;
    bob.hang_up(16).await;
    office.gone("bob").await;
    stage.compare(
        &ended,
        "
         alice: calls conf@office
         alice: Answer()
         alice: answered by the server
         alice: ConfBridge(meeting,,quiet)
         alice: joins the conference meeting
         alice: hangs up
         alice: ends: normal hang-up (16)
         answered by the server, hung up by alice, 16
",
    );
}
