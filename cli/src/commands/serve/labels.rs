//! The metrics of several servers on one page.

use std::collections::HashMap;

use fleet::Origin;

/// The end of a page.
const END: &str = "# EOF";

/// The lines of a family: what describes it, and its samples.
#[derive(Debug, Default)]
struct Family<'a> {
    head: Vec<&'a str>,
    samples: Vec<String>,
}

/// Returns one page of those of several servers. Each sample gets the label `server`, and the
/// samples of a family stand together, as OpenMetrics wants it.
pub(super) fn merged(pages: &[(&Origin, String)]) -> String {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (origin, page) in pages {
        let mut at = 0;
        let mut is_new = false;
        for line in page.lines().filter(|line| *line != END) {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let name = rest.split(' ').next().unwrap_or_default();
                is_new = !places.contains_key(name);
                at = *places.entry(name).or_insert(families.len());
                if is_new {
                    families.push(Family::default());
                }
            }
            let Some(family) = families.get_mut(at) else { continue };
            match line.strip_prefix('#') {
                Some(_) if is_new => family.head.push(line),
                Some(_) => {}
                None => family.samples.push(labelled(line, origin)),
            }
        }
    }
    let mut text = String::new();
    for Family { head, samples } in families {
        let samples = samples.iter().map(String::as_str);
        for line in head.into_iter().chain(samples) {
            text += line;
            text.push('\n');
        }
    }
    text + END + "\n"
}

/// Adds the label of a server to a sample. Its name has no character to escape.
fn labelled(sample: &str, origin: &Origin) -> String {
    let end = sample.find(['{', ' ']).unwrap_or(sample.len());
    let (name, rest) = sample.split_at(end);
    match rest.strip_prefix('{') {
        Some(labels) => format!("{name}{{server=\"{origin}\",{labels}"),
        None => format!("{name}{{server=\"{origin}\"}}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_a_family_stand_together() {
        let (a, b) = (Origin::new("a").unwrap(), Origin::new("b").unwrap());
        let one = "# TYPE x gauge\n# HELP x Of x.\nx{q=\"1 }\"} 1\nx{q=\"2\"} 2\n# TYPE y counter\n\
                   # HELP y Of y.\ny_total 3\n# EOF\n";
        let other = "# TYPE y counter\n# HELP y Of y.\ny_total 4\n# EOF\n";
        let page = merged(&[(&a, one.to_owned()), (&b, other.to_owned())]);
        let expected = "\
# TYPE x gauge
# HELP x Of x.
x{server=\"a\",q=\"1 }\"} 1
x{server=\"a\",q=\"2\"} 2
# TYPE y counter
# HELP y Of y.
y_total{server=\"a\"} 3
y_total{server=\"b\"} 4
# EOF
";
        assert_eq!(page, expected);
    }
}
