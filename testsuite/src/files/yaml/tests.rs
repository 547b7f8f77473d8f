use std::path::Path;

use super::*;

fn read(text: &str) -> Document {
    Document::parse(Path::new("t.yaml"), text).unwrap()
}

fn refused(text: &str) -> String {
    Document::parse(Path::new("t.yaml"), text).unwrap_err().to_string()
}

#[test]
fn the_last_of_two_keys_counts_and_both_are_told() {
    let document = read("a: 1\nb:\n  c: 2\n  c: 3\na: 4\n");
    assert_eq!(format!("{:?}", document.root), "{a: 4, b: {c: 3}}");
    let duplicate = |key: &str, lost, line| Duplicate { key: key.to_owned(), lost, line };
    assert_eq!(document.duplicates, [duplicate("c", 3, 4), duplicate("a", 1, 5)]);
}

#[test]
fn booleans_are_those_of_yaml_1_1_and_quotes_make_a_text() {
    let document =
        read("[yes, No, on, 'no', True, 0, '', ~, 'False', [], 1.5, 08, y, 010, 0x0, 0e0, '08']");
    let items = document.root.items();
    let bools: Vec<_> = items.iter().take(5).map(Node::bool).collect();
    assert_eq!(bools, [Some(true), Some(false), Some(true), None, Some(true)]);
    let truths: String = items.iter().map(|it| if it.is_true() { '1' } else { '0' }).collect();
    assert_eq!(truths, "10111000101111011");
    let numbers: Vec<_> = [10, 11, 13, 14, 15, 16].map(|at: usize| items[at].number()).to_vec();
    assert_eq!(numbers, [Some(1.5), None, Some(8.0), Some(0.0), None, Some(8.0)]);
}

#[test]
fn integers_have_no_quotes_and_no_fraction() {
    let document = read("[12, -3, +1_000, 010, 0x1f, -0b11, 9007199254740993, '1', 1.0, x, 08, +]");
    let integers: Vec<_> = document.root.items().iter().map(Node::integer).collect();
    let some = [12, -3, 1_000, 8, 31, -3, 9_007_199_254_740_993].map(Some);
    assert_eq!(integers[..7], some);
    assert_eq!(integers[7..], [None; 5]);
}

#[test]
fn aliases_and_merged_keys_are_written_out() {
    let document = read("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\nc: *a\n");
    let root = &document.root;
    assert_eq!(root.get("b").unwrap().get("x").unwrap().text(), Some("1"));
    assert_eq!(root.get("b").unwrap().get("y").unwrap().text(), Some("3"));
    assert_eq!(root.get("c").unwrap().get("y").unwrap().text(), Some("2"));
    assert!(document.duplicates.is_empty());
}

#[test]
fn places_are_told() {
    let document = read("# first\na:\n  - b\n  - 'c'\n");
    let item = &document.root.get("a").unwrap().items()[1];
    assert_eq!(item.error("odd").to_string(), "t.yaml:4: odd");
    assert_eq!(
        item.expect_number("count").unwrap_err().to_string(),
        "t.yaml:4: count is \"c\", not a number"
    );
}

#[test]
fn what_is_no_document_is_refused_with_its_line() {
    assert!(refused("a: 1\nb: [1, 2\n").starts_with("t.yaml:"), "{}", refused("b: [1"));
    assert!(refused("a: 1\n---\nb: 1\n").starts_with("t.yaml:2: a second document"));
    assert!(refused(&"[".repeat(9_000)).contains("recursion limit"));
    assert!(refused(&"- ".repeat(9_000)).contains("limit"));
    let mut laughs = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(refused(&laughs).contains("more than 200000 values"));
    assert!(read("").root.is_null());
    assert!(read("# only a word\n").root.is_null());
}

#[test]
fn a_mapping_with_many_keys_is_as_one_with_few() {
    let text: String = (0..40).map(|at| format!("k{at}: {at}\n")).collect();
    let document = read(&format!("a: &a\n{}\nb:\n  <<: *a\n  k39: own\n", indented(&text)));
    assert!(document.duplicates.is_empty());
    for (key, k39) in [("a", "39"), ("b", "own")] {
        let map = document.root.get(key).unwrap();
        assert_eq!(map.entries().count(), 40);
        for at in 0..39 {
            assert_eq!(map.get(&format!("k{at}")).unwrap().text(), Some(&*at.to_string()));
        }
        assert_eq!((map.get("k39").unwrap().text(), map.get("k40").is_none()), (Some(k39), true));
    }
    let document = read(&format!("{text}k0: again\n? [a, list]\n: 1\n? [a, list]\n: 2\n"));
    assert_eq!(document.duplicates.len(), 1);
    assert_eq!(document.root.get("k0").unwrap().text(), Some("again"));
    assert_eq!(document.root.entries().count(), 42, "keys that are no texts are all there");
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[test]
fn as_for_pyyaml_the_first_of_a_list_counts_and_the_last_merge() {
    let maps = "a: &a {x: a, y: a, z: a}\nb: &b {x: b, y: b}\nc: &c {x: c}\n";
    let merged = |text: &str| {
        let document = read(&format!("{maps}d: {{{text}}}\n"));
        assert!(document.duplicates.is_empty(), "{text}");
        let map = document.root.get("d").unwrap();
        ["x", "y", "z"].map(|key| map.get(key).unwrap().text().unwrap().to_owned()).concat()
    };
    assert_eq!(merged("<<: [*c, *b, *a]"), "cba");
    assert_eq!(merged("<<: *a, <<: *b, <<: *c"), "cba");
    assert_eq!(merged("x: own, <<: [*a, *b]"), "ownaa");
    assert_eq!(
        refused("a: &a [1]\nb:\n  <<: *a\n"),
        "t.yaml:3: `<<` takes mappings, found a value"
    );
    assert_eq!(refused("a:\n  <<:\n"), "t.yaml:2: `<<` takes mappings, found nothing");
    assert!(read("'<<': 1\n").root.get("<<").is_some(), "in quotes it is a key");
}

#[test]
fn what_is_anchored_is_not_copied() {
    let mut text = "a: &a [".to_owned();
    for level in 0..200 {
        text.push_str(&format!("&b{level} ["));
    }
    text.push_str(&"1, ".repeat(100_000));
    text.push_str(&"]".repeat(201));
    assert_eq!(read(&text).root.size, 100_000 + 203);
}

#[test]
fn files_are_in_utf_8_or_16_and_everything_else_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.yaml");
    let read = |bytes: Vec<u8>| {
        fs::write(&file, bytes).unwrap();
        Document::read(&file).map_err(|error| {
            let text = format!("{error:#}");
            text.strip_prefix(&format!("{}", file.display())).unwrap().to_owned()
        })
    };
    let text = "a: ä\nb: 𝄞\n";
    let (le, be) = (u16::to_le_bytes, u16::to_be_bytes);
    let utf16 = |to: fn(u16) -> [u8; 2], text: &str| text.encode_utf16().flat_map(to).collect();
    let with_mark = |to, text: &str| utf16(to, &format!("\u{feff}{text}"));
    let shown = "{a: ä, b: 𝄞}";
    for bytes in
        [text.into(), format!("\u{feff}{text}").into(), with_mark(le, text), with_mark(be, text)]
    {
        assert_eq!(format!("{:?}", read(bytes).unwrap().root), shown);
    }
    let utf32 = "\u{feff}a: 1".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    let half = [with_mark(le, text), vec![0x34, 0xd8, 0x20, 0x00]].concat();
    for (bytes, told) in [
        (vec![b'a', b':', b'\n', 0xe4, b'\n'], ":2: this is not UTF-8: invalid utf-8 sequence"),
        (utf16(le, text), ":1: there is a zero byte, as in UTF-16 without a byte order mark"),
        (utf32, ": this is UTF-32, expected UTF-8"),
        (with_mark(be, text)[..9].to_vec(), ":1: this is UTF-16, and ends in the middle"),
        (half, ":3: this is not UTF-16, as its beginning says it is: unpaired surrogate"),
        (b"a: [\n".to_vec(), ":1: this is not YAML: "),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(error.starts_with(told), "{told}: {error}");
    }
    fs::remove_file(&file).unwrap();
    assert!(
        format!("{:#}", Document::read(&file).unwrap_err())
            .ends_with(": No such file or directory (os error 2)")
    );
    assert!(
        Document::read(Path::new("/dev/zero"))
            .unwrap_err()
            .to_string()
            .ends_with("expected a file")
    );
}
