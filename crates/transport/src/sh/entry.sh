# Reaches root as asked, then becomes the inner shell.
# Arguments: this script, nonce, privilege, ask (y: sudo reads a password from stdin), feed (pipe or args), inner shell,
# length of the script, script, and what else the inner shell takes. This script, the inner shell and the script are
# encoded for `printf %b`. With feed=args the inner shell gets the script as its argument, or on stdin when there is none.
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
nonce=$2 how=$3 ask=$4 feed=$5 inner=$(printf %b "$6")
shift 6
mark() {
printf '\n\001crdbctl %s %s\n' "$nonce" "$*"
printf '\n\001crdbctl %s %s\n' "$nonce" "$*" >&2
}
script=
if [ $# -gt 1 ]; then
# Command substitution takes line feeds off the end.
script=$(printf %bx "$2")
script=${script%x} size=$1
shift 2
set -- "$size" "$script" "$@"
fi
case $how in
login) ;;
*)
if [ "$(id -u)" = 0 ]; then
[ "$how" != auto ] || how=root
elif [ "$how" = root ]; then
mark refused not-root
exit 1
elif [ "$how" = auto ]; then
how=sudo
command -v sudo >/dev/null 2>&1 || how=doas
fi
case $how in
sudo|doas) command -v "$how" >/dev/null 2>&1 || { mark refused no-tool; exit 1; } ;;
esac
;;
esac
mark by "$how"
case $how in
login|root) exec env -i LC_ALL=C PATH="$PATH" HOME="${HOME:-/}" sh -c "$inner" crdbctl "$nonce" "$@" ;;
# NOEXEC in the sudoers lets the shell start, and nothing by it.
sudo) inner='(exec true) 2>/dev/null
[ $? != 126 ] || { printf "\n\001crdbctl %s refused noexec\n" "$1"; exit 1; }
'$inner ;;
esac
# Piped in here, a script stays out of the log that sudo keeps of its arguments.
[ "$feed" != pipe ] || set -- "$1"
case $how$ask in
sudoy) set -- sudo -S -k -p "[crdbctl $nonce] " -- sh -c "$inner" crdbctl "$nonce" "$@" ;;
sudon) set -- sudo -n -- sh -c "$inner" crdbctl "$nonce" "$@" ;;
*) set -- doas -n sh -c "$inner" crdbctl "$nonce" "$@" ;;
esac
if [ "$feed" = pipe ]; then
printf %s "$script" | exec "$@"
exit
fi
# sudo-rs before 0.2.13 tells its version on stderr.
[ "$ask" = n ] || case $how:$(sudo -V 2>&1) in
sudo:*sudo-rs\ [0-9]*)
# Takes the end of its input for an empty password, and asks and counts again: only a signal stops it (sudo-rs 0.2).
# So the client's lines come through here: `.PASSWORD`, then `go` before the rest, or `stop PID`.
# The end of sudo ends this shell, whatever its input does: sshd hands it one socket for input and output.
trap 'exit 1' TERM
exec 3<&0
while IFS= read -r line; do
case $line in
.*) printf '%s\n' "${line#.}" ;;
go) exec cat ;;
*) kill "${line#stop }"; exit ;;
esac
done <&3 3<&- 2>/dev/null | {
sh -c 'printf "\n\001crdbctl %s pid %s\n" "$0" $$ >&2; exec "$@"' "$nonce" "$@" 2>&4 4>&-
kill $$
} 3<&- 4>&2 2>/dev/null &
exec <&- 3<&- >&- 2>&-
wait
exit
;;
esac
exec "$@"
