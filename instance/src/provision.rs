//! Fetching a server from Debian's archive into the user's cache, without root and without installing it.
//!
//! The packages of a suite that has the wanted version are downloaded with apt, together with every library that they
//! need, and unpacked into one folder. apt works on a state of its own there, so it neither needs nor changes the
//! system's. The folder gets its final name when it is complete, by a rename; a lock keeps a second process waiting
//! meanwhile. What an interrupted fetch left is removed by the next.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use uuid::Uuid;

use crate::cache::Environment;
use crate::server::{ProbeError, Server};

/// The versions that Debian has, with the suites that may have them.
const RELEASES: [(u32, &[&str]); 2] = [(22, &["forky", "sid"]), (16, &["bullseye"])];

/// What is fetched when no version is asked for.
pub(crate) const NEWEST: u32 = RELEASES[0].0;

/// The server and sounds for it; the rest follows by dependency.
const PACKAGES: [&str; 2] = ["asterisk", "asterisk-core-sounds-en-gsm"];

/// Where Debian keeps the keys of its archive, in the old form and the new.
const KEYRINGS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
];

/// How much larger the packages are when unpacked; measured 3.4. And some room beside.
const UNPACKED: u64 = 4;

/// The versions that can be fetched.
pub(crate) fn majors() -> impl Iterator<Item = u32> {
    RELEASES.iter().map(|(major, _)| *major)
}

/// Where a fetched version is.
pub(crate) fn root(environment: &Environment, major: u32) -> Option<PathBuf> {
    Some(environment.cache.as_ref()?.join(major.to_string()))
}

/// What happens while a server is fetched. `Display` gives it as a line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process is fetching this version; this one waits for it.
    Waiting {
        /// The major version.
        major: u32,
    },
    /// The list of packages is being read.
    Index {
        /// The suite of Debian.
        suite: &'static str,
        /// The mirror.
        mirror: String,
    },
    /// Packages are coming in.
    Download {
        /// The server's version.
        version: String,
        /// How many packages there are.
        packages: usize,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// Packages are being unpacked.
    Unpack {
        /// Packages so far.
        done: usize,
        /// Packages in all.
        total: usize,
    },
    /// It is there.
    Done {
        /// Where.
        root: PathBuf,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MB: u64 = 1_000_000;
        match self {
            Self::Waiting { major } => write!(
                f,
                "waiting for another process that is fetching Asterisk {major}"
            ),
            Self::Index { suite, mirror } => {
                write!(f, "reading the package list of {suite} from {mirror}")
            }
            Self::Download {
                version,
                packages,
                done,
                total,
            } => write!(
                f,
                "downloading Asterisk {version}: {packages} packages, {} of {} MB",
                done / MB,
                total / MB
            ),
            Self::Unpack { done, total } => write!(f, "unpacking: {done} of {total} packages"),
            Self::Done { root } => write!(f, "fetched into {}", root.display()),
        }
    }
}

/// Fetches a version into the cache, or finds it there.
pub(crate) async fn fetch(
    environment: &Environment,
    major: u32,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Server, FetchError> {
    let suites = RELEASES
        .iter()
        .find(|(known, _)| *known == major)
        .map(|(_, suites)| *suites);
    let suites = suites.ok_or(FetchError::Unknown { major })?;
    let cache = environment.cache.as_deref().ok_or(FetchError::NoCache)?;
    let root = cache.join(major.to_string());
    let _lock = lock(cache, major, &mut progress).await?;
    if root.is_dir() {
        return Ok(Server::at(&root).await?);
    }
    let keyring = check_system(environment)?;
    sweep(cache, major)?;
    let folder = Work::new(cache, major)?;
    let mirror = match &environment.mirror {
        Some(mirror) => mirror.clone(),
        None => mirror(environment).await?,
    };
    let apt = Apt {
        environment,
        folder: &folder.0,
        mirror: &mirror,
        keyring,
    };
    apt.prepare()?;
    let plan = apt.plan(major, suites, &mut progress).await?;
    check_space(cache, plan.bytes * (1 + UNPACKED))?;
    apt.download(&plan, &mut progress).await?;
    apt.unpack(&mut progress).await?;
    let unpacked = apt.root();
    let server = Server::at(&unpacked).await?;
    if server.version().major() != Some(major) {
        return Err(FetchError::Gone {
            major,
            mirror,
            tried: format!("it has {}", server.version()),
        });
    }
    fs::rename(&unpacked, &root).map_err(at(&root))?;
    progress(Progress::Done { root: root.clone() });
    Ok(Server::at(&root).await?)
}

/// Lets one process at a time fetch a version. The lock ends with the file, however the process ends.
async fn lock(
    cache: &Path,
    major: u32,
    progress: &mut impl FnMut(Progress),
) -> Result<File, FetchError> {
    fs::create_dir_all(cache).map_err(at(cache))?;
    let path = cache.join(format!("{major}.lock"));
    let file = File::create(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(fs::TryLockError::WouldBlock) => progress(Progress::Waiting { major }),
        Err(fs::TryLockError::Error(error)) => return Err(at(&path)(error)),
    }
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    locked
        .map_err(io::Error::other)
        .and_then(|locked| locked)
        .map_err(at(&path))
}

/// Removes what interrupted fetches of this version left. Only for the holder of its lock.
fn sweep(cache: &Path, major: u32) -> Result<(), FetchError> {
    let ours = Work::prefix(major);
    for entry in fs::read_dir(cache).map_err(at(cache))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&ours) {
            fs::remove_dir_all(entry.path()).map_err(at(&entry.path()))?;
        }
    }
    Ok(())
}

/// The folder that a fetch works in. It goes away with the value, with all that was not moved out of it.
struct Work(PathBuf);

impl Work {
    fn prefix(major: u32) -> String {
        format!(".{major}.partial-")
    }

    fn new(cache: &Path, major: u32) -> Result<Self, FetchError> {
        let folder = cache.join(Self::prefix(major) + &Uuid::new_v4().simple().to_string());
        fs::create_dir(&folder).map_err(at(&folder))?;
        Ok(Self(folder))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next fetch.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether this is Debian, with its tools and keys. The result is the keyring.
fn check_system(environment: &Environment) -> Result<&'static str, FetchError> {
    let release = fs::read_to_string(&environment.os_release).unwrap_or_default();
    let id = release.lines().find_map(|line| line.strip_prefix("ID="));
    let id = id.unwrap_or("unknown").trim_matches('"');
    if id != "debian" {
        return Err(FetchError::NotDebian { id: id.to_owned() });
    }
    let keyring = KEYRINGS
        .into_iter()
        .find(|keyring| Path::new(keyring).exists());
    keyring.ok_or(FetchError::NoKeyring)
}

fn check_space(cache: &Path, needed: u64) -> Result<(), FetchError> {
    let room = rustix::fs::statvfs(cache).map_err(|error| at(cache)(error.into()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < needed {
        return Err(FetchError::NoSpace {
            folder: cache.to_owned(),
            needed,
            free,
        });
    }
    Ok(())
}

/// The mirror that the system's apt is set up with, but not the one for security updates.
async fn mirror(environment: &Environment) -> Result<String, FetchError> {
    let mut command = Command::new(environment.tool("apt-get"));
    command.args(["indextargets", "--format", "$(REPO_URI)"]);
    command.args(["Identifier: Packages", "Component: main", "Origin: Debian"]);
    let output = run(&mut command, "ask apt for its mirror").await?;
    let mut mirrors = output.lines().filter(|mirror| !mirror.contains("security"));
    Ok(mirrors
        .next()
        .ok_or(FetchError::NoMirror)?
        .trim_end_matches('/')
        .to_owned())
}

/// apt, with a state of its own.
struct Apt<'a> {
    environment: &'a Environment,
    folder: &'a Path,
    mirror: &'a str,
    keyring: &'static str,
}

/// What there is to download.
struct Plan {
    version: String,
    packages: usize,
    bytes: u64,
}

impl Apt<'_> {
    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    fn prepare(&self) -> Result<(), FetchError> {
        for folder in ["lists/partial", "cache/archives/partial", "root"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder).map_err(at(&folder))?;
        }
        self.write("status", "")
    }

    fn write(&self, name: &str, text: &str) -> Result<(), FetchError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(at(&path))
    }

    /// Finds the first suite that has the version, and what it takes.
    async fn plan(
        &self,
        major: u32,
        suites: &'static [&'static str],
        progress: &mut impl FnMut(Progress),
    ) -> Result<Plan, FetchError> {
        let mut tried = Vec::new();
        for suite in suites {
            progress(Progress::Index {
                suite,
                mirror: self.mirror.to_owned(),
            });
            let source = format!(
                "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\nSigned-By: {}\n",
                self.mirror, self.keyring
            );
            self.write("suite.sources", &source)?;
            let update = self.apt_get(&["--error-on=any", "update"]);
            if let Err(error) = run(&mut { update }, "read the package list").await {
                tried.push(format!("{suite}: {error}"));
                continue;
            }
            let mut install = self.install();
            install.arg("--print-uris");
            match run(&mut install, "find the packages")
                .await
                .map(|uris| Plan::parse(&uris))
            {
                Ok(Some(plan)) if plan.major() == Some(major) => return Ok(plan),
                Ok(Some(plan)) => tried.push(format!("{suite} has {}", plan.version)),
                Ok(None) => tried.push(format!("{suite} has none")),
                Err(error) => tried.push(format!("{suite}: {error}")),
            }
        }
        Err(FetchError::Gone {
            major,
            mirror: self.mirror.to_owned(),
            tried: tried.join("; "),
        })
    }

    async fn download(
        &self,
        plan: &Plan,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), FetchError> {
        const STEP: &str = "download the packages";
        let mut install = self.install();
        install.args(["--download-only", "-o", "APT::Status-Fd=1"]);
        let mut told = |percent: u64| {
            let done = plan.bytes * percent.min(100) / 100;
            let (version, packages) = (plan.version.clone(), plan.packages);
            progress(Progress::Download {
                version,
                packages,
                done,
                total: plan.bytes,
            });
        };
        told(0);
        install
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = install
            .spawn()
            .map_err(|error| FetchError::Tool { step: STEP, error })?;
        let lines = child.stdout.take().map(BufReader::new);
        let watch = async {
            let Some(mut lines) = lines.map(AsyncBufReadExt::lines) else {
                return;
            };
            // `dlstatus:<item>:<percent>:<what>`. Whole percents are exact enough for a bar.
            while let Ok(Some(line)) = lines.next_line().await {
                let percent = line
                    .strip_prefix("dlstatus:")
                    .and_then(|rest| rest.split(':').nth(1));
                let whole = percent.and_then(|percent| percent.split('.').next()?.parse().ok());
                whole.into_iter().for_each(&mut told);
            }
        };
        let ((), output) = tokio::join!(watch, child.wait_with_output());
        let output = output.map_err(|error| FetchError::Tool { step: STEP, error })?;
        succeeded(STEP, output.status, &output.stderr)
    }

    async fn unpack(&self, progress: &mut impl FnMut(Progress)) -> Result<(), FetchError> {
        let archives = self.folder.join("cache/archives");
        let entries = fs::read_dir(&archives).map_err(at(&archives))?.flatten();
        let packages: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        for (done, package) in packages.iter().enumerate() {
            progress(Progress::Unpack {
                done,
                total: packages.len(),
            });
            let mut command = Command::new(self.environment.tool("dpkg-deb"));
            command.arg("-x").arg(package).arg(self.root());
            run(&mut command, "unpack a package").await?;
        }
        progress(Progress::Unpack {
            done: packages.len(),
            total: packages.len(),
        });
        Ok(())
    }

    fn install(&self) -> Command {
        let mut command = self.apt_get(&["install", "--no-install-recommends", "-y"]);
        command.args(PACKAGES);
        command
    }

    fn apt_get(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.environment.tool("apt-get"));
        command.arg("-qq").args(arguments);
        let mut option = |key: &str, value: &str| {
            command.arg("-o").arg(format!("{key}={value}"));
        };
        let path = |name: &str| self.folder.join(name).display().to_string();
        option("Dir::Etc::sourcelist", &path("suite.sources"));
        option("Dir::Etc::sourceparts", "-");
        option("Dir::Etc::preferences", "-");
        option("Dir::Etc::preferencesparts", "-");
        option("Dir::State::lists", &path("lists"));
        option("Dir::State::status", &path("status"));
        option("Dir::Cache", &path("cache"));
        option("Debug::NoLocking", "1");
        // As root, apt would download as another user, who cannot write here.
        option("APT::Sandbox::User", "");
        option("Acquire::Languages", "none");
        option("Acquire::Retries", "3");
        // The catalogue of desktop programs is half of the download.
        option(
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled",
            "false",
        );
        command
    }
}

impl Plan {
    /// Reads lines of the form `'URI' file size hash`. None if the server is not among the files.
    fn parse(uris: &str) -> Option<Self> {
        let mut plan = Self {
            version: String::new(),
            packages: 0,
            bytes: 0,
        };
        for line in uris.lines().filter(|line| line.starts_with('\'')) {
            let mut words = line.split(' ').skip(1);
            let (file, size) = (words.next()?, words.next()?);
            plan.packages += 1;
            plan.bytes += size.parse::<u64>().ok()?;
            if let Some(version) = file.strip_prefix("asterisk_") {
                // `1%3a22.10.1+dfsg…_amd64.deb`: the epoch is not the server's.
                let version = version.split('_').next()?;
                version.rsplit("%3a").next()?.clone_into(&mut plan.version);
            }
        }
        (!plan.version.is_empty()).then_some(plan)
    }

    fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// Runs a tool to its end and gives what it printed.
async fn run(command: &mut Command, step: &'static str) -> Result<String, FetchError> {
    command
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| FetchError::Tool { step, error })?;
    succeeded(step, output.status, &output.stderr)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeeded(step: &'static str, status: ExitStatus, stderr: &[u8]) -> Result<(), FetchError> {
    if status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(stderr);
    let errors: Vec<_> = stderr
        .lines()
        .filter(|line| line.starts_with("E:"))
        .collect();
    let said = if errors.is_empty() {
        stderr.trim().to_owned()
    } else {
        errors.join(" ")
    };
    Err(FetchError::Failed { step, status, said })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FetchError {
    let path = path.to_owned();
    move |error| FetchError::Folder { path, error }
}

/// Why a server could not be fetched, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// A version that Debian does not have.
    #[error(
        "Asterisk {major} cannot be fetched, only 22 and 16 can; install it and name it by path or in ASTERISK"
    )]
    Unknown {
        /// The major version.
        major: u32,
    },
    /// Another distribution.
    #[error(
        "a server can be fetched on Debian alone, and this is {id:?}; install Asterisk, or name a server by path or in ASTERISK"
    )]
    NotDebian {
        /// What `/etc/os-release` says.
        id: String,
    },
    /// The keys of Debian's archive are missing.
    #[error("no keys to check the packages with; install debian-archive-keyring")]
    NoKeyring,
    /// No mirror is known.
    #[error("apt knows no Debian mirror; name one in ASTERISK_MIRROR")]
    NoMirror,
    /// There is no place for a cache.
    #[error("no folder to keep a server in; set HOME or ASTERISK_CACHE to an absolute path")]
    NoCache,
    /// The disk is full.
    #[error(
        "{} has {} MB free, the server needs {} MB for a moment; make room, or set ASTERISK_CACHE",
        .folder.display(), .free / 1_000_000, .needed / 1_000_000
    )]
    NoSpace {
        /// The folder.
        folder: PathBuf,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The mirror does not have it, or not for this architecture, or cannot be reached.
    #[error(
        "{mirror} has no Asterisk {major} for {} ({tried}); check the network, name another mirror in ASTERISK_MIRROR, or a server by path or in ASTERISK",
        std::env::consts::ARCH
    )]
    Gone {
        /// The major version.
        major: u32,
        /// The mirror.
        mirror: String,
        /// What was tried, and how it went.
        tried: String,
    },
    /// A tool is not there.
    #[error("failed to {step}: {error}; apt-get and dpkg-deb are needed")]
    Tool {
        /// What for.
        step: &'static str,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A tool failed.
    #[error("failed to {step} ({status}): {said}")]
    Failed {
        /// What for.
        step: &'static str,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        said: String,
    },
    /// A file or folder could not be written.
    #[error("failed to write {}: {error}", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// What was fetched does not work.
    #[error("the fetched server does not work: {0}")]
    Broken(#[from] ProbeError),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache, and tools that do what apt and dpkg would do with a mirror of one package, all in a folder of its own.
    struct Standin {
        folder: PathBuf,
        environment: Environment,
    }

    impl Standin {
        fn new(version: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("provision-{}", Uuid::new_v4().simple()));
            fs::create_dir(&folder).unwrap();
            let environment = Environment {
                asterisk: None,
                path: Vec::new(),
                cache: Some(folder.join("cache")),
                mirror: Some("http://mirror.invalid/debian".to_owned()),
                os_release: folder.join("os-release"),
                tools: Some(folder.clone()),
            };
            let standin = Self {
                folder,
                environment,
            };
            fs::write(&standin.environment.os_release, "NAME=x\nID=debian\n").unwrap();
            // Counts the downloads, and waits in one while a file says so.
            standin.tool("apt-get", &format!(
                r#"case "$*" in
                    *print-uris*) echo "'http://m/a.deb' asterisk_1%3a{version}_amd64.deb 100 SHA256:0" ;;
                    *download-only*)
                        for option; do case $option in Dir::Cache=*) cache=${{option#*=}} ;; esac; done
                        echo >> {0}/downloads
                        echo "dlstatus:1:50.0:Retrieving file 1 of 1"
                        while [ -e {0}/wait ]; do sleep 0.01; done
                        touch $cache/archives/asterisk.deb ;;
                    *indextargets*) echo http://security.invalid/debian-security; echo http://main.invalid/debian/ ;;
                esac"#,
                standin.folder.display(),
            ));
            standin.tool("dpkg-deb", &format!(
                r#"mkdir -p $3/usr/sbin $3/usr/lib/asterisk/modules $3/usr/share/asterisk/documentation
                touch $3/usr/lib/asterisk/modules/pbx_config.so
                printf '#!/bin/sh\necho Asterisk {version}\n' > $3/usr/sbin/asterisk
                chmod +x $3/usr/sbin/asterisk"#
            ));
            standin
        }

        /// Writes a script, through a child: a file that this process had open for writing cannot be executed while
        /// another thread has just forked.
        fn tool(&self, name: &str, script: &str) {
            let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#;
            let mut command = std::process::Command::new("sh");
            let path = self.folder.join(name);
            assert!(
                command
                    .args(["-c", write, "sh", script])
                    .arg(path)
                    .status()
                    .unwrap()
                    .success()
            );
        }

        fn downloads(&self) -> usize {
            fs::read_to_string(self.folder.join("downloads"))
                .unwrap_or_default()
                .lines()
                .count()
        }

        /// What is in the cache, hidden files too.
        fn cached(&self) -> Vec<String> {
            let entries = fs::read_dir(self.folder.join("cache")).unwrap().flatten();
            let mut names: Vec<_> = entries
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }

        async fn fetch(&self, progress: impl FnMut(Progress) + Send) -> Result<Server, FetchError> {
            fetch(&self.environment, 22, progress).await
        }

        async fn error(&self) -> String {
            self.fetch(|_| {}).await.unwrap_err().to_string()
        }
    }

    impl Drop for Standin {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    #[tokio::test]
    async fn a_fetched_server_is_found_and_not_fetched_again() {
        let standin = Standin::new("22.1.0");
        let mut said = Vec::new();
        let server = standin
            .fetch(|progress| said.push(progress.to_string()))
            .await
            .unwrap();
        assert_eq!(server.version().as_str(), "22.1.0");
        assert!(said[0].contains("forky"), "{said:?}");
        assert!(
            said.iter()
                .any(|line| line.contains("1 packages, 0 of 0 MB")),
            "{said:?}"
        );
        assert_eq!(standin.cached(), ["22", "22.lock"]);
        let found = Server::find_in(&standin.environment, &crate::Want::Major(22))
            .await
            .unwrap();
        assert_eq!(found.binary(), server.binary());
        standin.fetch(|_| {}).await.unwrap();
        assert_eq!(standin.downloads(), 1);
    }

    #[tokio::test]
    async fn two_at_once_fetch_once() {
        let standin = Standin::new("22.1.0");
        fs::write(standin.folder.join("wait"), "").unwrap();
        let first = standin.fetch(|_| {});
        // The second finds the lock taken, and only then the first is let go on.
        let second = standin.fetch(|progress| {
            if progress == (Progress::Waiting { major: 22 }) {
                fs::remove_file(standin.folder.join("wait")).unwrap();
            }
        });
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap().binary(), second.unwrap().binary());
        assert_eq!(standin.downloads(), 1);
    }

    #[tokio::test]
    async fn an_interrupted_fetch_leaves_nothing_to_be_used() {
        let standin = Standin::new("22.1.0");
        fs::write(standin.folder.join("wait"), "").unwrap();
        let (told, mut reached) = tokio::sync::mpsc::unbounded_channel();
        let fetching = standin.fetch(|progress| {
            if matches!(progress, Progress::Download { done: 50, .. }) {
                let _ = told.send(());
            }
        });
        tokio::select! {
            _ = fetching => panic!("it was to be held up"),
            _ = reached.recv() => {}
        }
        assert_eq!(standin.cached(), ["22.lock"]);
        // What a killed process leaves is swept by the next.
        fs::create_dir_all(standin.folder.join("cache/.22.partial-0/root/usr")).unwrap();
        fs::remove_file(standin.folder.join("wait")).unwrap();
        standin.fetch(|_| {}).await.unwrap();
        assert_eq!(standin.cached(), ["22", "22.lock"]);
    }

    #[tokio::test]
    async fn each_reason_not_to_fetch_says_what_to_do() {
        let standin = Standin::new("23.0.0");
        let error = standin.error().await;
        assert!(
            error.contains("forky has 23.0.0; sid has 23.0.0"),
            "{error}"
        );
        assert!(error.contains("ASTERISK_MIRROR"), "{error}");

        standin.tool(
            "apt-get",
            r#"case "$*" in *update*) echo "E: Failed to fetch" >&2; exit 100 ;; esac"#,
        );
        let error = standin.error().await;
        assert!(
            error.contains("E: Failed to fetch") && error.contains("check the network"),
            "{error}"
        );

        standin.tool("apt-get", r#"case "$*" in *print-uris*) echo "'u' asterisk_1%3a22.1_x.deb 9000000000000000 SHA256:0" ;; esac"#);
        let error = standin.error().await;
        assert!(
            error.contains("MB free") && error.contains("ASTERISK_CACHE"),
            "{error}"
        );

        fs::remove_file(standin.folder.join("apt-get")).unwrap();
        let error = standin.error().await;
        assert!(error.contains("apt-get and dpkg-deb are needed"), "{error}");

        fs::write(
            &standin.environment.os_release,
            "ID=ubuntu\nID_LIKE=debian\n",
        )
        .unwrap();
        let error = standin.error().await;
        assert!(
            error.contains("\"ubuntu\"") && error.contains("install Asterisk"),
            "{error}"
        );

        let error = fetch(&standin.environment, 20, |_| {})
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("only 22 and 16 can"), "{error}");
        assert_eq!(standin.cached(), ["22.lock"]);
    }

    #[tokio::test]
    async fn the_mirror_is_that_of_apt_but_not_the_one_for_security() {
        let standin = Standin::new("22.1.0");
        assert_eq!(
            mirror(&standin.environment).await.unwrap(),
            "http://main.invalid/debian"
        );
    }

    #[test]
    fn the_plan_is_read_from_the_list_of_files() {
        let uris = "'http://m/a/asterisk_22.10.1%2bdfsg-1_amd64.deb' asterisk_1%3a22.10.1+dfsg-1_amd64.deb 2534204 SHA256:0\n\
                    'http://m/l/libc6_2.41_amd64.deb' libc6_2.41_amd64.deb 1000 SHA256:1\n";
        let plan = Plan::parse(uris).unwrap();
        assert_eq!(
            (plan.packages, plan.bytes, plan.major()),
            (2, 2_535_204, Some(22))
        );
        assert_eq!(plan.version, "22.10.1+dfsg-1");
        assert!(Plan::parse("").is_none());
    }
}
