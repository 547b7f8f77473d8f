//! apt and dpkg, with a state of their own: they neither need nor change the system's.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::server::chain::chain;
use crate::server::environment::Environment;
use crate::server::progress::Progress;
use crate::server::provision::error::{FetchError, at};
use crate::server::releases::Release;

/// Removes the hooks that the system has apt run around an update. They are about the system's own
/// state: in containers they empty the cache.
const NO_HOOKS: &str = "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n\
                        #clear APT::Update::Post-Invoke-Success;\n";

/// The mirror of releases that have left the others.
const ARCHIVE: &str = "http://archive.debian.org/debian";

/// The places of keys that no longer sign new packages.
const REMOVED_KEYS: [&str; 2] = [
    "/usr/share/keyrings/debian-archive-removed-keys.gpg",
    "/usr/share/keyrings/debian-archive-removed-keys.pgp",
];

/// Runs a tool, and ends it when the process that started it has ended in whatever way, because the
/// input of this shell ends then. The tool ignores an interrupt of the terminal, as every
/// background process of a shell does, and ends in the same way.
const WARD: &str = r#"
    exec 3<&0 </dev/null
    "$@" 3<&- &
    tool=$!
    { read -r _; kill "$tool"; } <&3 >/dev/null 2>&1 &
    watch=$!
    exec 3<&-
    wait "$tool"
    status=$?
    kill -9 "$watch" 2>/dev/null
    exit "$status"
"#;

/// The exit code of a shell that finds no such program.
const NO_PROGRAM: i32 = 127;

/// A place that may have a suite of Debian.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Source {
    pub(super) mirror: String,
    pub(super) suite: &'static str,
    /// `true` if the signatures there have expired.
    pub(super) archived: bool,
}

/// Returns the places to search, in order: the suites at the mirror, then those that leave the
/// mirrors one day at the archive. A mirror that the user names is searched alone.
pub(super) fn sources(
    environment: &Environment,
    mirror: &str,
    suites: &'static [&'static str],
    leaves: bool,
) -> Vec<Source> {
    let at = |mirror: &str, archived| {
        let mirror = mirror.to_owned();
        move |suite: &&'static str| Source { mirror: mirror.clone(), suite, archived }
    };
    let mut sources: Vec<_> = suites.iter().map(at(mirror, false)).collect();
    if leaves && environment.mirror.is_none() && mirror != ARCHIVE {
        sources.extend(suites.iter().map(at(ARCHIVE, true)));
    }
    sources
}

/// Returns a mirror without the user and password that its address may have.
pub(super) fn shown(mirror: &str) -> String {
    let Some((scheme, rest)) = mirror.split_once("://") else {
        return mirror.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

/// Returns the mirror of the system's apt, but not the one for security updates.
pub(super) async fn mirror(environment: &Environment) -> Result<String, FetchError> {
    // Without package lists, as in many containers, apt does not know what is Debian's, but where
    // it would look.
    for how in ["Origin: Debian", "--no-release-info"] {
        let mut command = Command::new(environment.tool("apt-get"));
        command.args(["indextargets", "--format", "$(REPO_URI)"]);
        command.args(["Identifier: Packages", "Component: main", how]);
        let output = run(command, "ask apt for its mirror").await?;
        let main = |mirror: &&str| mirror.starts_with("http") && !mirror.contains("security");
        if let Some(mirror) = output.lines().find(main) {
            return Ok(mirror.trim_end_matches('/').to_owned());
        }
    }
    Err(FetchError::NoMirror)
}

/// apt, with a state of its own.
pub(super) struct Apt<'a> {
    pub(super) environment: &'a Environment,
    pub(super) release: &'a Release,
    pub(super) folder: &'a Path,
    pub(super) packages: &'a [&'static str],
    pub(super) keyring: &'static str,
}

/// The packages to download.
pub(super) struct Plan {
    pub(super) version: String,
    pub(super) packages: usize,
    pub(super) bytes: u64,
}

impl Apt<'_> {
    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    pub(super) fn prepare(&self) -> Result<(), FetchError> {
        for folder in ["lists/partial", "cache/archives/partial", "root"] {
            let folder = self.folder.join(folder);
            fs::create_dir_all(&folder).map_err(at(&folder))?;
        }
        self.write("status", &installed(self.release.not_fetched))?;
        self.write("apt.conf", NO_HOOKS)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), FetchError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(at(&path))
    }

    /// Finds the first place that has the version, and the packages there.
    pub(super) async fn plan(
        &self,
        sources: &[Source],
        progress: &mut impl FnMut(Progress),
    ) -> Result<Plan, FetchError> {
        let mut tried = Vec::new();
        let fits = |plan: &Plan| self.release.versions.include(&plan.version);
        for source in sources {
            let Source { mirror, suite, .. } = source;
            let place = format!("{suite} at {}", shown(mirror));
            match self.look(source, progress).await {
                // What completes a server has no server in it.
                Ok(Some(plan)) if plan.version.is_empty() || fits(&plan) => return Ok(plan),
                Ok(Some(plan)) => tried.push(format!("{place} has {}", plan.version)),
                Ok(None) => tried.push(format!("{place} has none")),
                Err(error) => tried.push(format!("{place}: {}", chain(&error))),
            }
        }
        let Release { variable, .. } = *self.release;
        Err(FetchError::Gone { what: self.release.name(), variable, tried: tried.join("; ") })
    }

    /// Returns `true` if the packages are for a server that exists and works.
    fn is_part(&self) -> bool {
        self.packages != self.release.packages
    }

    /// Returns the packages that a place has, or `None` if it has no server.
    async fn look(
        &self,
        source: &Source,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Option<Plan>, FetchError> {
        let Source { mirror, suite, archived } = source;
        progress(Progress::Index { suite, mirror: shown(mirror) });
        let mut keys = vec![self.keyring];
        let mut text = format!("Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\n");
        if *archived {
            keys.extend(REMOVED_KEYS.into_iter().filter(|keys| Path::new(keys).exists()));
            text.push_str("Check-Valid-Until: no\n");
        }
        text.push_str(&format!("Signed-By: {}\n", keys.join(" ")));
        self.write("suite.sources", &text)?;
        run(self.apt_get(&["--error-on=any", "update"]), "read the package list").await?;
        let mut install = self.install();
        install.arg("--print-uris");
        let plan = Plan::parse(self.release, &run(install, "find the packages").await?);
        let has_server = |plan: &Plan| !plan.version.is_empty() || self.is_part();
        Ok(plan.filter(has_server))
    }

    pub(super) async fn download(
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
            let (program, total) = (self.release.program, plan.bytes);
            progress(Progress::Download { program, version, packages, done, total });
        };
        told(0);
        let (mut child, ward) = start(install, STEP)?;
        let stdout = child.stdout.take().map(BufReader::new);
        let watch = async {
            let Some(mut stdout) = stdout else { return };
            let mut line = Vec::new();
            // `dlstatus:<item>:<percent>:<what>`. Whole percents are exact enough for a bar. What
            // comes must be read to its end, or apt would be killed by a closed pipe.
            while stdout.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
                percent(&line).into_iter().for_each(&mut told);
                line.clear();
            }
        };
        let ((), output) = tokio::join!(watch, child.wait_with_output());
        drop(ward);
        let output = output.map_err(|error| FetchError::Tool { step: STEP, error })?;
        succeeded(STEP, output.status, &output.stderr)
    }

    pub(super) async fn unpack(
        &self,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), FetchError> {
        let archives = self.folder.join("cache/archives");
        let entries = fs::read_dir(&archives).map_err(at(&archives))?.flatten();
        let packages: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        for (done, package) in packages.iter().enumerate() {
            progress(Progress::Unpack { done, total: packages.len() });
            let mut command = Command::new(self.environment.tool("dpkg-deb"));
            command.arg("-x").arg(package).arg(self.root());
            run(command, "unpack a package").await?;
        }
        progress(Progress::Unpack { done: packages.len(), total: packages.len() });
        disarm(&self.root())
    }

    fn install(&self) -> Command {
        let mut command = self.apt_get(&["install", "--no-install-recommends", "-y"]);
        command.args(self.packages);
        command
    }

    fn apt_get(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.environment.tool("apt-get"));
        command.arg("-qq").args(arguments).arg("-c").arg(self.folder.join("apt.conf"));
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
        // Nobody who has a server waits long for the rest of it.
        option("Acquire::Retries", if self.is_part() { "0" } else { "3" });
        option("Acquire::http::Timeout", if self.is_part() { "10" } else { "30" });
        // The catalogue of desktop programs is half of the download.
        option("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false");
        command
    }
}

impl Plan {
    /// Reads lines of the form `'URI' file size hash`. Returns `None` if there is no file. Without
    /// a server among the files, the version is empty.
    pub(super) fn parse(release: &Release, uris: &str) -> Option<Self> {
        let package = release.packages.first()?;
        let mut plan = Self { version: String::new(), packages: 0, bytes: 0 };
        for line in uris.lines().filter(|line| line.starts_with('\'')) {
            let mut words = line.split(' ').skip(1);
            let (file, size) = (words.next()?, words.next()?);
            plan.packages += 1;
            plan.bytes += size.parse::<u64>().ok()?;
            if let Some(version) = file.strip_prefix(package).and_then(|it| it.strip_prefix('_')) {
                // `1%3a22.10.1+dfsg…_amd64.deb`: the epoch is not the server's.
                let version = version.split('_').next()?;
                version.rsplit("%3a").next()?.clone_into(&mut plan.version);
            }
        }
        (plan.packages > 0).then_some(plan)
    }
}

/// Returns the state of a system on which some packages are installed. Packages for all
/// architectures satisfy what depends on one for any.
fn installed(packages: &[&str]) -> String {
    let entry = |name: &&str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 9999\n\
             Maintainer: none\nDescription: none\n\n"
        )
    };
    packages.iter().map(entry).collect()
}

/// Removes the setuid and setgid bits from all programs below a folder. Some of the server's
/// dependencies have them, and nobody here needs these.
fn disarm(folder: &Path) -> Result<(), FetchError> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        let path = entry.path();
        let metadata = entry.metadata().map_err(at(&path))?;
        let mode = metadata.permissions().mode();
        if metadata.is_dir() {
            disarm(&path)?;
        } else if metadata.is_file() && mode & 0o6000 != 0 {
            let plain = fs::Permissions::from_mode(mode & 0o1777);
            fs::set_permissions(&path, plain).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Returns the percentage in a line of apt's status.
fn percent(line: &[u8]) -> Option<u64> {
    let rest = str::from_utf8(line).ok()?.strip_prefix("dlstatus:")?;
    rest.split(':').nth(1)?.split('.').next()?.parse().ok()
}

/// Starts a tool in English and without questions. The tool ends when the second value is dropped,
/// or this process ends.
fn start(command: Command, step: &'static str) -> Result<(Child, Option<ChildStdin>), FetchError> {
    let tool = command.as_std();
    let mut ward = Command::new("/bin/sh");
    ward.args(["-c", WARD, "asterisk-instance-fetch"]).arg(tool.get_program());
    ward.args(tool.get_args()).env("LC_ALL", "C.UTF-8");
    // The shell is not killed: it may have started the tool and not yet what ends it.
    ward.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = ward.spawn().map_err(|error| FetchError::Tool { step, error })?;
    let held = child.stdin.take();
    Ok((child, held))
}

/// Runs a tool to its end and returns its output.
async fn run(command: Command, step: &'static str) -> Result<String, FetchError> {
    let (child, held) = start(command, step)?;
    let output = child.wait_with_output().await;
    drop(held);
    let output = output.map_err(|error| FetchError::Tool { step, error })?;
    succeeded(step, output.status, &output.stderr)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeeded(step: &'static str, status: ExitStatus, stderr: &[u8]) -> Result<(), FetchError> {
    if status.success() {
        return Ok(());
    }
    if status.code() == Some(NO_PROGRAM) {
        return Err(FetchError::Tool { step, error: io::ErrorKind::NotFound.into() });
    }
    let stderr = String::from_utf8_lossy(stderr);
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("E:")).collect();
    let said = if errors.is_empty() { stderr.trim().to_owned() } else { errors.join(" ") };
    Err(FetchError::Failed { step, status, said })
}
