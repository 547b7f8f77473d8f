//! Fetching with tools that do what apt and dpkg would do.

use std::fs;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

use super::*;
use crate::server::chain::chain;
use crate::server::provision::apt::{Plan, mirror, shown};

/// A cache, and tools that do what apt and dpkg would do with a mirror of one package, all in a
/// folder of its own.
pub(crate) struct Standin {
    folder: PathBuf,
    _temporary: TempDir,
    pub(crate) environment: Environment,
}

impl Standin {
    pub(crate) fn new(version: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        let environment = Environment {
            asterisk: None,
            nats_server: None,
            sipp: None,
            path: Vec::new(),
            cache: Some(folder.join("cache")),
            no_cache: None,
            mirror: Some("http://mirror.invalid/debian".to_owned()),
            os_release: folder.join("os-release"),
            tools: Some(folder.clone()),
        };
        let standin = Self { folder, _temporary: temporary, environment };
        fs::write(&standin.environment.os_release, "NAME=x\nID=debian\n").unwrap();
        // Counts the downloads, and waits in one while a file says so.
        standin.tool("apt-get", &format!(
            r#"echo "$*" >> {0}/calls
            for option; do case $option in
                Dir::Cache=*) cache=${{option#*=}} ;;
                Dir::Etc::sourcelist=*) source=${{option#*=}} ;;
            esac; done
            case "$*" in
                *" update "*) [ ! -e {0}/offline ] || {{ echo "E: no network" >&2; exit 100; }} ;;
                *print-uris*)
                    case "$*" in *" asterisk "*) echo "'http://m/a.deb' asterisk_1%3a{version}_amd64.deb 100 SHA256:0" ;; esac
                    echo "'http://m/m.deb' asterisk-moh-opsound-gsm_2.03-2_all.deb 100 SHA256:0" ;;
                *download-only*)
                    echo $$ >> {0}/downloads
                    echo "dlstatus:1:50.0:Retrieving file 1 of 1"
                    while [ -e {0}/wait ]; do sleep 0.01; done
                    case "$*" in *" asterisk "*) touch $cache/archives/asterisk.deb ;; esac
                    touch $cache/archives/moh.deb ;;
                *indextargets*Origin*) [ -e {0}/no-lists ] || echo http://main.invalid/debian/ ;;
                *indextargets*) echo http://security.invalid/debian-security; echo http://other.invalid/debian ;;
            esac"#,
            standin.folder.display(),
        ));
        standin.tool("dpkg-deb", &format!(
            r#"case $2 in
                */moh.deb) mkdir -p $3/usr/share/asterisk/moh; touch $3/usr/share/asterisk/moh/a.gsm; exit ;;
            esac
            mkdir -p $3/usr/sbin $3/usr/lib/asterisk/modules $3/usr/share/asterisk/documentation
            touch $3/usr/lib/asterisk/modules/pbx_config.so
            printf '#!/bin/sh\necho Asterisk {version}\n' > $3/usr/sbin/asterisk
            chmod 6755 $3/usr/sbin/asterisk"#
        ));
        standin
    }

    /// Writes a script, through a child: a file that this process had open for writing cannot be
    /// executed while another thread has just forked.
    pub(crate) fn tool(&self, name: &str, script: &str) {
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#;
        let mut command = std::process::Command::new("sh");
        let path = self.folder.join(name);
        assert!(command.args(["-c", write, "sh", script]).arg(path).status().unwrap().success());
    }

    pub(crate) fn downloads(&self) -> usize {
        fs::read_to_string(self.folder.join("downloads")).unwrap_or_default().lines().count()
    }

    /// The command lines of apt-get.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Finds the server in the cache, as one that need not be fetched, and tells what was said.
    async fn find(&self) -> Vec<String> {
        let mut said = Vec::new();
        let server = Server::find_in(&self.environment, &crate::Want::Major(22)).await.unwrap();
        let mut tell = |progress: Progress| said.push(progress.to_string());
        found(&self.environment, &server, &mut tell).await;
        // A child of another test has a copy of the lock between fork and exec.
        said.retain(|line| !line.starts_with("waiting for another process"));
        said
    }

    /// The names in the cache, also those of hidden files.
    pub(crate) fn cached(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("cache")).unwrap().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn fetch(&self, progress: impl FnMut(Progress) + Send) -> Result<Server, FetchError> {
        fetch(&self.environment, 22, progress).await
    }

    async fn error(&self) -> String {
        chain(&self.fetch(|_| {}).await.unwrap_err())
    }
}

#[tokio::test]
async fn a_fetched_server_is_found_and_not_fetched_again() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    let mut said = Vec::new();
    let server = standin.fetch(|progress| said.push(progress.to_string())).await.unwrap();
    assert_eq!(server.version().as_str(), "22.1.0");
    assert!(said[0].contains("forky"), "{said:?}");
    assert!(said.iter().any(|line| line.contains("2 packages, 0 of 0 MB")), "{said:?}");
    assert_eq!(standin.cached(), ["22", "22.lock"]);
    let found = Server::find_in(&standin.environment, &crate::Want::Major(22)).await.unwrap();
    assert_eq!(found.binary(), server.binary());
    // Nobody here needs programs that run as somebody else.
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(found.binary()).unwrap().permissions(),
    );
    assert_eq!(mode & 0o7777, 0o755);
    standin.fetch(|_| {}).await.unwrap();
    assert_eq!(standin.downloads(), 1);
}

#[tokio::test]
async fn two_at_once_fetch_once() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    fs::write(standin.folder.join("wait"), "").unwrap();
    let first = standin.fetch(|_| {});
    // The second finds the lock taken, and only then the first is let go on.
    let second = standin.fetch(|progress| {
        if progress == (Progress::Waiting { what: "Asterisk 22".to_owned() }) {
            fs::remove_file(standin.folder.join("wait")).unwrap();
        }
    });
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.unwrap().binary(), second.unwrap().binary());
    assert_eq!(standin.downloads(), 1);
}

#[tokio::test]
async fn an_interrupted_fetch_leaves_nothing_to_be_used() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    fs::write(standin.folder.join("wait"), "").unwrap();
    let (told, mut reached) = tokio::sync::mpsc::unbounded_channel();
    let fetching = standin.fetch(|progress| {
        if matches!(progress, Progress::Download { done: 100, .. }) {
            let _ = told.send(());
        }
    });
    tokio::select! {
        _ = fetching => panic!("it was to be held up"),
        _ = reached.recv() => {}
    }
    assert_eq!(standin.cached(), ["22.lock"]);
    // The tool that was at it was killed. The kernel may take a moment over it.
    let pid = fs::read_to_string(standin.folder.join("downloads")).unwrap();
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    if let Ok(tool) = pidfd_open(pid, PidfdFlags::empty()) {
        let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&tool, PollFlags::IN)], Some(&limit)).unwrap();
        assert_eq!(ended, 1, "the tool goes on");
    }
    // What a killed process leaves is swept by the next.
    fs::create_dir_all(standin.folder.join("cache/.22.partial-0/root/usr")).unwrap();
    fs::remove_file(standin.folder.join("wait")).unwrap();
    standin.fetch(|_| {}).await.unwrap();
    assert_eq!(standin.cached(), ["22", "22.lock"]);
}

#[tokio::test]
async fn each_reason_not_to_fetch_says_what_to_do() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("23.0.0");
    let error = standin.error().await;
    assert!(
        error.contains("forky at http://mirror.invalid/debian has 23.0.0; sid at http"),
        "{error}"
    );
    assert!(error.contains("ASTERISK_MIRROR"), "{error}");

    standin.tool(
        "apt-get",
        r#"case "$*" in *" update "*) echo "E: Failed to fetch" >&2; exit 100 ;; esac"#,
    );
    let error = standin.error().await;
    assert!(error.contains("E: Failed to fetch") && error.contains("check the network"), "{error}");

    standin.tool("apt-get", r#"case "$*" in *print-uris*) echo "'u' asterisk_1%3a22.1_x.deb 9000000000000000 SHA256:0" ;; esac"#);
    let error = standin.error().await;
    assert!(error.contains("MB free") && error.contains("ASTERISK_CACHE"), "{error}");

    fs::remove_file(standin.folder.join("apt-get")).unwrap();
    let error = standin.error().await;
    assert!(error.contains("apt-get and dpkg-deb are needed"), "{error}");

    fs::write(&standin.environment.os_release, "ID=ubuntu\nID_LIKE=debian\n").unwrap();
    let error = standin.error().await;
    assert!(error.contains("\"ubuntu\"") && error.contains("install Asterisk"), "{error}");

    let error = chain(&fetch(&standin.environment, 20, |_| {}).await.unwrap_err());
    assert!(error.contains("only 22 and 16 can"), "{error}");
    assert_eq!(standin.cached(), ["22.lock"]);
}

#[tokio::test]
async fn a_server_of_an_earlier_fetch_is_completed_where_it_is() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    standin.fetch(|_| {}).await.unwrap();
    let (root, moh) = (standin.file("cache/22"), standin.file("cache/22/usr/share/asterisk/moh"));
    assert!(moh.join("a.gsm").exists());
    assert_eq!(standin.find().await, [""; 0]);
    fs::remove_dir_all(&moh).unwrap();
    fs::write(root.join("usr/sbin/witness"), "").unwrap();
    let before = standin.calls().len();
    let said = standin.find().await;
    let part = "music on hold (asterisk-moh-opsound-gsm)";
    assert_eq!(said, [format!("completing {} with {part}", root.display())]);
    assert!(moh.join("a.gsm").exists() && root.join("usr/sbin/witness").exists());
    let calls = standin.calls().split_off(before);
    let installs: Vec<_> = calls.iter().filter(|call| call.contains(" install ")).collect();
    assert!(!installs.is_empty());
    for call in installs {
        assert!(call.contains("moh-opsound") && !call.contains(" asterisk "), "{call}");
    }
    assert_eq!(standin.cached(), ["22", "22.lock"]);
}

#[tokio::test]
async fn a_server_of_an_earlier_fetch_works_where_it_cannot_be_completed() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    standin.fetch(|_| {}).await.unwrap();
    let moh = standin.file("cache/22/usr/share/asterisk/moh");
    fs::remove_dir_all(&moh).unwrap();
    fs::write(standin.file("offline"), "").unwrap();
    let said = standin.find().await;
    assert!(
        said[1].contains("has no music on hold") && said[1].contains("E: no network"),
        "{said:?}"
    );
    // It is not tried again soon, and told all the same.
    let before = standin.calls().len();
    let again = standin.find().await;
    assert_eq!((again, standin.calls().len()), (said[1..].to_vec(), before));
    // Somebody asks for it.
    assert!(standin.fetch(|_| {}).await.is_ok());
    assert!(standin.calls().len() > before && !moh.exists());
    fs::remove_file(standin.file("offline")).unwrap();
    standin.fetch(|_| {}).await.unwrap();
    assert!(moh.join("a.gsm").exists());
    assert_eq!(standin.cached(), ["22", "22.lock"]);
}

/// apt that finds nothing but at the archive, and keeps what it was told of that.
#[tokio::test]
async fn a_suite_that_left_the_mirrors_is_fetched_from_the_archive() {
    let _forks = crate::FORKS.read().await;
    let mut standin = Standin::new("16.28.0");
    let script = fs::read_to_string(standin.file("apt-get")).unwrap();
    let gone = r#"grep -q 'URIs: http://archive.debian.org/debian$' $source || { echo "E: 404" >&2; exit 100; }
        cp $source $0.source"#;
    let script =
        script.replace(r#"*" update "*)"#, &format!(r#"*" update "*) {gone} ;; *" nothing "*)"#));
    standin.tool("apt-get", script.strip_prefix("#!/bin/sh\n").unwrap());
    // A mirror that the user names is asked alone.
    let error = chain(&fetch(&standin.environment, 16, |_| {}).await.unwrap_err());
    assert!(
        error.contains("bullseye at http://mirror.invalid/debian: ") && error.contains("E: 404")
    );
    assert!(!error.contains("archive.debian.org"), "{error}");
    standin.environment.mirror = None;
    let server = fetch(&standin.environment, 16, |_| {}).await.unwrap();
    assert_eq!(server.version().major(), Some(16));
    let source = fs::read_to_string(standin.file("apt-get.source")).unwrap();
    assert!(source.contains("Suites: bullseye\n"), "{source}");
    assert!(source.contains("Check-Valid-Until: no\nSigned-By: /"), "{source}");
}

#[tokio::test]
async fn the_mirror_is_that_of_apt_but_not_the_one_for_security() {
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    assert_eq!(mirror(&standin.environment).await.unwrap(), "http://main.invalid/debian");
    fs::write(standin.folder.join("no-lists"), "").unwrap();
    assert_eq!(mirror(&standin.environment).await.unwrap(), "http://other.invalid/debian");
}

#[test]
fn the_plan_is_read_from_the_list_of_files() {
    let uris = "'http://m/a/asterisk_22.10.1%2bdfsg-1_amd64.deb' asterisk_1%3a22.10.1+dfsg-1_amd64.deb 2534204 SHA256:0\n\
                'http://m/l/libc6_2.41_amd64.deb' libc6_2.41_amd64.deb 1000 SHA256:1\n";
    let [release, _] = RELEASES;
    let plan = Plan::parse(&release, uris).unwrap();
    assert_eq!((plan.packages, plan.bytes), (2, 2_535_204));
    assert_eq!(plan.version, "22.10.1+dfsg-1");
    assert!(Plan::parse(&release, "").is_none());
}

#[test]
fn the_password_of_a_mirror_is_not_shown() {
    assert_eq!(shown("https://me:hunter2@host:80/a@b"), "https://host:80/a@b");
    assert_eq!(shown("http://host"), "http://host");
    assert_eq!(shown("file:/a"), "file:/a");
}
