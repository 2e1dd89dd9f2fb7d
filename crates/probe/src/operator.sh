# Runs client commands of CockroachDB as the service's user, with certificates in a file system in memory that only
# this shell and its children see, and that is gone with it: not even a power cut leaves a key on the host.
# Variables: unit, program, user; ca, crt and key are the lengths of what comes on standard input.
LC_ALL=C; export LC_ALL
umask 077
home=/dev/shm
uid=$(id -u -- "$user") && gid=$(id -g -- "$user") || exit 1
# Without noswap (Linux 6.4, tmpfs(5)) the pages could reach a swap device: taken where the kernel has it.
mount -t tmpfs -o mode=0711,size=64m,noswap tmpfs "$home" 2>/dev/null ||
  mount -t tmpfs -o mode=0711,size=64m tmpfs "$home" || exit 1
# The directory is root's, so that nobody puts a link where root writes; the certificates are the user's, to read.
cd "$home" && mkdir certs || exit 1
head -c "$ca" >certs/ca.crt && head -c "$crt" >certs/client.root.crt && head -c "$key" >certs/client.root.key || exit 1
[ "$(wc -c <certs/client.root.key)" -eq "$key" ] || { echo 'the certificates did not come whole' >&2; exit 1; }
chown "$uid:$gid" certs/ca.crt certs/client.root.crt certs/client.root.key certs || exit 1
# Neither the program nor the path to it is trusted with root's power.
as_user() { setpriv --reuid "$uid" --regid "$gid" --clear-groups --inh-caps=-all --no-new-privs -- "$@"; }
# The running process's own binary, wherever the link points by now: it is of the server's version.
pid=$(systemctl show "$unit" -p MainPID --value 2>/dev/null)
case $pid in ''|0) ;; *) if as_user test -x "/proc/$pid/exe"; then program=/proc/$pid/exe; fi ;; esac
# run ADDRESS SECONDS ARGUMENT...: one command; prints its status and what it said.
run() {
  address=$1 seconds=$2; shift 2
  as_user timeout -k 5 "$seconds" "$program" "$@" --certs-dir="$home/certs" --host="$address" </dev/null >out 2>err
  printf 'ran %s <%s> <%s>\n' "$?" "$(base64 -w0 <out)" "$(base64 -w0 <err)"
}
