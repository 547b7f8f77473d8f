//! Fetching with tools that do what apt and dpkg would do.

use std::fs;
use std::path::PathBuf;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use uuid::Uuid;

use super::*;
use crate::provision::apt::{Plan, mirror, shown};

/// A cache, and tools that do what apt and dpkg would do with a mirror of one package, all in a folder of its own.
struct Standin {
    folder: PathBuf,
    environment: Environment,
}

impl Standin {
    fn new(version: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("provision-{}", Uuid::new_v4().simple()));
        fs::create_dir(&folder).unwrap();
        let environment = Environment {
            asterisk: None,
            path: Vec::new(),
            cache: Some(folder.join("cache")),
            mirror: Some("http://mirror.invalid/debian".to_owned()),
            os_release: folder.join("os-release"),
            tools: Some(folder.clone()),
        };
        let standin = Self { folder, environment };
        fs::write(&standin.environment.os_release, "NAME=x\nID=debian\n").unwrap();
        // Counts the downloads, and waits in one while a file says so.
        standin.tool("apt-get", &format!(
            r#"case "$*" in
                *print-uris*) echo "'http://m/a.deb' asterisk_1%3a{version}_amd64.deb 100 SHA256:0" ;;
                *download-only*)
                    for option; do case $option in Dir::Cache=*) cache=${{option#*=}} ;; esac; done
                    echo $$ >> {0}/downloads
                    echo "dlstatus:1:50.0:Retrieving file 1 of 1"
                    while [ -e {0}/wait ]; do sleep 0.01; done
                    touch $cache/archives/asterisk.deb ;;
                *indextargets*Origin*) [ -e {0}/no-lists ] || echo http://main.invalid/debian/ ;;
                *indextargets*) echo http://security.invalid/debian-security; echo http://other.invalid/debian ;;
            esac"#,
            standin.folder.display(),
        ));
        standin.tool("dpkg-deb", &format!(
            r#"mkdir -p $3/usr/sbin $3/usr/lib/asterisk/modules $3/usr/share/asterisk/documentation
            touch $3/usr/lib/asterisk/modules/pbx_config.so
            printf '#!/bin/sh\necho Asterisk {version}\n' > $3/usr/sbin/asterisk
            chmod 6755 $3/usr/sbin/asterisk"#
        ));
        standin
    }

    /// Writes a script, through a child: a file that this process had open for writing cannot be executed while
    /// another thread has just forked.
    fn tool(&self, name: &str, script: &str) {
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#;
        let mut command = std::process::Command::new("sh");
        let path = self.folder.join(name);
        assert!(command.args(["-c", write, "sh", script]).arg(path).status().unwrap().success());
    }

    fn downloads(&self) -> usize {
        fs::read_to_string(self.folder.join("downloads")).unwrap_or_default().lines().count()
    }

    /// What is in the cache, hidden files too.
    fn cached(&self) -> Vec<String> {
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
    let _forks = crate::FORKS.read().await;
    let standin = Standin::new("22.1.0");
    let mut said = Vec::new();
    let server = standin.fetch(|progress| said.push(progress.to_string())).await.unwrap();
    assert_eq!(server.version().as_str(), "22.1.0");
    assert!(said[0].contains("forky"), "{said:?}");
    assert!(said.iter().any(|line| line.contains("1 packages, 0 of 0 MB")), "{said:?}");
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
    let _forks = crate::FORKS.read().await;
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
    assert!(error.contains("forky has 23.0.0; sid has 23.0.0"), "{error}");
    assert!(error.contains("ASTERISK_MIRROR"), "{error}");

    standin.tool(
        "apt-get",
        r#"case "$*" in *update*) echo "E: Failed to fetch" >&2; exit 100 ;; esac"#,
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

    let error = fetch(&standin.environment, 20, |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("only 22 and 16 can"), "{error}");
    assert_eq!(standin.cached(), ["22.lock"]);
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
    let plan = Plan::parse(uris).unwrap();
    assert_eq!((plan.packages, plan.bytes, plan.major()), (2, 2_535_204, Some(22)));
    assert_eq!(plan.version, "22.10.1+dfsg-1");
    assert!(Plan::parse("").is_none());
}

#[test]
fn the_password_of_a_mirror_is_not_shown() {
    assert_eq!(shown("https://me:hunter2@host:80/a@b"), "https://host:80/a@b");
    assert_eq!(shown("http://host"), "http://host");
    assert_eq!(shown("file:/a"), "file:/a");
}
