//! apt and dpkg, with a state of their own: they neither need nor change the system's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::Progress;
use super::error::{FetchError, at};
use crate::cache::Environment;

/// What the system has apt do around an update is about the system's own state: in containers it empties the cache.
const NO_HOOKS: &str = "#clear APT::Update::Pre-Invoke;\n#clear APT::Update::Post-Invoke;\n\
                        #clear APT::Update::Post-Invoke-Success;\n";

/// The server and sounds for it; the rest follows by dependency.
const PACKAGES: [&str; 2] = ["asterisk", "asterisk-core-sounds-en-gsm"];

/// A mirror as it is told: without the user and password that its address may have.
pub(super) fn shown(mirror: &str) -> String {
    let Some((scheme, rest)) = mirror.split_once("://") else {
        return mirror.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host);
    format!("{scheme}://{host}{path}")
}

/// The mirror that the system's apt is set up with, but not the one for security updates.
pub(super) async fn mirror(environment: &Environment) -> Result<String, FetchError> {
    // Without package lists, as in many containers, apt does not know what is Debian's, but where it would look.
    for how in ["Origin: Debian", "--no-release-info"] {
        let mut command = Command::new(environment.tool("apt-get"));
        command.args(["indextargets", "--format", "$(REPO_URI)"]);
        command.args(["Identifier: Packages", "Component: main", how]);
        let output = run(&mut command, "ask apt for its mirror").await?;
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
    pub(super) folder: &'a Path,
    pub(super) mirror: &'a str,
    pub(super) keyring: &'static str,
}

/// What there is to download.
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
        self.write("status", "")?;
        self.write("apt.conf", NO_HOOKS)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), FetchError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(at(&path))
    }

    /// Finds the first suite that has the version, and what it takes.
    pub(super) async fn plan(
        &self,
        major: u32,
        suites: &'static [&'static str],
        progress: &mut impl FnMut(Progress),
    ) -> Result<Plan, FetchError> {
        let mut tried = Vec::new();
        for suite in suites {
            progress(Progress::Index { suite, mirror: shown(self.mirror) });
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
            match run(&mut install, "find the packages").await.map(|uris| Plan::parse(&uris)) {
                Ok(Some(plan)) if plan.major() == Some(major) => return Ok(plan),
                Ok(Some(plan)) => tried.push(format!("{suite} has {}", plan.version)),
                Ok(None) => tried.push(format!("{suite} has none")),
                Err(error) => tried.push(format!("{suite}: {error}")),
            }
        }
        Err(FetchError::Gone { major, mirror: shown(self.mirror), tried: tried.join("; ") })
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
            progress(Progress::Download { version, packages, done, total: plan.bytes });
        };
        told(0);
        prepare(&mut install).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = install.spawn().map_err(|error| FetchError::Tool { step: STEP, error })?;
        let stdout = child.stdout.take().map(BufReader::new);
        let watch = async {
            let Some(mut stdout) = stdout else { return };
            let mut line = Vec::new();
            // `dlstatus:<item>:<percent>:<what>`. Whole percents are exact enough for a bar. What comes must be read to
            // its end, or apt would be killed by a closed pipe.
            while stdout.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
                percent(&line).into_iter().for_each(&mut told);
                line.clear();
            }
        };
        let ((), output) = tokio::join!(watch, child.wait_with_output());
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
            run(&mut command, "unpack a package").await?;
        }
        progress(Progress::Unpack { done: packages.len(), total: packages.len() });
        disarm(&self.root())
    }

    fn install(&self) -> Command {
        let mut command = self.apt_get(&["install", "--no-install-recommends", "-y"]);
        command.args(PACKAGES);
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
        option("Acquire::Retries", "3");
        // The catalogue of desktop programs is half of the download.
        option("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false");
        command
    }
}

impl Plan {
    /// Reads lines of the form `'URI' file size hash`. None if the server is not among the files.
    pub(super) fn parse(uris: &str) -> Option<Self> {
        let mut plan = Self { version: String::new(), packages: 0, bytes: 0 };
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

    pub(super) fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// Takes the setuid and setgid bits from all programs below a folder: some of the server's dependencies have them, and
/// nobody here needs those.
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

/// The percentage in a line of apt's status.
fn percent(line: &[u8]) -> Option<u64> {
    let rest = str::from_utf8(line).ok()?.strip_prefix("dlstatus:")?;
    rest.split(':').nth(1)?.split('.').next()?.parse().ok()
}

/// Has a tool speak English, ask nothing, and end when nobody waits for it any more.
fn prepare(command: &mut Command) -> &mut Command {
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).kill_on_drop(true)
}

/// Runs a tool to its end and gives what it printed.
async fn run(command: &mut Command, step: &'static str) -> Result<String, FetchError> {
    let output =
        prepare(command).output().await.map_err(|error| FetchError::Tool { step, error })?;
    succeeded(step, output.status, &output.stderr)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeeded(step: &'static str, status: ExitStatus, stderr: &[u8]) -> Result<(), FetchError> {
    if status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(stderr);
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("E:")).collect();
    let said = if errors.is_empty() { stderr.trim().to_owned() } else { errors.join(" ") };
    Err(FetchError::Failed { step, status, said })
}
