use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::tempdir;

use super::*;
use crate::folder::home::{first_name, homes, is_ours};

#[test]
fn a_run_whose_process_is_gone_is_swept_and_others_stay() {
    let _no_forks = crate::FORKS.blocking_write();
    let root = tempdir().unwrap();
    let alive = Run::create(root.path(), Keeping::Failed).unwrap();
    let kept = Run::create(root.path(), Keeping::Failed).unwrap();
    kept.keep();
    let dead = Run::create(root.path(), Keeping::Failed).unwrap();
    let paths = [alive.path.clone(), kept.path.clone(), dead.path.clone()];
    // What a dead process leaves: a folder and no lock.
    fs::create_dir(root.path().join("aside")).unwrap();
    fs::rename(&dead.path, root.path().join("aside/dead")).unwrap();
    drop((kept, dead));
    fs::rename(root.path().join("aside/dead"), &paths[2]).unwrap();
    let states = |root| {
        FoundRun::all(root).unwrap().into_iter().map(|run| (run.path().to_owned(), run.state()))
    };
    let mut expected = paths
        .clone()
        .into_iter()
        .zip([RunState::Running, RunState::Kept, RunState::Stale])
        .collect::<Vec<_>>();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(states(root.path()).collect::<Vec<_>>(), expected);
    let next = Run::create(root.path(), Keeping::Failed).unwrap();
    assert_eq!(paths.map(|path| path.exists()), [true, true, false]);
    drop((alive, next));
    assert_eq!(states(root.path()).count(), 1);
}

/// Puts something in place of the first home, as others can.
fn foreign(place: &Path, kind: &str, elsewhere: &Path) -> io::Result<()> {
    match kind {
        "a file" => fs::write(place, ""),
        "a link" => std::os::unix::fs::symlink(elsewhere, place),
        "a dangling link" => std::os::unix::fs::symlink("/nonexistent/home", place),
        "open to others" => {
            fs::create_dir(place)?;
            fs::set_permissions(place, Permissions::from_mode(0o750))
        }
        _ => {
            DirBuilder::new().mode(0o700).create(place)?;
            std::os::unix::fs::chown(place, Some(65534), None)
        }
    }
}

#[test]
fn another_home_is_made_and_found_again_where_the_first_is_not_ours() {
    let _no_forks = crate::FORKS.blocking_write();
    let mut kinds = vec!["a file", "a link", "a dangling link", "open to others"];
    // Only root can give a folder away.
    kinds.extend(rustix::process::geteuid().is_root().then_some("another user's"));
    for kind in kinds {
        let (root, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
        let first = root.path().join(first_name());
        foreign(&first, kind, elsewhere.path()).unwrap();
        let kept = Run::create(root.path(), Keeping::Failed).unwrap();
        kept.keep();
        let next = Run::create(root.path(), Keeping::Failed).unwrap();
        let home = kept.path.parent().unwrap().to_owned();
        assert_eq!(next.path.parent(), Some(&*home), "{kind}");
        assert!(home != first && is_ours(&home), "{kind}: {}", home.display());
        let found =
            || FoundRun::all(root.path()).unwrap().into_iter().map(|run| run.path().to_owned());
        assert_eq!(found().count(), 2, "{kind}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "{kind}");
        drop((kept, next));
        // The first is the first again when it is not in the way any more.
        if fs::remove_file(&first).is_err() {
            fs::remove_dir(&first).unwrap();
        }
        let last = Run::create(root.path(), Keeping::Failed).unwrap();
        assert_eq!(last.path.parent(), Some(&*first), "{kind}");
        assert_eq!(found().count(), 2, "{kind}");
    }
}

#[test]
fn a_root_that_may_not_be_read_has_the_first_home() {
    let _no_forks = crate::FORKS.blocking_write();
    let root = tempdir().unwrap();
    fs::set_permissions(root.path(), Permissions::from_mode(0o300)).unwrap();
    let run = Run::create(root.path(), Keeping::Failed).unwrap();
    assert_eq!(FoundRun::all(root.path()).unwrap()[0].path(), run.path);
    fs::set_permissions(root.path(), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn homes_of_other_names_are_not_ours() {
    let _no_forks = crate::FORKS.blocking_write();
    let root = tempdir().unwrap();
    let names = ["0-abcdef12", "-abcdef1", "-abcdefgh", "-abcdef12x", "x"];
    for name in names {
        let home = root.path().join(format!("{}{name}", first_name()));
        DirBuilder::new().mode(0o700).create(home).unwrap();
    }
    assert_eq!(homes(root.path()).unwrap(), Vec::<PathBuf>::new());
}
