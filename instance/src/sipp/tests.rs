//! Tests of finding SIPp, and of fetching it with tools that do what apt and dpkg would do.

use std::error::Error;
use std::fs;

use super::*;
use crate::server::{Standin, chain};

/// A program that prints what SIPp of a version would, and exits as SIPp does.
fn script(version: &str) -> String {
    format!(
        r#"[ "$1" = -v ] && printf '\n SIPp v%s-TLS-PCAP.\n\n This program\n' {version}; exit 99"#
    )
}

/// Tools that fetch a version, and keep what apt was told.
fn fetching(version: &str) -> Standin {
    let standin = Standin::new("");
    let folder = standin.file("").display().to_string();
    standin.tool(
        "apt-get",
        &format!(
            r#"for option; do case $option in
            Dir::Cache=*) cache=${{option#*=}} ;;
            Dir::Etc::sourcelist=*) source=${{option#*=}} ;;
        esac; done
        case "$*" in
            *" update "*) cp $source {folder}/source ;;
            *print-uris*)
                echo "'http://m/s.deb' sip-tester_1%3a{version}-2_amd64.deb 290368 SHA256:0"
                echo "'http://m/c.deb' libc6_2.41_amd64.deb 2850108 SHA256:0" ;;
            *download-only*) echo $$ >> {folder}/downloads; touch $cache/archives/sipp.deb ;;
        esac"#,
        ),
    );
    standin.tool("sipp-of-the-package", &script(version));
    standin.tool(
        "dpkg-deb",
        &format!("mkdir -p $3/usr/bin; cp -p {folder}/sipp-of-the-package $3/usr/bin/sipp"),
    );
    standin
}

/// Makes a SIPp of a version in a folder of its own, and returns that.
fn program(standin: &Standin, name: &str, version: &str) -> PathBuf {
    fs::create_dir_all(standin.file(name).join("usr/bin")).unwrap();
    standin.tool(&format!("{name}/usr/bin/sipp"), &script(version));
    standin.file(name)
}

async fn found(standin: &Standin) -> Result<String, SippError> {
    let sipp = Sipp::find_in(&standin.environment, |_| {}).await?;
    Ok(sipp.version().to_string())
}

/// The text of an error with its causes.
fn told(error: SippError) -> String {
    chain(&error as &dyn Error)
}

#[tokio::test]
async fn the_named_one_comes_first_then_path_then_the_cache_then_the_fetch() {
    let _forks = crate::FORKS.read().await;
    let mut standin = fetching("3.7.3");
    assert_eq!(found(&standin).await.unwrap(), "3.7.3");
    assert_eq!((standin.downloads(), found(&standin).await.unwrap()), (1, "3.7.3".to_owned()));
    assert_eq!(
        (standin.downloads(), standin.cached()),
        (1, vec!["sipp".into(), "sipp.lock".into()])
    );
    let in_path = program(&standin, "path", "3.6.1");
    standin.environment.path = vec!["/nonexistent".into(), in_path.join("usr/bin")];
    assert_eq!(found(&standin).await.unwrap(), "3.6.1");
    standin.environment.sipp = Some(program(&standin, "named", "3.7.5"));
    assert_eq!(found(&standin).await.unwrap(), "3.7.5");
}

#[tokio::test]
async fn the_package_is_fetched_from_trixie_with_all_that_it_needs() {
    let _forks = crate::FORKS.read().await;
    let standin = fetching("3.7.3");
    let mut said = Vec::new();
    let tell = |progress: Progress| said.push(progress.to_string());
    let sipp = Sipp::find_in(&standin.environment, tell).await.unwrap();
    assert_eq!(sipp.binary(), standin.file("cache/sipp/usr/bin/sipp"));
    assert_eq!(sipp.described(), "SIPp v3.7.3-TLS-PCAP");
    assert!(sipp.has(Feature::Tls) && !sipp.has(Feature::Sctp) && sipp.has_media_port());
    let expected = "downloading SIPp 3.7.3-2: 2 packages, 0 of 3 MB";
    assert!(said.iter().any(|line| line == expected), "{said:?}");
    let source = fs::read_to_string(standin.file("source")).unwrap();
    assert!(source.contains("\nSuites: trixie\n"), "{source}");
}

#[tokio::test]
async fn an_old_one_is_refused_by_name_and_passed_over_in_path() {
    let _forks = crate::FORKS.read().await;
    let mut standin = fetching("3.7.3");
    let old = program(&standin, "old", "3.5.2");
    standin.environment.path = vec![old.join("usr/bin")];
    assert_eq!(found(&standin).await.unwrap(), "3.7.3");
    standin.environment.sipp = Some(old.clone());
    let error = found(&standin).await.unwrap_err();
    assert!(matches!(error, SippError::Named { .. }), "{error:?}");
    let reason = "it is version 3.5.2, expected 3.6 or later, because older ones may lack";
    let error = told(error);
    let named = format!("the program that SIPP named, {}, cannot be used: ", old.display());
    assert!(error.starts_with(&named) && error.contains(reason), "{error}");
    // Where none can be fetched, what is wrong with those that are there is told.
    standin.environment.sipp = None;
    standin.environment.cache = Some(standin.file("other"));
    standin.tool("apt-get", "echo 'E: no network' >&2; exit 100");
    let error = told(found(&standin).await.unwrap_err());
    assert!(error.starts_with("no SIPp 3.6 or later found, and none could be fetched"), "{error}");
    let advice = "name another mirror in ASTERISK_MIRROR, or a program by path or in SIPP";
    assert!(
        error.contains(reason) && error.contains("E: no network") && error.contains(advice),
        "{error}"
    );
    fs::write(&standin.environment.os_release, "ID=alpine\n").unwrap();
    let error = told(found(&standin).await.unwrap_err());
    let advice = "SIPp can be fetched on Debian alone, and this is \"alpine\"; install SIPp";
    assert!(error.contains(advice), "{error}");
}

#[tokio::test]
async fn one_that_brought_its_own_loader_is_launched_by_that() {
    let _forks = crate::FORKS.read().await;
    let standin = fetching("3.7.3");
    let root = program(&standin, "own", "3.6.1");
    let libraries = root.join("usr/lib/x86_64-linux-gnu");
    fs::create_dir_all(&libraries).unwrap();
    fs::write(libraries.join("libc.so.6"), "").unwrap();
    let name = "own/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
    standin.tool(name, r#"[ "$1" = --library-path ] || exit 1; shift 2; exec "$@""#);
    let sipp = Sipp::at(&root).await.unwrap();
    let command = sipp.command();
    assert_eq!(command.get_program(), standin.file(name));
    let expected = ["--library-path".as_ref(), libraries.as_os_str(), sipp.binary().as_os_str()];
    assert_eq!(command.get_args().collect::<Vec<_>>(), expected);
    // By its binary as by its folder.
    let by_binary = Sipp::at(root.join("usr/bin/sipp")).await.unwrap();
    assert_eq!(by_binary.command().get_program(), command.get_program());
}

#[tokio::test]
async fn a_program_that_is_another_is_told_apart() {
    let _forks = crate::FORKS.read().await;
    let error = Sipp::at("/bin/true").await.unwrap_err();
    assert!(matches!(error, ProbeError::NoVersion { .. }), "{error}");
    let error = Sipp::at("/nonexistent/sipp").await.unwrap_err();
    assert!(matches!(error, ProbeError::Missing(_)), "{error}");
}
