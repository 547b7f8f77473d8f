//! Servers wherever `make install` puts them, and a documentation that is there or not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use instance::{Builder, FindError, Modules, Server, Want};

use crate::support::{Scratch, server};

/// The places where `make install` puts the parts of a server: `DESTDIR` and the arguments of
/// `configure`.
struct Installed {
    destdir: PathBuf,
    sbin: &'static str,
    lib: &'static str,
    etc: &'static str,
    data: &'static str,
}

impl Installed {
    fn at(&self, folder: &str) -> PathBuf {
        self.destdir.join(folder.trim_start_matches('/'))
    }

    /// Lays the tree out, with the parts of the fetched server. The binary is a script that runs
    /// the real one without the libraries that Asterisk itself brings: as with a build, the
    /// system's loader does not find those.
    async fn lay(&self, scratch: &Scratch) -> PathBuf {
        let real = server(22).await;
        let command = real.command();
        let words: Vec<_> = command.get_args().map(|it| it.to_str().unwrap()).collect();
        let others = scratch.0.join("others");
        let (lib, etc) = (self.at(self.lib), self.at(self.etc));
        fs::create_dir_all(&lib).unwrap();
        fs::create_dir_all(&others).unwrap();
        for folder in words[1].split(':') {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                let name = entry.file_name().into_string().unwrap();
                let place = if name.starts_with("libasterisk") { &lib } else { &others };
                if name.contains(".so") && !place.join(&name).exists() {
                    symlink(entry.path(), place.join(&name)).unwrap();
                }
            }
        }
        let link = |original: &Path, link: PathBuf| {
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(original, link).unwrap();
        };
        link(&real.directories().modules, lib.join("asterisk/modules"));
        link(&real.directories().data, self.at(self.data));
        fs::create_dir_all(&etc).unwrap();
        let conf = format!(
            "[directories](!)\nastetcdir => {}\nastmoddir => {}/asterisk/modules\nastdatadir => {}\n",
            self.etc, self.lib, self.data
        );
        fs::write(etc.join("asterisk.conf"), conf).unwrap();
        let binary = self.at(self.sbin).join("asterisk");
        let script = format!(
            "#!/bin/sh\nexec '{}' --library-path '{}'\"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\" '{}' \"$@\"\n",
            command.get_program().to_str().unwrap(),
            others.display(),
            words[2],
        );
        let write = r#"mkdir -p "$(dirname "$2")" && printf %s "$1" > "$2" && chmod 755 "$2""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", write, "sh", &script]).arg(&binary);
        assert!(shell.status().unwrap().success());
        binary
    }
}

async fn find(path: &Path) -> Result<Server, FindError> {
    Server::find(&Want::Path(path.to_owned())).await
}

#[tokio::test]
async fn a_server_runs_wherever_it_was_installed() {
    let scratch = Scratch::new();
    let prefix = scratch.0.join("prefix");
    // Paths of a whole program's life, for what is made of the scratch folder.
    let inside = |folder: &str| -> &'static str {
        Box::leak(prefix.join(folder).display().to_string().into_boxed_str())
    };
    for installed in [
        Installed {
            destdir: scratch.0.join("a"),
            sbin: "/usr/sbin",
            lib: "/usr/lib64",
            etc: "/etc/asterisk",
            data: "/var/lib/asterisk",
        },
        Installed {
            destdir: scratch.0.join("b"),
            sbin: "/usr/local/sbin",
            lib: "/usr/local/lib",
            etc: "/usr/local/etc/asterisk",
            data: "/usr/local/var/lib/asterisk",
        },
        Installed {
            destdir: scratch.0.join("c"),
            sbin: "/opt/ast/sbin",
            lib: "/opt/ast/lib",
            etc: "/etc/asterisk",
            data: "/var/opt/asterisk",
        },
        Installed {
            destdir: "/".into(),
            sbin: inside("sbin"),
            lib: inside("lib/x86_64-linux-gnu"),
            etc: inside("etc/asterisk"),
            data: inside("var/lib/asterisk"),
        },
    ] {
        let binary = installed.lay(&scratch).await;
        let server = find(&binary).await.unwrap();
        let directories = server.directories();
        let etc = installed.at(installed.etc);
        assert_eq!(directories.configuration.as_ref(), Some(&etc), "{}", binary.display());
        assert_eq!(directories.data, installed.at(installed.data));
        let builder = Builder::new(server).modules(Modules::list(["pbx_config"]));
        let instance = builder.build().unwrap().boot().await.unwrap();
        assert!(instance.cli("core show version").await.unwrap().contains("22."));
        instance.stop().await.unwrap();
        // Without the library of its own, the answer is the loader's.
        let library = installed.at(installed.lib).join("libasteriskpj.so.2");
        fs::remove_file(library).unwrap();
        let error = find(&binary).await.unwrap_err();
        let error = format!("{:#}", anyhow::Error::from(error));
        assert!(error.contains("libasteriskpj"), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_its_documentation_is_told_what_installs_it() {
    let scratch = Scratch::new();
    scratch.server("").await;
    fs::remove_dir(scratch.0.join("usr/share/asterisk/documentation")).unwrap();
    let error = format!("{:#}", anyhow::Error::from(find(&scratch.0).await.unwrap_err()));
    assert!(error.contains("documentation/core-en_US.xml"), "{error}");
    assert!(error.contains("`make install` installs it"), "{error}");
    assert!(error.contains(&scratch.0.join("usr/share/asterisk").display().to_string()), "{error}");
}

#[tokio::test]
async fn a_path_that_the_loader_would_split_is_refused() {
    let scratch = Scratch::new();
    let odd = scratch.0.join("a:b");
    fs::create_dir(&odd).unwrap();
    let installed = Installed {
        destdir: odd,
        sbin: "/usr/sbin",
        lib: "/usr/lib",
        etc: "/etc/asterisk",
        data: "/var/lib/asterisk",
    };
    let binary = installed.lay(&scratch).await;
    let error = format!("{:#}", anyhow::Error::from(find(&binary).await.unwrap_err()));
    assert!(error.contains("cannot take a path with `:`"), "{error}");
}

#[tokio::test]
async fn a_language_of_sounds_may_be_a_link_to_elsewhere() {
    let scratch = Scratch::new();
    let server = scratch.server("").await;
    scratch.file("elsewhere/english/beep.gsm", "");
    scratch.file("elsewhere/recordings/mine.gsm", "");
    let sounds = scratch.0.join("usr/share/asterisk/sounds");
    fs::create_dir_all(&sounds).unwrap();
    for (name, target) in [("en", "english"), ("pt_BR", "english"), ("custom", "recordings")] {
        symlink(scratch.0.join("elsewhere").join(target), sounds.join(name)).unwrap();
    }
    let sandbox = Builder::new(server).build().unwrap();
    let own = sandbox.data().join("sounds");
    assert!(own.join("en/beep.gsm").exists() && own.join("pt_BR/beep.gsm").exists());
    // What somebody recorded is not the server's.
    assert!(!own.join("custom").exists());
}
