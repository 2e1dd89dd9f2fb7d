# Stays on the host and runs scripts from stdin, one by one.
# Arguments: nonce, length of the bootstrap, bootstrap, seconds of silence after which the client is gone.
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
read -r token </proc/sys/kernel/random/uuid || token=$1
mark() {
printf '\n\001%s\n' "$*"
printf '\n\001%s\n' "$*" >&2
}
bootstrap() {
eval "$bootstrap"
}
# Copies the payload, chunk by chunk, until the empty one; a client that is gone ends it too.
feed() {
while size=$(timeout "$slow" head -c 8 9<&-); do
case $size in
00000000|''|*[!0-9]*) return ;;
esac
timeout "$slow" head -c "$size" 9<&- || return
done
}
stage() {
(
set --
unset token
eval "$script"
)
mark "$token" end "$1" "$?"
}
mark crdbctl "$1" start "$token"
bootstrap=$3 idle=$4 slow=$(($4 * 2))
trap 'mark "$token" end 0 "$?"' EXIT
set --
bootstrap
status=$?
trap - EXIT
set +efu
unset IFS
mark "$token" end 0 "$status"
[ "$status" -eq 0 ] || exit 0
# Nothing for so long means that the client is gone although the connection seems to stand; our end frees the lock.
while header=$(timeout "$idle" head -c 64 9<&-); do
set -f
set -- $header
set +f
case $1 in
beat) continue ;;
run) ;;
*) exit 0 ;;
esac
# The token shows that this is a header and not a payload that went astray.
[ "$2" = "$token" ] || exit 1
script=$(timeout "$slow" head -c "$4" 9<&-)
[ "${#script}" -eq "$4" ] || exit 1
case $5 in
y)
feed | {
stage "$3"
# What the stage left unread, so that the next header is where it is looked for.
cat >/dev/null 9<&-
}
;;
*) stage "$3" </dev/null ;;
esac
done
