//! Machines that are not as usual: another user, a full disk, a long path, an Asterisk of the
//! system's own.
//!
//! Each is made in a mount namespace by a script that runs the program there. Where the kernel
//! grants none, the test says so.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{Scratch, VERSIONS, server};

/// The functions that the scripts share. `hold` runs a program that boots, and ends its input when
/// it has printed where.
const PRELUDE: &str = r#"
    hold() {
        mkfifo $PLACE/in $PLACE/out
        chmod 666 $PLACE/in $PLACE/out
        "$@" --until-input-ends < $PLACE/in > $PLACE/out &
        exec 3> $PLACE/in 4< $PLACE/out
        if read -r line <&4; then echo "$line"; fi
        exec 3>&-
        cat <&4
        wait $!
    }
"#;

/// Runs a script with root's rights over mounts of its own. The script knows the program, the root
/// of the server, and a folder for itself.
async fn unshared(major: u32, scratch: &Scratch, script: &str) -> Option<(Output, String)> {
    let server = server(major).await;
    let root: PathBuf = server.binary().ancestors().nth(3).unwrap().into();
    let mut unshare = Command::new("unshare");
    unshare.arg("--mount");
    if !rustix::process::geteuid().is_root() {
        unshare.arg("--map-root-user");
    }
    if !Command::new("unshare")
        .args(unshare.get_args())
        .arg("true")
        .status()
        .is_ok_and(|it| it.success())
    {
        eprintln!("left out: no mount namespaces here");
        return None;
    }
    unshare.args(["sh", "-ec", &format!("{PRELUDE}{script}")]);
    unshare.env("INSTANCE", env!("CARGO_BIN_EXE_instance")).env("SERVER", &root);
    unshare.env("PLACE", &scratch.0);
    let output = unshare.output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some((output, said))
}

#[tokio::test]
async fn an_ordinary_user_needs_nothing_of_roots() {
    for major in VERSIONS {
        // Of root's own folders an ordinary user sees nothing.
        let script = r#"
            mkdir $PLACE/server $PLACE/home $PLACE/root
            mount --bind $SERVER $PLACE/server
            cp $INSTANCE $PLACE/instance
            chmod 755 $PLACE
            chown 65534:65534 $PLACE/home $PLACE/root 2>/dev/null || exec $INSTANCE list
            user="setpriv --reuid=65534 --regid=65534 --clear-groups"
            hold $user env HOME=$PLACE/home XDG_CACHE_HOME= $PLACE/instance boot --json \
                --asterisk $PLACE/server --root $PLACE/root
            stat -c %u $PLACE/home/.cache/asterisk-instance/documentation $PLACE/root/asterisk-instance-65534
            find $PLACE/root -mindepth 2 -type d
        "#;
        let scratch = Scratch::new();
        let Some((output, said)) = unshared(major, &scratch, script).await else { return };
        assert!(output.status.success(), "{said}");
        if rustix::process::geteuid().is_root() {
            assert!(
                said.contains("\"by\":\"core stop now\",\"status\":\"exit status: 0\""),
                "{said}"
            );
            assert!(said.ends_with("\n65534\n65534\n"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_disk_that_is_full_or_fills_up_is_told_and_nothing_is_left() {
    for size in ["16k", "100k", "260k", "20m"] {
        // All modules write about a megabyte of log.
        let script = r#"
            mkdir $PLACE/disk
            mount -t tmpfs -o size=SIZE tmpfs $PLACE/disk
            hold timeout 60 $INSTANCE boot --json --asterisk $SERVER --root $PLACE/disk && echo fine
            find $PLACE/disk -mindepth 2 -type d
        "#;
        let scratch = Scratch::new();
        let script = script.replace("SIZE", size);
        let Some((_, said)) = unshared(22, &scratch, &script).await else { return };
        if size == "16k" {
            assert!(said.contains("No space left on device"), "{size}: {said}");
            assert!(said.contains("etc/asterisk/") && !said.contains("fine"), "{size}: {said}");
            continue;
        }
        assert!(said.contains("core stop now"), "{size}: {said}");
        assert!(said.ends_with("fine\n"), "something is left, {size}: {said}");
        assert_eq!(said.contains("the disk is full"), size != "20m", "{size}: {said}");
    }
}

#[tokio::test]
async fn folders_of_an_asterisk_of_the_systems_are_not_touched() {
    for major in VERSIONS {
        let script = r#"
            cp -a /etc $PLACE/etc
            mkdir -p $PLACE/etc/asterisk
            mount --bind $PLACE/etc /etc
            for folder in /var/lib /var/spool /var/log /run; do mount -t tmpfs tmpfs $folder; done
            folders="/etc/asterisk /var/lib/asterisk /var/spool/asterisk /var/log/asterisk /run/asterisk"
            mkdir -p $folders /var/spool/asterisk/outgoing
            for folder in $folders; do echo theirs > $folder/theirs; done
            cp /etc/asterisk/theirs /etc/asterisk/asterisk.conf
            look() { find $folders -printf '%p %s %T@ %C@\n' | sort; }
            look > $PLACE/before
            hold $INSTANCE boot --json --asterisk $SERVER
            look > $PLACE/after
            cmp $PLACE/before $PLACE/after && wc -l < $PLACE/after
        "#;
        let scratch = Scratch::new();
        let Some((output, said)) = unshared(major, &scratch, script).await else { return };
        assert!(output.status.success(), "{said}");
        assert!(said.contains("core stop now") && said.trim().ends_with("12"), "{said}");
    }
}

#[tokio::test]
async fn a_long_tmpdir_is_no_matter() {
    let script = r#"
        export TMPDIR=$PLACE/$(printf %200s | tr ' ' x)
        mkdir $TMPDIR
        hold $INSTANCE boot --json --asterisk $SERVER
        ls -A $TMPDIR
    "#;
    let scratch = Scratch::new();
    let Some((output, said)) = unshared(22, &scratch, script).await else { return };
    assert!(output.status.success() && said.contains("core stop now"), "{said}");
    assert_eq!(said.lines().count(), 2, "something is in TMPDIR: {said}");
}

#[tokio::test]
async fn a_database_driver_manager_writes_into_the_sandbox() {
    for major in VERSIONS {
        // With all modules, and with variables of the user's own that name other places.
        let script = r#"
            cp -a /etc $PLACE/etc
            rm -f $PLACE/etc/odbc.ini $PLACE/etc/odbcinst.ini
            mount --bind $PLACE/etc /etc
            mkdir $PLACE/home $PLACE/theirs $PLACE/test
            printf '[general]\n[main]\nenabled = yes\ndsn = tests-own\npre-connect = yes\n' > $PLACE/test/res_odbc.conf
            printf '[tests-own]\nDriver = /nowhere/driver-of-the-test.so\n' > $PLACE/test/odbc.ini
            for test in "" $PLACE/test; do
                hold env HOME=$PLACE/home ASTERISK_CACHE=$PLACE/cache ODBCSYSINI=$PLACE/theirs \
                    $INSTANCE boot --json --asterisk $SERVER --keep --root $PLACE $test
                rm $PLACE/in $PLACE/out
            done
            echo left: $(ls -A $PLACE/home $PLACE/theirs) $(ls /etc | grep odbc)
            grep -rh driver-of-the-test $PLACE/asterisk-instance-*/*/ast1/var/log/asterisk/full.txt
        "#;
        let scratch = Scratch::new();
        let Some((output, said)) = unshared(major, &scratch, script).await else { return };
        let home = scratch.0.join("home").display().to_string();
        let theirs = scratch.0.join("theirs").display().to_string();
        assert!(said.contains(&format!("left: {home}: {theirs}:\n")), "{said}");
        assert!(output.status.success() && said.contains("Can't open lib"), "{said}");
    }
}

#[tokio::test]
async fn a_loopback_that_is_down_or_has_no_address_is_named_with_what_to_do() {
    let script = r#"
        boot="timeout 60 $INSTANCE boot --asterisk $SERVER --root $PLACE"
        unshare --net $boot </dev/null || true
        unshare --net sh -c "ip link set lo up; ip address del 127.0.0.1/8 dev lo; $boot" </dev/null || true
        find $PLACE -mindepth 2 -type d
    "#;
    let scratch = Scratch::new();
    let Some((output, said)) = unshared(22, &scratch, script).await else { return };
    assert!(output.status.success(), "{said}");
    let lines: Vec<_> = said.lines().collect();
    let [down, none] = lines[..] else { panic!("{said}") };
    assert!(down.contains(", port 5037: ") && down.contains("ip link set lo up"), "{said}");
    assert!(none.contains("there is no IPv4 loopback"), "{said}");
}
