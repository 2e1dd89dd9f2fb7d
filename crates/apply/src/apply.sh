LC_ALL=C; export LC_ALL
umask 077
b64() { base64 -w0; }
die() { printf '%s\n' "$*" >&2; exit 1; }
# Goes to a directory one component at a time. A link is followed only where nobody but root could have
# put it; one that turns up between look and step is noticed, because the place is then another one.
enter() {
  cd / || exit 1
  left=${1#/}
  while [ -n "$left" ]; do
    part=${left%%/*}
    case $left in */*) left=${left#*/} ;; *) left= ;; esac
    if [ -L "./$part" ]; then
      only_root . || die "refusing to follow the link $(pwd -P)/$part: its directory is writable by others than root"
      cd -P "./$part" || exit 1
    else
      here=$(pwd -P)
      if [ ! -e "./$part" ] && [ "${make_parents-}" = yes ]; then mkdir -m 0755 "./$part" || exit 1; fi
      cd -P "./$part" || exit 1
      [ "$(pwd -P)" = "${here%/}/$part" ] || die "refusing to write below ${here%/}/$part: it became a link"
    fi
  done
}
only_root() {
  set -- "$(stat -c '%u %a' -- "$1")"
  [ "${1%% *}" = 0 ] && [ $((0${1##* } & 022)) -eq 0 ]
}
# A directory of root alone, in the current one, to make things in before they get their name.
stage_dir() {
  staging=$(mktemp -d ./.crdbctl.XXXXXXXX 2>&1) || die "no directory can be created in $(pwd -P): ${staging##*: }"
  cd -P "$staging" || exit 1
  # In a directory with the set-group-ID bit it has that bit too.
  case $(stat -c '%u %a' .) in '0 700'|'0 2700') ;; *) false ;; esac || die "the staging directory in $1 is not ours"
  # A step that fails, or is ended from outside, must not keep the space: nobody may come back to sweep for days.
  trap discard EXIT
  trap 'exit 1' HUP INT TERM
}
unstage() { trap - EXIT HUP INT TERM; cd .. && rmdir -- "$staging"; }
# Removes the staging directory, which the shell is in, with all that is in it.
discard() { cd -P .. 2>/dev/null && rm -rf -- "$staging" 2>/dev/null; }
# space PATH: sets device, mount, bytes and inodes of the file system that PATH is on, or will be on; the numbers are what is
# free there, and empty where the file system keeps no count. Fails when it cannot be read.
space() {
  at=$1
  while [ ! -d "$at" ]; do at=${at%/*}; at=${at:-/}; done
  told=$(df -B1 --output=source,size,avail,itotal,iavail,target -- "$at" 2>/dev/null) || return 1
  set -f; set -- ${told#*
}; set +f
  [ "$#" -ge 6 ] || return 1
  device=$1 bytes=$3 inodes=$5
  # Some file systems count no inodes, and some no bytes: the total is 0 or a dash then.
  case $2 in 0|*[!0-9]*) bytes= ;; esac
  case $4 in 0|*[!0-9]*) inodes= ;; esac
  shift 5; mount=$*
  case $bytes$inodes in *[!0-9]*) return 1 ;; esac
}
# place PATH: PATH with its file system, in words; after space.
place() { if [ "$1" = "$mount" ]; then printf '%s (%s)' "$1" "$device"; else printf '%s (%s, mounted at %s)' "$1" "$device" "$mount"; fi; }
# megabytes BYTES: with one decimal place up to 10 MB.
megabytes() {
  tenths=$(($1 / 100000))
  if [ "$tenths" -lt 100 ]; then printf '%s.%s MB' $((tenths / 10)) $((tenths % 10)); else printf '%s MB' $((tenths / 10)); fi
}
# room PATH BYTES INODES: ends the step when the file system of the directory PATH has less free than that.
room() {
  space "$1" || return 0
  [ -z "$bytes" ] || [ "$bytes" -ge "$2" ] ||
    die "$(place "$1") has $(megabytes "$bytes") free; the package needs $(megabytes "$2")"
  [ -z "$inodes" ] || [ "$inodes" -ge "$3" ] || die "$(place "$1") has $inodes inodes free; the package needs $3"
}
# full BYTES DIRECTORY...: names each file system of these directories that has fewer bytes free, or next to no inodes.
full() {
  least=$1 named=' '; shift
  for path in "$@"; do
    space "$path" || continue
    case $named in *" $mount "*) continue ;; esac
    named="$named$mount "
    if [ -n "$bytes" ] && [ "$bytes" -lt "$least" ]; then printf '%s is full: %s bytes free\n' "$(place "$path")" "$bytes"
    elif [ -n "$inodes" ] && [ "$inodes" -lt 4 ]; then printf '%s is full: %s inodes free\n' "$(place "$path")" "$inodes"; fi
  done
}
# unwritten PATH [BYTES]: ends a step that could not write PATH. The shell itself says only "I/O error".
unwritten() {
  why=$(full $((${2-0} + 65536)) "${1%/*}")
  die "$1 could not be written${why:+: $why}"
}
# What an interrupted apply left behind, in directories that this one writes to. The lock is held, so nobody works there.
sweep() {
  for swept in "$@"; do
    [ -d "$swept" ] || continue
    (enter "$swept"
    for old in ./.crdbctl.????????; do
      if [ -d "$old" ] && [ ! -L "$old" ] && [ "$(stat -c %u -- "$old")" = 0 ]; then rm -rf -- "$old"; fi
    done) || exit 1
  done
}
# put PATH OWNER GROUP MODE CONTENT: a whole file, under its name at once or not at all.
put() {
  enter "${1%/*}/"
  name=${1##*/}
  [ ! -d "./$name" ] || [ -L "./$name" ] || die "$1 is a directory"
  stage_dir "$1"
  { printf %s "$5" >new; } 2>/dev/null || unwritten "$1" "${#5}"
  chown -- "$2:$3" new && chmod -- "$4" new && sync new && mv -f -T -- new "../$name" || exit 1
  unstage && sync .
}
# sole LINK NAME: whether LINK, in a directory of root, and NAME, where others may write, are the only two names of a file.
# Where fs.protected_hardlinks is 0 (proc_sys_fs(5)), others can make NAME a link to any file, and take it away after LINK was
# made, so that two names are counted again. Each such change sets the time of the inode's last change (inode(7)), as exactly as
# the kernel's tick, 10 ms at most. So a time that is older than that, and stays, means that no name came or went.
sole() {
  sleep 0.05
  now=$(date +%s%N) before=$(stat -c '%h.%.9Z' -- "$1")
  [ "$2" -ef "$1" ] && [ "$(stat -c '%h.%.9Z' -- "$1")" = "$before" ] || return 1
  changed=${before#2.}
  case $before:${changed%.*}${changed#*.} in 2.*:*[!0-9]*) return 1 ;; 2.*) [ $((now - ${changed%.*}${changed#*.})) -gt 20000000 ] ;; *) return 1 ;; esac
}
# amend PATH OWNER GROUP MODE: of a plain file, whatever name its owner moves it to meanwhile.
amend() {
  enter "${1%/*}/"
  name=${1##*/}
  stage_dir "$1"
  ln -P -T -- "../$name" it || exit 1
  amended=1
  case $(stat -c '%h %F' -- it) in
    '2 regular '*)
      if sole it "../$name"; then chown -- "$2:$3" it && chmod -- "$4" it; amended=$?
      else printf '%s changed while crdbctl looked at it: it is left as it is; see who changes it, then apply again\n' "$1" >&2; fi ;;
    *' regular '*) printf '%s has another hard link, through which this would change another file: it is left as it is; replace it with a copy of its own, then apply again\n' "$1" >&2 ;;
    *) printf '%s is not a plain file\n' "$1" >&2 ;;
  esac
  rm -f -- it && unstage && [ "$amended" -eq 0 ]
}
# directory PATH OWNER GROUP MODE
directory() {
  (make_parents=yes; enter "${1%/*}/"; [ -d "./${1##*/}" ] || mkdir -m 0700 -- "./${1##*/}") || exit 1
  enter "$1"
  # A fifth digit makes GNU chmod take set-group-ID off a directory too, where four would leave it.
  chown -- "$2:$3" . && chmod -- "0$4" . && sync .
}
# link PATH TARGET [DIGEST]: switched at once; a plain file in the way is kept beside it, unless it has that digest.
link() {
  enter "${1%/*}/"
  name=${1##*/}
  if [ -e "./$name" ] && [ ! -L "./$name" ]; then
    [ -f "./$name" ] || die "$1 is not a plain file: it is left as it is"
    hash=
    if [ -n "${3-}" ]; then hash=$(sha256sum <"./$name") || exit 1; fi
    if [ -z "$hash" ] || [ "${hash%% *}" != "$3" ]; then
      kept=$name.old
      if [ -e "./$kept" ] || [ -L "./$kept" ]; then kept=$name.old.$run; fi
      ln -P -T -- "./$name" "./$kept" || exit 1
    fi
  fi
  stage_dir "$1"
  ln -s -T -- "$2" new && mv -f -T -- new "../$name" || exit 1
  unstage && sync .
}
# begin LOCAL-ADDRESS PATH...: notes what is about to be created, until the record tells.
begin() { { printf '%s\n' "$*" >>"$state/$cluster.begun"; } 2>/dev/null || unwritten "$state/$cluster.begun"; }
# spare PATH LIVE...: sees that PATH is no other way, over a link or a mount, to what the manifest has.
spare() {
  path=$1 it=$(identity "$1"); shift
  [ -n "$it" ] || return 0
  for live in "$@"; do
    [ "$(identity "$live")" != "$it" ] || die "$path is another way to $live, which the manifest has: it is left as it is; see which link or mount leads there"
  done
}
# Where a name stands: device and inode of its directory, and the name.
identity() {
  parent=$(stat -L -c '%d:%i' -- "${1%/*}/" 2>/dev/null) || return 0
  printf '%s/%s' "$parent" "${1##*/}"
}
# remove PATH: a file, or whatever is not a directory, under its name; a link is not followed.
remove() {
  enter "${1%/*}/"
  name=${1##*/}
  [ -e "./$name" ] || [ -L "./$name" ] || return 0
  [ ! -d "./$name" ] || [ -L "./$name" ] || die "$1 is a directory: it is left as it is"
  rm -f -- "./$name" && sync .
}
# remove_aside PATH NAME: keeps a plain file in a place of root.
remove_aside() {
  enter "${1%/*}/"
  name=${1##*/}
  [ -e "./$name" ] || [ -L "./$name" ] || return 0
  [ -f "./$name" ] && [ ! -L "./$name" ] || die "$1 is not a plain file: it is left as it is"
  place=$(aside) && mv -n -T -- "./$name" "$place/$2" && [ ! -e "./$name" ] && sync "$place" && sync .
}
# remove_link PATH TARGET: only a link, and only while it leads there.
remove_link() {
  enter "${1%/*}/"
  name=${1##*/}
  [ -e "./$name" ] || [ -L "./$name" ] || return 0
  [ -L "./$name" ] || die "$1 is not a link: it is left as it is"
  leads=$(readlink -n -- "./$name"; printf .)
  [ "$leads" = "$2." ] || die "$1 leads to ${leads%.} now, not to $2: it is left as it is"
  rm -f -- "./$name" && sync .
}
# remove_directory PATH: only an empty one.
remove_directory() {
  enter "${1%/*}/"
  name=${1##*/}
  [ -e "./$name" ] || [ -L "./$name" ] || return 0
  [ ! -L "./$name" ] && [ -d "./$name" ] || die "$1 is not a directory: it is left as it is"
  sweep "$1"
  rmdir -- "./$name" && sync .
}
# empty DIRECTORY: removes all that is in it, following no link (find(1), -delete), unless another file system or a part of
# this one is mounted below it. What mkfs made stays.
empty() {
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi
  (enter "${1%/*}/"; [ ! -L "./${1##*/}" ] && [ -d "./${1##*/}" ]) || die "$1 is not a directory: it is left as it is"
  enter "$1"
  here=$(pwd -P)
  while read -r _ _ _ _ point _; do
    case $point in "$here"/*) die "$point is mounted below $1: unmount it first; nothing in $1 was deleted" ;; esac
  done </proc/self/mountinfo
  find . -xdev -mindepth 1 ! -path ./lost+found ! -path './lost+found/*' -delete && sync .
}
# remove_package PATH whole|part FILE...: its own files, then what is empty of its directories.
remove_package() {
  package=$1 whole=$2; shift 2
  [ -e "$package" ] || [ -L "$package" ] || return 0
  running=$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$package/*" -printf '%h ' 2>/dev/null) || true
  [ -z "$running" ] || die "$package is in use: $running"
  (enter "${package%/*}/"; [ ! -L "./${package##*/}" ]) || die "$package is a link: it is left as it is"
  enter "$package"
  for file in "$@"; do
    (remove "$package/$file") || exit 1
    case $file in */*) parent=${file%/*}; (enter "$package" && rmdir -p -- "$parent") 2>/dev/null || true ;; esac
  done
  sync .
  if [ "$whole" = whole ]; then cd .. && rmdir -- "./${package##*/}" && sync .; fi
}
# remove_user NAME. userdel(8) also removes the group of that name where login.defs(5) has USERGROUPS_ENAB: whoever created it, and
# although no plan names it. It comes back with its number; one that crdbctl created has a removal of its own.
remove_user() {
  getent passwd "$1" >/dev/null || return 0
  group=$(getent group "$1") || group=
  userdel -- "$1" || return 1
  if [ -n "$group" ] && ! getent group "$1" >/dev/null; then
    gid=${group#*:*:}; gid=${gid%%:*}
    groupadd -g "$gid" -- "$1"
  fi
}
# forget: the record and what lies beside it. What was set aside stays, and so does what is of other clusters.
forget() {
  for kind in json digests keys pending begun steps forced; do rm -f -- "$state/$cluster.$kind" || exit 1; done
  sync "$state"
  rmdir -- "$state" 2>/dev/null || true
}
# A place of root for what stood in the way: prints it.
aside() {
  mkdir -p -m 0700 "$state/set-aside/$run" && chmod 0700 "$state/set-aside" && printf '%s/set-aside/%s' "$state" "$run"
}
# copy_aside PATH NAME, before something else takes its place. move_aside PATH NAME. A NAME is used once a run.
# A pipe or a device is copied as what it is (-R), never read.
copy_aside() { place=$(aside) && cp -R -P -p -T -- "$1" "$place/$2"; }
move_aside() { place=$(aside) && mv -n -T -- "$1" "$place/$2" && [ ! -e "$1" ] && sync "$place"; }
pending() {
  if [ "$1" = reload ] && [ -e "$state/$cluster.pending" ]; then return; fi
  put "$state/$cluster.pending" root root 0600 "$1"
}
settled() { rm -f -- "$state/$cluster.pending"; }
# note_step JSON: notes what a step is about to do, until the record tells. A line that an earlier run left without its end, by a
# power cut, is ended first.
note_step() {
  steps=$state/$cluster.steps new=
  [ -e "$steps" ] || new=yes
  if [ -s "$steps" ] && [ -n "$(tail -c 1 -- "$steps" 2>/dev/null)" ]; then set -- "
$1"; fi
  { printf '%s\n' "$1" >>"$steps" && sync -d "$steps"; } 2>/dev/null || unwritten "$steps"
  [ -z "$new" ] || sync "$state"
}
# note_key DIGEST-OF-FILE DIGEST-OF-PUBLIC-HALF, of a key or a certificate: the newest first; older ones stay for a
# pair that is not replaced after all.
note_key() {
  older=$(grep -v -F -- "$1 " "$state/$cluster.keys" 2>/dev/null | head -n 15) || older=
  put "$state/$cluster.keys" root root 0600 "$1 $2
${older:+$older
}"
}
# public_half FILE crt|key: the digest of its public half, from the list of what crdbctl made, else by openssl.
public_half() {
  hash=$(sha256sum <"$1") || return 1
  if known=$(grep -F -m1 -- "${hash%% *} " "$state/$cluster.keys" 2>/dev/null); then printf %s "${known#* }"; return; fi
  command -v openssl >/dev/null 2>&1 || { printf 'openssl is not on the host, and crdbctl did not make %s' "$1" >&2; return 1; }
  # A pipeline ends as its last part does, so what is digested is looked at first.
  if [ "$2" = key ]; then half=$(openssl pkey -passin pass: -in "$1" -pubout </dev/null)
  else half=$(openssl x509 -in "$1" -noout -pubkey </dev/null); fi
  [ -n "$half" ] || return 1
  hash=$(printf '%s\n' "$half" | openssl pkey -pubin -outform DER | sha256sum); printf %s "${hash%% *}"
}
hex() { od -An -v -tx1 | tr -d ' \n'; }
is_listed() { hash=$(sha256sum <"$1") && grep -q -F -- "${hash%% *} " "$state/$cluster.keys" 2>/dev/null; }
# holds_key CERTIFICATE KEY, without openssl: whether the first certificate of a file is for a key. OpenSSH's form of a public
# key ends in the modulus or the point (RFC 4253 6.6, RFC 5656 3.1), and so they stand in the certificate: 64 bytes of them.
holds_key() {
  command -v ssh-keygen >/dev/null 2>&1 || die "not reloaded: what $2 is for cannot be told: neither openssl nor ssh-keygen is on the host"
  half=$(head -c 65536 -- "$2" | ssh-keygen -y -P '' -f /dev/stdin 2>&1)
  case $half in ssh-rsa' '*|ecdsa-*' '*) ;; *) die "not reloaded: what $2 is for cannot be told: ssh-keygen says: $half" ;; esac
  half=${half#* }; half=$(printf %s "${half%% *}" | base64 -d | tail -c 64 | hex)
  crt=$(tr -d '\r' <"$1" | sed -n '/^-----BEGIN CERTIFICATE-----/,/^-----END/{/^-----END/q;/^-----/d;p;}' | base64 -d | hex)
  [ "${#half}" -eq 128 ] && [ -n "$crt" ] || die "not reloaded: what $1 is for cannot be told"
  case $crt in *"$half"*) ;; *) return 1 ;; esac
}
# small FILE...: ends the step unless each that exists is a regular file of at most 64 KiB, before a byte of it is read: a pipe would
# hold the step and its lock, and a large file would take minutes.
small() {
  for file in "$@"; do
    [ -e "$file" ] || continue
    [ -f "$file" ] || die "not reloaded: $file is not a regular file; replace it by the file that was there, then apply again"
    size=$(stat -L -c %s -- "$file") && [ "$size" -le 65536 ] || die "not reloaded: $file has ${size:-?} bytes, more than the 64 KiB that are read of a certificate or key"
  done
}
# fitting CERTIFICATE KEY, before a process is told to read them: it would take a key of another certificate without a
# word, and then fail every handshake.
fitting() {
  small "$1" "$2"
  if ! command -v openssl >/dev/null 2>&1 && ! { is_listed "$1" && is_listed "$2"; }; then
    holds_key "$1" "$2" || die "not reloaded: $2 does not belong to $1, and every new connection would fail; plan again"
    return
  fi
  crt=$(public_half "$1" crt) || die "not reloaded: what $1 is for cannot be told"
  key=$(public_half "$2" key) || die "not reloaded: what $2 is for cannot be told"
  [ "$crt" = "$key" ] || die "not reloaded: $2 does not belong to $1, and every new connection would fail; plan again"
}
serial_of() { openssl x509 -noout -serial -in "$1"; }
served_serial() { timeout 5 openssl s_client -connect "$1" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null || true; }
# end_of FILE: when its first certificate ends, which is the one that CockroachDB goes by, in Unix seconds.
end_of() { end=$(openssl x509 -noout -enddate -in "$1") && date -u +%s -d "${end#notAfter=}"; }
# told_end KIND HTTP: the same of what the process has read, by its own word; nothing where it does not tell (0 is none).
told_end() {
  command -v curl >/dev/null 2>&1 || return 0
  told=$(curl -sk --noproxy '*' --connect-timeout 2 --max-time 5 "https://$2/_status/vars" 2>/dev/null |
    sed -n "s/^security_certificate_expiration_$1\({[^}]*}\)\{0,1\} \([0-9.e+]*\)\$/\2/p" | head -n 1)
  # Large numbers are written 1.8e+09.
  case $told in ''|0) ;; *) LC_ALL=C printf '%.0f' "$told" ;; esac
}
day() { date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ; }
# reread TRIES PID CERTS SQL HTTP: has the process read its certificates again, and waits until it goes by those on disk. A line
# that begins with "told: " is for whoever applies, and "reread: seen" is the last one. A host without openssl signals nothing: "serve: "
# has what is on disk, and the control host looks, signals and looks again.
certificates_in() { if [ -f "$1" ]; then timeout 5 head -c 1048576 -- "$1" | sed -n '/^-----BEGIN CERTIFICATE-----[[:space:]]*$/,/-----/{/-----/!p;/^-----\(BEGIN\|END\) CERTIFICATE-----[[:space:]]*$/p;}'; fi; }
reread() {
  small "$3/node.crt" "$3/ui.crt" "$3/ca.crt"
  tries=$1 front=$3/node.crt
  if [ -e "$3/ui.crt" ]; then front=$3/ui.crt; fi
  if ! command -v openssl >/dev/null 2>&1; then
    printf 'serve: %s %s %s\n' "$(certificates_in "$3/node.crt" | b64)" "$(certificates_in "$front" | b64)" "$(certificates_in "$3/ca.crt" | b64)"
    return
  fi
  node=$(serial_of "$3/node.crt") shown=$(serial_of "$front")
  ca_end=$(end_of "$3/ca.crt") || ca_end=
  node_end=$(end_of "$3/node.crt") || node_end=
  was=$(served_serial "$4") ca_was=$(told_end ca "$5")
  kill -HUP "$2"
  while :; do
    wrong=
    for look in "$4 $node" "$5 $shown"; do
      served=$(served_serial "${look%% *}")
      [ "$served" = "${look#* }" ] || wrong="${wrong:-${look%% *} still serves ${served:-no certificate} after SIGHUP, ${look#* } is on disk. If it stays so, restart CockroachDB on this node}"
    done
    for look in "ca $ca_end" "node $node_end"; do
      told=$(told_end "${look%% *}" "$5")
      if [ -n "$told" ] && [ -n "${look#* }" ] && [ "$told" != "${look#* }" ] && [ -z "$wrong" ]; then
        wrong="after SIGHUP it still goes by a ${look%% *}.crt that ends $(day "$told"), the one on disk ends $(day "${look#* }")"
      fi
    done
    [ -n "$wrong" ] || break
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || die "$wrong"
    sleep 0.2
  done
  if [ "$was" = "$node" ]; then
    told=$(told_end ca "$5")
    if [ -z "$told" ]; then
      echo 'told: whether it has read ca.crt again cannot be told: node.crt is the same, and no metric came from it (is curl on the host?)'
    elif [ "$ca_was" = "$told" ]; then
      echo 'told: whether it has read ca.crt again cannot be told: node.crt is the same, and the first certificate of ca.crt ends as before'
    fi
  fi
  settled
  echo 'reread: seen'
}
main_pid() { systemctl show "$1" -p MainPID --value; }
# The last words of a service that does not do as it is told.
why_not() {
  systemctl show "$1" -p ActiveState -p SubState -p Result -p ExecMainStatus 2>&1 | tr '\n' ' ' >&2
  printf '\n' >&2
  journalctl -u "$1" -n 15 --no-pager -o cat >&2 2>/dev/null
  return 1
}
# started UNIT, after systemctl has ended with 0: it does so too where a condition of the unit does not hold, and starts
# nothing then (systemd.unit(5)).
started() {
  if [ "$(systemctl show "$1" -p ActiveState --value)" = inactive ] && [ "$(systemctl show "$1" -p ConditionResult --value)" = no ]; then
    unmet=$(systemctl status --no-pager -n 0 -- "$1" 2>&1 | sed -n '/Condition: /,/^$/p' | tr -s ' \n' ' ') || true
    die "systemd started nothing, because a condition of $1 does not hold: ${unmet}see to it that it holds, then apply again"
  fi
}
# remember PATH: adds "device:inode:size:mtime:ctime digest" of a file to the list in known. A file that changes while
# it is read is left out.
remember() {
  tuple=$(stat -c '%d:%i:%s:%.9Y:%.9Z' -- "$1" 2>/dev/null) || return 0
  line=$(grep -F -m1 -- "$tuple " "$state/$cluster.digests" 2>/dev/null)
  if [ "${line%% *}" != "$tuple" ]; then
    hash=$(sha256sum <"$1") || return 0
    [ "$(stat -c '%d:%i:%s:%.9Y:%.9Z' -- "$1" 2>/dev/null)" = "$tuple" ] || return 0
    line="$tuple ${hash%% *}"
    missing=yes
  fi
  known="$known$line
"
}
put_known() { (put "$state/$cluster.digests" root root 0600 "$known"); }
# run_step NUMBER PAYLOAD-BYTES|rest NUMBERS-BEFORE: one change, which gets so many bytes as payload, or all that is left on
# its standard input. Those that rest on a failed one are skipped, and no others.
failed=' '
run_step() {
  number=$1 size=$2; shift 2
  payload=
  if [ "$size" != rest ] && [ "$size" -gt 0 ]; then
    payload=$(head -c "$size"; printf .); payload=${payload%.}
    if [ "${#payload}" -ne "$size" ]; then failed="$failed$number "; printf 'fail %s %s\n' "$number" "$(printf 'only %s of %s bytes came' "${#payload}" "$size" | b64)"; return; fi
  fi
  for earlier in "$@"; do
    case $failed in *" $earlier "*) failed="$failed$number "; printf 'skip %s %s\n' "$number" "$earlier"; return ;; esac
  done
  began=$(date +%s%3N)
  if [ "$size" = rest ]; then words=$( (set -e; "step_$number") 2>&1); ended=$?
  else words=$( (set -e; "step_$number") 2>&1 </dev/null); ended=$?; fi
  took=$(( $(date +%s%3N) - began ))
  if [ "$ended" -eq 0 ]; then
    case $words in *'serve: '*|*'told: '*|*'reread: '*) printf 'said %s %s\n' "$number" "$(printf '%s' "$words" | b64)" ;; esac
    printf 'done %s %s\n' "$number" "$took"
  else
    failed="$failed$number "
    words=${words:-it ended with status $ended}
    # Most tools say that a write failed and not on which file system.
    case $words in *' is full: '*) ;; *) why=$(eval "full 65536 \"\$state\" ${writes_in-}"); words="$words${why:+
$why}" ;; esac
    printf 'fail %s %s\n' "$number" "$(printf '%s' "$words" | tail -c 3000 | b64)"
  fi
}
