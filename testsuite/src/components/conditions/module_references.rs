//! `module-references`: each module is used as often after the test as before.

use super::{Check, Seen, component, has_all_rows};
use crate::components::Kind;

/// The type of condition.
pub(super) const KIND: Kind = Kind {
    names: &["module-references"],
    page: include_str!("module_references.md"),
    build: |section| Ok(component(section, ModuleReferences)),
};

struct ModuleReferences;

impl Check for ModuleReferences {
    fn name(&self) -> &'static str {
        "module-references"
    }

    fn command(&self) -> &'static str {
        "module show"
    }

    fn missing(&self) -> &'static str {
        "it has no list of modules"
    }

    fn is_whole(&self, printed: &str) -> bool {
        has_all_rows(printed, 1)
    }

    /// `name.so  Description  3  Running  core`: the description may be any words.
    fn read(&self, printed: &str) -> Seen {
        let row = |line: &str| {
            let status = line.rfind(" Not Running ").or_else(|| line.rfind(" Running "))?;
            let count = line[..status].split_whitespace().next_back()?.parse().ok()?;
            Some((line.split_whitespace().next()?.to_owned(), count))
        };
        printed.lines().filter_map(row).collect()
    }

    fn after(&self, before: &Seen, after: &Seen) -> Vec<String> {
        // A test may load and unload modules.
        let both = before.iter().filter_map(|(name, was)| Some((name, was, after.get(name)?)));
        let changed = both.filter(|(_, was, is)| was != is);
        let told =
            |(name, was, is)| format!("{name}: used {was} times before the test, {is} after it");
        changed.map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_have_to_be_used_as_often_as_before() {
        let heading = "Module                         Description                              Use Count  Status      Support Level\n";
        let read =
            |rows: &str| ModuleReferences.read(&format!("{heading}{rows}3 modules loaded\n"));
        let before = read(
            "acl                            Named ACL system                         2          Running              core\napp_amd.so                     Answering Machine 22                     0          Not Running      extended\n",
        );
        assert_eq!(before, Seen::from([("acl".to_owned(), 2), ("app_amd.so".to_owned(), 0)]));
        let after = read("acl  Named ACL  3  Running  core\nnew.so  New  1  Running  core\n");
        let told = ModuleReferences.after(&before, &after);
        assert_eq!(told, ["acl: used 2 times before the test, 3 after it"]);
    }
}
