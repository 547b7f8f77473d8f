//! The last lines of a file, read from its end: a log of a server may be as long as a disk has room
//! for.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The number of bytes that are read at once, and the longest beginning of a line that is held.
const PIECE: usize = 256 * 1024;

/// The most bytes of the end of a file that are looked at.
const MOST: u64 = 64 * 1024 * 1024;

/// The last lines of a file that are wanted, so many at most, from a place on. None if it cannot be
/// read; from its beginning if it is shorter than that.
pub(crate) fn last_lines(
    path: &Path,
    from: u64,
    most: usize,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut found = VecDeque::new();
    let Ok(file) = File::open(path) else {
        return Vec::new();
    };
    let length = file.metadata().map_or(0, |it| it.len());
    let (asked, least) = (if length >= from { from } else { 0 }, length.saturating_sub(MOST));
    // The first line that is looked at then is the rest of one.
    let (from, is_cut) = (asked.max(least), least > asked);
    // What comes before `end` was not read; the beginning of a line that ends behind it was.
    let (mut end, mut rest) = (length, Vec::new());
    while end > from && found.len() < most {
        let size = usize::try_from(end - from).unwrap_or(PIECE).min(PIECE);
        end -= u64::try_from(size).unwrap_or_default();
        let mut piece = vec![0; size];
        if file.read_exact_at(&mut piece, end).is_err() {
            break;
        }
        piece.append(&mut rest);
        let is_first = end == from;
        let start = if is_first && !is_cut {
            0
        } else {
            memchr::memchr(b'\n', &piece).map_or(piece.len(), |at| at + 1)
        };
        for line in piece[start..].rsplit(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line);
            if found.len() < most && is_wanted(&line) {
                found.push_front(line.into_owned());
            }
        }
        piece.truncate(start.min(PIECE));
        rest = piece;
    }
    found.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_at_the_end_across_pieces_and_from_a_place_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.txt");
        let line = |number: usize| format!("{} {number} {}\n", number % 2, "x".repeat(2 * number));
        let text: String = (0..1_000).map(line).collect();
        std::fs::write(&path, &text).unwrap();
        let even = |line: &str| line.starts_with("0 ");
        let all: Vec<_> = text.lines().filter(|it| even(it)).collect();
        assert!(text.len() > 2 * PIECE);
        for most in [0, 1, 12, 499, 500, 1_000] {
            let told = last_lines(&path, 0, most, even);
            assert_eq!(told, all[500 - most.min(500)..], "{most}");
        }
        // From a place on, behind the end of which a file was begun anew.
        let from = text.find("\n1 901 ").unwrap() + 1;
        assert_eq!(last_lines(&path, from as u64, 1_000, even), all[451..]);
        assert_eq!(last_lines(&path, text.len() as u64, 12, even), [""; 0]);
        assert_eq!(last_lines(&path, u64::MAX, 1, even), all[499..]);
        assert_eq!(last_lines(Path::new("/nonexistent"), 0, 1, even), [""; 0]);
        // A line that is longer than a piece.
        std::fs::write(&path, format!("one\n{}\nlast\n", "y".repeat(3 * PIECE))).unwrap();
        let told = last_lines(&path, 0, 3, |_| true);
        assert_eq!((told.len(), &*told[0], &*told[2]), (3, "one", "last"));
    }
}
