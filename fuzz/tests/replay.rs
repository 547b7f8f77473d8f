//! Every target on its committed seeds: what fuzzing has found stays found.

use std::fs;
use std::path::Path;

#[test]
fn the_seeds_of_every_target_have_no_finding() {
    for (name, target) in fuzz::targets() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let seeds = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut count = 0;
        for seed in seeds {
            eprintln!("{}", seed.display());
            target(&fs::read(seed).unwrap());
            count += 1;
        }
        assert!(count > 0, "no seeds in {}", folder.display());
    }
}

#[test]
fn the_streams_of_the_seeds_are_the_same_byte_by_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/split");
    for seed in fs::read_dir(&folder).unwrap() {
        let data = fs::read(seed.unwrap().path()).unwrap();
        // The same head, with no sizes behind it.
        let (head, stream) = (data[0] & 0xf, &data[1 + usize::from(data[0] >> 4)..]);
        for target in ["split", "differential"] {
            fuzz::run(target, &[&[head | 0x10, 1], stream].concat());
        }
    }
}

#[test]
fn recorded_streams_have_no_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ami/fixtures");
    for version in [22, 16] {
        let stream = fs::read(folder.join(format!("asterisk-{version}.ami"))).unwrap();
        // With a banner, in pieces of 7 and of 200 bytes.
        let input = [&[0x20, 7, 200], &stream[..]].concat();
        for target in ["decode", "differential", "split"] {
            fuzz::run(target, &input);
        }
        let banner = stream.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        fuzz::run("typed", &stream[banner..]);
    }
}
