//! The modules that a server loads.

use crate::sandbox::conf;

/// The modules to load.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Modules {
    /// All modules of the server, except those that would open a sound card.
    #[default]
    All,
    /// These modules alone. The boot fails if one of them does not load. Asterisk finds their
    /// order, but does not load what they depend on.
    List(Vec<String>),
}

impl Modules {
    /// Returns these modules alone. A name may end with `.so` or not.
    pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(names.into_iter().map(str::to_owned).collect())
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
    pub(crate) fn conf(&self, beside: &str) -> String {
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
            .conf("noload => a.so ; not here\n;load => b.so\nload = c\n");
        assert!(conf.contains("require => b.so"), "{conf}");
        assert!(!conf.contains("a.so") && !conf.contains("c.so"), "{conf}");
    }

    #[test]
    fn a_list_switches_autoload_off() {
        let conf = Modules::list(["pbx_config", "app_echo.so"]).conf("");
        assert_eq!(
            conf,
            "[modules]\nautoload = no\nrequire => pbx_config.so\nrequire => app_echo.so\n#include \"modules.conf.inc\"\n"
        );
    }
}
