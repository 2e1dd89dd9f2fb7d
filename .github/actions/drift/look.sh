#!/usr/bin/env bash
# Looks at the hosts once, and tells what was found in every form. Secrets come in the environment of this shell alone, and are in
# no other program's environment and in no arguments. The ssh key goes to an agent; the client's key to a file that this user alone
# can read, which goes when this ends.
set -euo pipefail
umask 077

ssh_key=${SSH_KEY:-} known_hosts=${KNOWN_HOSTS:-} sudo_password=${SUDO_PASSWORD:-} client_key=${CLIENT_KEY:-}
unset SSH_KEY KNOWN_HOSTS SUDO_PASSWORD CLIENT_KEY

private=$(mktemp -d "$RUNNER_TEMP/crdbctl-action.XXXXXXXXXX")
child=
clean_up() {
    [ -z "$child" ] || kill "$child" 2>/dev/null || true
    bash "$GITHUB_ACTION_PATH/clean-up.sh"
}
# Where the job is cancelled, nothing is left either.
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
    echo "::error::$1"
    exit 1
}

output() {
    # What is given out must be one line, or it could give out something else.
    case $2 in *$'\n'*) fail "the output $1 would have more than one line" ;; esac
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

output result failed
name=drift
case $SHARD in
'') ;;
*[!0-9/]* | */*/* | /* | */) fail "the input shard is no I/N such as 2/4" ;;
*/*) name=drift-${SHARD%/*}-of-${SHARD#*/} ;;
*) fail "the input shard is no I/N such as 2/4" ;;
esac
results=${DIRECTORY:-$RUNNER_TEMP/crdbctl-drift}
mkdir -p -- "$results"
results=$(cd -- "$results" && pwd)
output directory "$results"
json=$results/$name.json
# What an earlier run on this machine left is not to be taken for what this one found.
rm -f -- "$results/$name".json "$results/$name".md "$results/$name".xml "$results/$name".html

if [ -n "$JOIN" ]; then
    shopt -s nullglob
    shards=("$JOIN"/*.json)
    shopt -u nullglob
    [ "${#shards[@]}" -gt 0 ] || fail "there is no plan of a shard (*.json) in $JOIN: every shard is missing"
    look=("$CRDBCTL" show --format json --merge "${shards[@]}")
else
    look=("$CRDBCTL" --file "$MANIFEST" drift --format json)
    [ -z "$ONLY" ] || look+=("--only=$ONLY")
    [ -z "$ACCEPT" ] || look+=("--accept=$ACCEPT")
    [ -z "$SHARD" ] || look+=("--shard=$SHARD")
    [ -z "$OBSERVED" ] || look+=("--observed=$OBSERVED")
    if [ -n "$sudo_password" ]; then
        exec {password}< <(printf '%s\n' "$sudo_password")
        look+=("--sudo-password-fd=$password")
    fi
    if [ -n "$client_key" ]; then
        case $AUTHORITY in
        /*) keys=$AUTHORITY ;;
        *) keys=$(dirname -- "$MANIFEST")/$AUTHORITY ;;
        esac
        [ -d "$keys" ] || fail "there is no $keys for the key of client.root.crt: see the input authority"
        [ ! -e "$keys/client.root.key" ] || fail "$keys has a client.root.key already: leave the input client-key out"
        (cd -- "$keys" && printf '%s/client.root.key' "$PWD") >"$private/client-key"
        chmod 700 -- "$keys"
        (set -o noclobber && printf '%s\n' "${client_key//$'\r'/}" >"$keys/client.root.key")
    fi
    # What is given here goes before the configuration that ssh would find, and before one that the manifest names.
    options=()
    if [ -n "$ssh_key" ]; then
        eval "$(ssh-agent -a "$private/agent" -s)" >/dev/null
        printf '%s\n' "$SSH_AGENT_PID" >"$private/agent-pid"
        printf '%s\n' "${ssh_key//$'\r'/}" | ssh-add -q - ||
            fail "the input ssh-key is no private key, or has a passphrase"
        options+=("IdentityAgent \"$private/agent\"" "IdentitiesOnly no")
    fi
    if [ -n "$known_hosts" ]; then
        printf '%s\n' "$known_hosts" >"$private/known_hosts"
        options+=("UserKnownHostsFile \"$private/known_hosts\"" "GlobalKnownHostsFile none" "StrictHostKeyChecking yes")
        # Two more ways to keys of hosts; the second is unknown to OpenSSH before 8.5.
        options+=("VerifyHostKeyDNS no")
        if ssh -G -F none -o "KnownHostsCommand none" localhost >/dev/null 2>&1; then
            options+=("KnownHostsCommand none")
        fi
    fi
    if [ "${#options[@]}" -gt 0 ]; then
        # In a file too: ssh takes no options along to a jump host, but the file.
        {
            printf 'Host *\n'
            printf '  %s\n' "${options[@]}"
            printf 'Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\n'
        } >"$private/ssh_config"
        ssh=$(command -v ssh) || fail "there is no ssh here"
        mkdir "$private/bin"
        {
            printf '#!/usr/bin/env bash\nexec %q -F %q' "$ssh" "$private/ssh_config"
            printf ' -o %q' "${options[@]}"
            printf ' "$@"\n'
        } >"$private/bin/ssh"
        chmod 700 "$private/bin/ssh"
        PATH=$private/bin:$PATH
    fi
fi
unset ssh_key known_hosts sudo_password client_key

code=0
"${look[@]}" >"$private/plan.json" &
child=$!
wait "$child" || code=$?
child=
output exit-code "$code"
case $code in
0) result=clean ;;
2) result=diverged ;;
5) result=incomplete ;;
*)
    echo "**crdbctl failed** with exit code $code: see the log of this step." >>"$GITHUB_STEP_SUMMARY"
    fail "crdbctl ended with $code; what it said stands above"
    ;;
esac

umask 022
cat "$private/plan.json" >"$json"
for form in markdown:md junit:xml html:html; do
    told=0
    "$CRDBCTL" show --drift --format "${form%:*}" "$json" >"$results/$name.${form#*:}" || told=$?
    [ "$told" -eq "$code" ] || fail "crdbctl show ended with $told, and looking with $code"
done
cat "$results/$name.md" >>"$GITHUB_STEP_SUMMARY"
output json "$json"
output markdown "$results/$name.md"
output junit "$results/$name.xml"
output html "$results/$name.html"
output result "$result"
