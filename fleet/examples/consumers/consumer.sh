#!/usr/bin/env bash
# Prints the messages of all servers, and begins where it stopped last time.
#
# `consumer.sh [HOST [PORT [STREAM]]]`, behind a bridge. Needs bash alone: it speaks the protocol of
# NATS. A line is a subject and the body, which is JSON.
LC_ALL=C stream=${3:-AMI}
exec 3<>"/dev/tcp/${1:-127.0.0.1}/${2:-4222}" || exit
send() { printf '%s\r\n' "$@" >&3; }
durable='{"stream_name":"'$stream'","config":{"durable_name":"shell","ack_policy":"explicit"}}'
inbox=_INBOX.shell-$$-$RANDOM
send 'CONNECT {"verbose":false,"headers":true,"no_responders":true}' "SUB $inbox 1"
send "PUB \$JS.API.CONSUMER.DURABLE.CREATE.$stream.shell $inbox ${#durable}" "$durable"
while read -r -u 3 verb subject _ rest; do
    case $verb:$subject in
    PING*) send PONG ;;
    -ERR*) echo "$verb $subject $rest" >&2 && exit 1 ;;
    MSG:* | HMSG:*)
        read -ra sizes <<<"${rest%$'\r'}"
        read -r -u 3 -N "${sizes[-1]}" body
        [ "$verb" = MSG ] || body=${body:${sizes[-2]}}
        case ${sizes[0]}:$body in
        # The reply subject of a message is that of its acknowledgement.
        \$JS.ACK.*) echo "$subject $body" && send "PUB ${sizes[0]} 0" '' ;;
        *'"error"'*) echo "$body" >&2 && exit 1 ;;
        esac
        send "PUB \$JS.API.CONSUMER.MSG.NEXT.$stream.shell $inbox 0" ''
        ;;
    esac
done
