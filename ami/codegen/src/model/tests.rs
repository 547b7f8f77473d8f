//! Tests of joining the tables.

use super::*;
use crate::hand::rows;

const NEW: &str = "Asterisk 22\n\naction A classes call told\n  param X required\n  param Y\n\n\
                   event E classes call\n  channel\n  field F\n  field Late\n";
const OLD: &str = "Asterisk 16\n\naction A classes system told\n  param X\n  param Z required\n\n\
                   event E classes system\n  field F\n  field Old\n\nevent Gone classes cdr\n";

fn joined(events: &str, actions: &str, fields: &str) -> Result<Model> {
    let tables = [NEW, OLD].map(|text| Table::parse("t", text).unwrap());
    let hand = Hand {
        events: rows("events.txt", events)?,
        actions: rows("actions.txt", actions)?,
        fields: rows("fields.txt", fields)?,
        params: Vec::new(),
    };
    join(&tables, &hand)
}

#[test]
fn the_newest_version_decides_and_the_others_add() {
    let model = joined("", "", "number(u32) F # why\n").unwrap();
    let event = &model.events["E"];
    let fields: Vec<_> = event.fields.iter().map(|it| (&*it.method, &*it.kind)).collect();
    let expected =
        [("snapshot", "channel_snapshot"), ("f", "number(u32)"), ("late", "text"), ("old", "text")];
    assert_eq!(fields, expected);
    assert_eq!(event.classes, ["call"]);
    assert_eq!(event.fields[1].versions, Versions::from([16, 22]));
    assert_eq!(event.fields[3].versions, Versions::from([16]));
    assert_eq!(model.events["Gone"].versions, Versions::from([16]));
    let params: Vec<_> =
        model.actions["A"].params.iter().map(|it| (&*it.wire, it.required)).collect();
    assert_eq!(params, [("X", true), ("Y", false), ("Z", false)]);
}

#[test]
fn rows_correct_and_complete() {
    let model = joined(
        "rename Gone Back # a\nparts Back F # b\nevent Item reply F # c\nlist End # d\n\
         without E Old # e\nmethod E F f_value # f\n",
        "items A End Item # g\noptional A X # h\n",
        "open(Kind) Back.F # i\nvariants Kind a-b c=See # j\n",
    )
    .unwrap();
    assert_eq!(model.events["E"].fields[1].method, "f_value");
    assert_eq!(model.events["Back"].page, Some((16, "Gone".to_owned())));
    assert_eq!(model.events["Item"].page, None);
    assert_eq!(model.events["Item"].item_of, ["A"]);
    assert_eq!(model.events["End"].ends, ["A"]);
    assert!(model.events["Item"].reply && model.events["Item"].classes.is_empty());
    assert!(!model.actions["A"].params[0].required);
    let values: Vec<_> =
        model.enums["Kind"].values.iter().map(|(text, name)| (&**text, &**name)).collect();
    assert_eq!(values, [("a-b", "AB"), ("c", "See")]);
}

#[test]
fn what_does_not_fit_is_an_error_with_its_place() {
    let events = [
        (
            "parts E late # why",
            "event E: \"Late\" and \"late\" would both be `late`: expected a row by hand",
        ),
        (
            "parts E 2F f-2 # why",
            "event E: \"2F\" and \"f-2\" would both be `f_2`: expected a row by hand",
        ),
        (
            "parts E Channel-State # why",
            "event E: \"Channel-State\" and \"ChannelState\" would both be `channel_state`: expected a row by hand",
        ),
        (
            "parts E New # why",
            "event E: \"New\" and \"new\" would both be `new`: expected a row by hand",
        ),
        (
            "event e-x call # a\nevent ex call # b",
            "types of events: \"e-x\" and \"ex\" would both be `ex`: expected a row by hand",
        ),
        ("without E None # why", "events.txt:1: event E has no None: expected one"),
        ("method E None x # why", "event E: a method of no field None: expected one"),
        ("classes None call # why", "events.txt:1: no event None: expected one of the tables"),
        ("list E # why", "events.txt:1: event E is documented: expected a new one"),
        ("versions E x # why", "events.txt:1: \"x\": expected major versions, as in 16+22"),
        ("nonsense E # why", "events.txt:1: expected rename OLD NEW, "),
    ];
    let actions = [
        ("optional A None # why", "actions.txt:1: no parameter None: expected one"),
        ("classes A call # why", "actions.txt:1: a server tells the classes of A: expected none"),
        ("items A None None # why", "action A: no event None: expected one"),
        ("whole None # why", "actions.txt:1: no action None: expected one of the tables"),
        (
            "params A raw new # why",
            "action A: \"new\" and \"new\" would both be `new`: expected a row by hand",
        ),
    ];
    let fields = [
        ("text None # why", "fields.txt:1: no field None: expected a field of the tables"),
        ("text F # a\nhex F # b", "fields.txt:2: F is in fields.txt:1 too: expected one row"),
        (
            "open(K) F # a\nvariants K 1 # b",
            "enumeration K: \"1\" gives no name: expected variants K 1=Name",
        ),
        (
            "open(K) F # a\nvariants K a-b A_B # b",
            "enumeration K: \"a-b\" and \"A_B\" would both be `AB`: expected a row by hand",
        ),
    ];
    let events = events.map(|(rows, error)| (joined(rows, "", ""), error));
    let actions = actions.map(|(rows, error)| (joined("", rows, ""), error));
    let fields = fields.map(|(rows, error)| (joined("", "", rows), error));
    for (joined, expected) in events.into_iter().chain(actions).chain(fields) {
        let error = joined.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nis not\n{expected}");
    }
}

#[test]
fn an_action_needs_a_class_and_values_need_a_kind() {
    let error = |text: &str| {
        let table = Table::parse("t", text).unwrap();
        join(&[table], &Hand::default()).unwrap_err().to_string()
    };
    assert_eq!(
        error("action A"),
        "action A: no server tells its classes: expected a row `classes`"
    );
    assert_eq!(error("event E"), "event E: no class: expected a row `classes` or `reply`");
    assert_eq!(
        error("event E classes call\n  field F values a | b"),
        "fields.txt: E.F is a | b: expected a row with its kind"
    );
}
