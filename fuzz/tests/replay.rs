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
