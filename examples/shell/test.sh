#!/usr/bin/env bash
# Tests of the dialplan in `configs/extensions.conf`. The program `instance` runs this script with
# the address of its server in the environment:
#
#     instance boot configs -- ./test.sh
set -eu

failures=0

# Sends an action: each argument is a header.
send() { printf '%s\r\n' "$@" '' >&3; }

# Calls an extension, and prints the verdict that its dialplan raises as an event.
call() {
    local extension=$1 seconds=${2:-10} line begun=$SECONDS is_verdict=no
    exec 3<>"/dev/tcp/$ASTERISK_AMI_HOST/$ASTERISK_AMI_PORT"
    send 'Action: Login' "Username: $ASTERISK_AMI_USER" "Secret: $ASTERISK_AMI_SECRET"
    send 'Action: Originate' "Channel: Local/$extension@default" \
        'Application: Wait' 'Data: 10' 'Async: true'
    while ((SECONDS - begun < seconds)) && IFS= read -r -t "$seconds" line <&3; do
        case ${line%$'\r'} in
            '') is_verdict=no ;;
            'UserEvent: TestResult') is_verdict=yes ;;
            'result: '*) [ $is_verdict = yes ] && printf '%s\n' "${line:8:-1}" && return ;;
        esac
    done
    echo "none within $seconds s"
}

# Compares a verdict with the one that is expected.
expect() {
    local name=$1 expected=$2 verdict=$3
    if [ "$verdict" = "$expected" ]; then
        echo "ok - $name"
    else
        echo "not ok - $name: expected $expected, not $verdict"
        failures=$((failures + 1))
    fi
}

expect 'a caller hears a beep' pass "$(call s)"
expect 'a sound that is missing is a failure' fail "$(call broken)"
expect 'a verdict that does not come is told' 'none within 1 s' "$(call silent 1)"
exit $((failures > 0))
