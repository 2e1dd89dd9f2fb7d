# Runs one script and says how it ended. Arguments: nonce, length of the script, script (else it is read from stdin, and
# what follows it there is the script's own stdin).
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
# Made here and told once, so that nothing which merely sees our arguments can forge an end.
read -r token </proc/sys/kernel/random/uuid || token=$1
mark() {
printf '\n\001%s\n' "$*"
printf '\n\001%s\n' "$*" >&2
}
mark crdbctl "$1" start "$token"
if [ "$#" -gt 2 ]; then script=$3; else script=$(head -c "$2"); fi
# A connection that broke while the script came leaves a part of it, which must not run.
[ "${#script}" -eq "$2" ] || exit 1
(
set --
unset token
eval "$script"
)
mark "$token" end 0 "$?"
