# Reaches root as asked, then becomes the inner shell.
# Arguments: nonce, privilege, ask (y: sudo reads a password from stdin), feed (pipe or args), inner shell, length
# of the script, script. With feed=args the inner shell gets the script as its argument, or on stdin when there is none.
LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
nonce=$1 how=$2 ask=$3 feed=$4 inner=$5
shift 5
mark() {
printf '\n\001crdbctl %s %s\n' "$nonce" "$*"
printf '\n\001crdbctl %s %s\n' "$nonce" "$*" >&2
}
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
esac
# Piped in here, a script stays out of the log that sudo keeps of its arguments.
script=
if [ "$feed" = pipe ]; then
script=$2
set -- "$1"
fi
case $how$ask in
sudoy) set -- sudo -S -k -p "[crdbctl $nonce] " -- sh -c "$inner" crdbctl "$nonce" "$@" ;;
sudon) set -- sudo -n -- sh -c "$inner" crdbctl "$nonce" "$@" ;;
*) set -- doas -n sh -c "$inner" crdbctl "$nonce" "$@" ;;
esac
if [ "$feed" = pipe ]; then
printf %s "$script" | exec "$@"
else
exec "$@"
fi
