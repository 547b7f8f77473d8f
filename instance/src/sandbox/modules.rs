//! The modules that a server loads.

use crate::sandbox::conf;

/// The modules to load.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Modules {
    /// All modules of the server, except those that would open a sound card.
    #[default]
    All,
    /// These modules, and `res_timing_timerfd` unless the list or the test's `modules.conf` names a
    /// timing module. The boot fails if one of the list does not load. Asterisk finds their order,
    /// but does not load what they depend on.
    List(Vec<String>),
}

/// The timing module. A server without any crashes when it streams a file to a channel under AGI.
pub(super) const TIMING: &str = "res_timing_timerfd";

/// The beginning of the names of timing modules.
const TIMINGS: &str = "res_timing_";

/// The module that reads the dialplan.
const DIALPLAN: &str = "pbx_config";

impl Modules {
    /// Returns these modules, as [`List`](Self::List) says. A name may end with `.so` or not.
    ///
    /// ```
    /// let modules = instance::Modules::list(["app_echo", "app_dial"]);
    /// # let owned = [String::from("app_echo"), "app_dial".into()];
    /// # assert_eq!(modules, instance::Modules::list(owned));
    /// ```
    pub fn list<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::List(names.into_iter().map(Into::into).collect())
    }

    /// Returns the modules with the one that reads the dialplan, if the test brings a dialplan.
    pub(super) fn completed(&self, dialplan: bool) -> Self {
        let mut modules = self.clone();
        if let Self::List(names) = &mut modules
            && dialplan
            && names.iter().all(|name| bare(name) != DIALPLAN)
        {
            names.push(DIALPLAN.to_owned());
        }
        modules
    }

    /// Returns a name that is invalid, if there is one.
    pub(crate) fn odd_name(&self) -> Option<&str> {
        let Self::List(names) = self else {
            return None;
        };
        let is_plain = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            !name.is_empty() && name.bytes().all(plain)
        };
        names.iter().map(String::as_str).find(|name| !is_plain(name))
    }

    /// Returns the text of `modules.conf`. `beside` is what a test says of modules, which takes
    /// precedence: the server refuses a module that it has both to require and not to load.
    /// `timing` is set if the server has the timing module.
    pub(crate) fn conf(&self, beside: &str, timing: bool) -> String {
        let (autoload, keyword, modules) = match self {
            Self::All => {
                ("yes", "noload", &["chan_alsa", "chan_oss", "chan_console"].map(String::from)[..])
            }
            Self::List(modules) => ("no", "require", &modules[..]),
        };
        let spoken_of: Vec<_> = conf::keys(beside)
            .filter(|(key, _)| {
                matches!(&**key, "load" | "noload" | "require" | "preload" | "preload-require")
            })
            .map(|(_, module)| bare(&module).to_owned())
            .collect();
        let mut conf = format!("[modules]\nautoload = {autoload}\n");
        let names = modules
            .iter()
            .map(|name| bare(name))
            .filter(|name| spoken_of.iter().all(|it| it != name));
        for name in names {
            conf.push_str(&format!("{keyword} => {name}.so\n"));
        }
        let mut named = modules.iter().chain(&spoken_of);
        let has_timing = named.any(|name| name.starts_with(TIMINGS));
        if timing && !has_timing && matches!(self, Self::List(_)) {
            conf.push_str(&format!("load => {TIMING}.so\n"));
        }
        conf.push_str("#include \"modules.conf.inc\"\n");
        conf
    }
}

fn bare(module: &str) -> &str {
    module.strip_suffix(".so").unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_says_of_a_module_has_the_last_word() {
        let conf = Modules::list(["a", "b", "c"])
            .conf("noload => a.so ; not here\n;load => b.so\nload = c\n", false);
        assert!(conf.contains("require => b.so"), "{conf}");
        assert!(!conf.contains("a.so") && !conf.contains("c.so"), "{conf}");
    }

    #[test]
    fn a_list_switches_autoload_off() {
        let modules = Modules::list(["pbx_config", "app_echo.so"]);
        let begin = "[modules]\nautoload = no\nrequire => pbx_config.so\nrequire => app_echo.so\n";
        let end = "#include \"modules.conf.inc\"\n";
        assert_eq!(modules.conf("", false), format!("{begin}{end}"));
        let load = "load => res_timing_timerfd.so\n";
        assert_eq!(modules.conf("", true), format!("{begin}{load}{end}"));
    }

    #[test]
    fn who_names_a_timing_module_gets_that_one() {
        let has = |conf: &str| conf.contains("load => res_timing_timerfd.so");
        assert!(!has(&Modules::All.conf("", true)));
        assert!(!has(&Modules::list(["res_timing_pthread"]).conf("", true)));
        let required = Modules::list(["res_timing_timerfd.so"]).conf("", true);
        assert!(!required.contains("load => ") && required.contains("require => res_timing_"));
        assert!(!has(&Modules::list(["a"]).conf("noload => res_timing_timerfd.so\n", true)));
    }

    #[test]
    fn a_dialplan_brings_its_module() {
        let names = |modules: &Modules| Modules::list(["a"]).completed(true) == *modules;
        assert!(names(&Modules::list(["a", "pbx_config"])));
        let own = Modules::list(["pbx_config.so"]);
        assert_eq!(own.completed(true), own);
        assert_eq!(Modules::All.completed(true), Modules::All);
        assert_eq!(Modules::list(["a"]).completed(false), Modules::list(["a"]));
    }
}
