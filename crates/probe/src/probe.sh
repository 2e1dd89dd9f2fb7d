LC_ALL=C; export LC_ALL
newline='
'
mounted=$newline fstab=$newline wanted=$newline
b64() { base64 -w0; }
# What most words are made of travels as it is, behind a "="; whatever else there is, in base64. A pipe costs three processes.
word() { case $1 in *[!A-Za-z0-9./_:+@,=-]*) printf %s "$1" | b64 ;; *) printf '=%s' "$1" ;; esac; }
# A failed command's own words, for the reason of an unknown.
said() { printf %s "$1" | tr '\n\t' '  ' | head -c 400 | b64; }
ask_host() {
  id=-; if [ -s /etc/machine-id ]; then id=$(sha256sum </etc/machine-id); fi
  # Its value may be in quotes (os-release(5)), and nothing of it is run.
  os= os_version=
  while IFS='=' read -r name value; do
    value=${value#[\"\']}; value=${value%[\"\']}
    case $name in ID) os=$value ;; VERSION_ID) os_version=$value ;; esac
  done 2>/dev/null </etc/os-release
  read -r release 2>/dev/null </proc/sys/kernel/osrelease; read -r name 2>/dev/null </proc/sys/kernel/hostname
  printf 'host %s %s %s %s %s\n' "$(word "$(uname -m)")" "$(word "$release")" "$(word "$os") $(word "$os_version")" "$(word "$name")" "${id%% *}"
}
ask_record() {
  for kind in json pending begun; do
    if [ -e "$crdbctl_state.$kind" ] && [ ! -f "$crdbctl_state.$kind" ]; then
      printf 'record-error %s %s\n' "$kind" "$(word "$crdbctl_state.$kind is not a regular file")"
    elif [ -e "$crdbctl_state.$kind" ]; then
      # With a final newline that $() would take off: without it, the last line would count as cut off.
      if text=$(head -c 1048576 -- "$crdbctl_state.$kind" 2>&1 && printf .); then printf 'record %s %s\n' "$kind" "$(word "${text%.}")"
      else printf 'record-error %s %s\n' "$kind" "$(said "$text")"; fi
    fi
  done
}
# What steps noted before they did it: the newest, when there are many.
ask_steps() {
  if [ -e "$crdbctl_state.steps" ] && [ ! -f "$crdbctl_state.steps" ]; then
    printf 'record-error steps %s\n' "$(word "$crdbctl_state.steps is not a regular file")"
  elif [ -e "$crdbctl_state.steps" ]; then
    if text=$(tail -c 262144 -- "$crdbctl_state.steps" 2>&1 && printf .); then printf 'record steps %s\n' "$(word "${text%.}")"
    else printf 'record-error steps %s\n' "$(said "$text")"; fi
  fi
}
# Who holds the lock, while anybody but who asks does. It is looked at and never taken: an apply that begins at that moment would
# find it held.
ask_lock() {
  if [ -L "$1" ] || [ ! -f "$1" ] || [ /proc/self/fd/9 -ef "$1" ]; then return 0; fi
  if held "$1"; then printf 'lock %s\n' "$(head -c 65536 -- "$1" | b64)"; fi
}
# Whether anybody holds a flock(2) on a file. /proc/locks has it by device and inode; in a PID namespace it leaves locks out whose
# taker is gone (locks_show in fs/locks.c of Linux), which is so for flock(1) called on a file descriptor. Then whoever holds ours
# has it on descriptor 9, and proc_pid_fdinfo(5) tells of it. find -lname reads the links of /proc and looks at no file that they lead to:
# a process may have one open on a file system that does not answer.
held() {
  where=$(stat -c '%d %i' -- "$1") || return 1
  device=${where% *}
  key=$(printf '%02x:%02x:%s' $(((device >> 8) & 4095)) $(((device & 255) | ((device >> 12) & 1048320))) "${where#* }")
  if grep -q "FLOCK .* $key 0 EOF" /proc/locks 2>/dev/null; then return 0; fi
  for fd in $(find /proc/[0-9]*/fd/9 -maxdepth 0 -lname "$(readlink -f -- "$1")" 2>/dev/null); do
    if grep -q 'FLOCK .* WRITE' "${fd%/fd/9}/fdinfo/9" 2>/dev/null; then return 0; fi
  done
  return 1
}
# Records of other clusters.
ask_others() {
  for path in "${crdbctl_state%/*}"/*.json; do
    [ ! -e "$path" ] || [ "$path" = "$crdbctl_state.json" ] || printf 'other-record %s\n' "$(word "${path##*/}")"
  done
}
ask_groups() {
  for name in "$@"; do
    known="${known-} group.$name "
    line=$(getent group "$name" 2>&1); status=$?
    printf 'group %s %s %s\n' "$name" "$status" "$(word "$line")"
  done
}
ask_users() {
  for name in "$@"; do
    known="${known-} user.$name "
    line=$(getent passwd "$name" 2>&1); status=$?
    printf 'user %s %s %s %s\n' "$name" "$status" "$(word "$line")" "$(word "$(id -gn -- "$name" 2>/dev/null)")"
  done
}
# Errors go the same way as answers: "stat: cannot statx '/x': No such file or directory". Names of accounts come last: they may
# have spaces, and no colon (passwd(5)).
ask_stat() { known="${known-} $* "; stat -c 'stat %f %u %g %n %U:%G' -- "$@" 2>&1; }
ask_targets() {
  for path in "$@"; do
    # A target may end in newlines, which only the dot keeps.
    [ ! -L "$path" ] || { target=$(readlink -n -- "$path"; echo .); printf 'target %s %s\n' "$path" "$(word "${target%.}")"; }
  done
}
# A regular file of up to 64 KiB as it is, a larger one as its digest. A pipe would never end, and a device neither; a link to
# /dev/null is how systemd has a file masked.
one_content() {
  if [ "$1" -ef /dev/null ]; then echo 'text '; return; fi
  if [ -e "$1" ] && [ ! -f "$1" ]; then printf 'error %s\n' "$(word "$1 is not a regular file")"; return; fi
  if size=$(stat -c %s -- "$1" 2>&1) && [ "$size" -le 65536 ]; then
    if text=$(base64 -w0 -- "$1" 2>&1); then printf 'text %s\n' "$text"; else printf 'error %s\n' "$(said "$text")"; fi
  elif text=$({ sha256sum <"$1"; } 2>&1); then printf 'digest %s\n' "${text%% *}"
  else printf 'error %s\n' "$(said "$text")"; fi
}
ask_contents() {
  for path in "$@"; do
    if [ -f "$path" ] && [ ! -L "$path" ]; then printf 'content %s %s\n' "$path" "$(one_content "$path" 2>&1)"; fi
  done
}
# Files of certificates: only PEM leaves the host, and of a block that is no certificate, such as a private key, only its BEGIN and
# END lines, so that the control host sees that it is there.
ask_pems() {
  for path in "$@"; do
    if [ -f "$path" ] && [ ! -L "$path" ]; then
      printf 'content %s ' "$path"
      if ! text=$(timeout 5 head -c 65537 -- "$path" 2>/dev/null); then
        printf 'error %s\n' "$(said "reading it failed or took more than 5 seconds: $(timeout 5 head -c 0 -- "$path" 2>&1)")"
      elif [ "${#text}" -gt 65536 ]; then
        printf 'error %s\n' "$(word 'it is larger than 64 KiB, the most that is read of a file of certificates')"
      else
        pem_of "$text"
        if [ -z "$blocks" ] && [ -n "$text" ]; then blocks="(text without a PEM block)$newline"; fi
        printf 'text '; printf %s "$blocks" | b64; echo
      fi
    fi
  done
}
# pem_of TEXT: sets blocks. A certificate's block ends at the next dashes, wherever in a line they are. No process for it.
pem_of() {
  blocks= inside=no
  set -f; IFS=$newline; set -- $1; unset IFS; set +f
  for line in "$@"; do
    case $line in
      '-----BEGIN CERTIFICATE-----'|'-----BEGIN CERTIFICATE-----'[[:space:]]*) inside=yes; blocks=$blocks-----BEGIN\ CERTIFICATE-----$newline ;;
      '-----END CERTIFICATE-----'|'-----END CERTIFICATE-----'[[:space:]]*) inside=no; blocks=$blocks-----END\ CERTIFICATE-----$newline ;;
      *-----*)
        inside=no line=${line#"${line%%-----[BE][EN][GD]*}"}; line=${line#-----}
        label=${line%%-----*}
        case $line in
          "$label"-----*)
            case $label in
              *[!A-Z0-9\ ]*|?????????????????????????????????????????????????*) ;;
              BEGIN\ *|END\ *) blocks=$blocks-----$label-----$newline ;;
            esac ;;
        esac ;;
      *) [ "$inside" = no ] || blocks=$blocks$line$newline ;;
    esac
  done
}
# The other certificates in a directory. The first names, up to "--", are looked for one by one, so that they are told whatever else
# the directory holds. Of the rest, 64 at most are told; the names after "--" are asked for by path. Links are told and not
# followed. The last line says that all were told.
ask_certificates() {
  certs=$1; shift; count=0 total=0 named=' '
  if [ -d "$certs" ] && { [ ! -r "$certs" ] || [ ! -x "$certs" ]; }; then
    printf 'certificates error %s\n' "$(word "$certs cannot be listed")"; return
  fi
  while [ "$1" != -- ]; do
    named="$named$1 "
    if certificate_file "$certs/$1"; then tell_certificate "$certs/$1"; fi
    shift
  done
  echo 'certificates named'
  asked="$named$* "
  for path in "$certs"/*.crt; do
    case $asked in *" ${path##*/} "*) continue ;; esac
    certificate_file "$path" || continue
    count=$((count + 1))
    if [ "$count" -gt 64 ]; then printf 'certificates error %s\n' "$(word "$certs has more than 64 certificate files")"; return; fi
    tell_certificate "$path"
    if [ "$total" -gt 524288 ]; then printf 'certificates error %s\n' "$(word "$certs has more than 512 KiB of certificates")"; return; fi
  done
  echo 'certificates ok'
}
# Whether anything but a directory stands at a path.
certificate_file() {
  if [ -L "$1" ]; then return 0; fi
  [ -e "$1" ] && [ ! -d "$1" ]
}
tell_certificate() {
  if [ -L "$1" ] || [ ! -f "$1" ]; then
    printf 'certificate %s error %s\n' "$(word "${1##*/}")" "$(word 'it is not a regular file')"
  else
    printf 'certificate %s ' "$(word "${1##*/}")"
    one_certificate "$1"
  fi
}
# Only blocks of certificates leave the host, whatever else a file has or becomes while it is read.
one_certificate() {
  if ! text=$(timeout 5 head -c 65537 -- "$1" 2>&1); then printf 'error %s\n' "$(word 'reading it failed or took more than 5 seconds')"; return; fi
  if [ "${#text}" -gt 65536 ]; then printf 'error %s\n' "$(word 'it is larger than 64 KiB')"; return; fi
  if printf '%s\n' "$text" | grep '^-----BEGIN ' | grep -qv '^-----BEGIN CERTIFICATE-----'; then
    printf 'error %s\n' "$(word 'it holds another PEM block than certificates, such as a private key, and CockroachDB loads no such file')"; return
  fi
  pem_of "$text"
  total=$((total + ${#blocks}))
  printf 'text %s\n' "$(printf '%s\n' "${blocks%"$newline"}" | b64)"
}
is_hex() { case $1 in ''|*[!0-9a-f]*) return 1 ;; esac; }
# Large files are hashed once: the list beside the record has "device:inode:size:mtime:ctime digest".
digest() {
  tuple=$(stat -L -c '%d:%i:%s:%.9Y:%.9Z' -- "$1") || return
  if [ -f "$crdbctl_state.digests" ] && [ -r "$crdbctl_state.digests" ] && listed=$(grep -F -m1 -- "$tuple " "$crdbctl_state.digests") &&
    [ "${listed%% *}" = "$tuple" ] && is_hex "${listed#* }"; then
    printf '%s' "${listed#* }"
  else
    hash=$({ sha256sum <"$1"; } 2>&1) && printf '%s' "${hash%% *}"
  fi
}
ask_digests() {
  for path in "$@"; do
    if [ -f "$path" ] && [ ! -L "$path" ]; then
      if text=$(digest "$path" 2>&1) && is_hex "$text"; then printf 'digest %s ok %s %s\n' "$path" "$text" "$(stat -c %s -- "$path")"
      else printf 'digest %s error %s\n' "$path" "$(said "$text")"; fi
    fi
  done
}
# The public half of a key: from the list that apply keeps, else by openssl, else by ssh-keygen. The key stays here.
ask_keys() {
  for path in "$@"; do
    if [ -f "$path" ] && [ ! -L "$path" ]; then
      if size=$(stat -c %s -- "$path" 2>/dev/null) && [ "$size" -gt 65536 ]; then
        printf 'key %s error %s\n' "$path" "$(word "it has $size bytes: of a key, 64 KiB at most are read")"; continue
      fi
      hash=$(timeout 5 sha256sum <"$path" 2>/dev/null); hash=${hash%% *}
      if [ -n "$hash" ] && [ -f "$crdbctl_state.keys" ] && [ -r "$crdbctl_state.keys" ] && listed=$(grep -F -m1 -- "$hash " "$crdbctl_state.keys") && is_hex "${listed#* }"; then
        printf 'key %s made %s\n' "$path" "${listed#* }"
      elif ! command -v openssl >/dev/null 2>&1; then ssh_key "$path"
      elif why=$(openssl pkey -passin pass: -in "$path" -noout 2>&1 </dev/null); then
        hash=$(openssl pkey -passin pass: -in "$path" -pubout -outform DER 2>/dev/null </dev/null | sha256sum)
        printf 'key %s spki %s\n' "$path" "${hash%% *}"
      else
        printf 'key %s bad %s\n' "$path" "$(said "$why")"
      fi
    fi
  done
}
# OpenSSH reads RSA and ECDSA keys in all PEM forms, and comes with sshd. It refuses a file by its mode, so it reads a pipe.
ssh_key() {
  why=$(grep -q -e '-----BEGIN [A-Z ]*PRIVATE KEY-----' -- "$1" 2>&1); found=$?
  if [ "$found" -eq 1 ]; then
    printf 'key %s bad %s\n' "$1" "$(word 'it holds no PEM block of a private key')"
  elif [ "$found" -ne 0 ]; then
    printf 'key %s error %s\n' "$1" "$(said "it cannot be read: $why")"
  elif grep -q -e '^-----BEGIN ENCRYPTED' -e '^Proc-Type:.*ENCRYPTED' -- "$1" 2>/dev/null; then
    printf 'key %s bad %s\n' "$1" "$(word 'it is encrypted')"
  elif ! command -v ssh-keygen >/dev/null 2>&1; then
    printf 'key %s error %s\n' "$1" "$(word 'its public half cannot be read: neither openssl nor ssh-keygen is on the host')"
  else
    half=$(head -c 65536 -- "$1" | ssh-keygen -y -P '' -f /dev/stdin 2>&1)
    case $half in
      ssh-*' '*|ecdsa-*' '*) half=${half#* }; printf 'key %s ssh %s\n' "$1" "${half%% *}" ;;
      *) printf 'key %s error %s\n' "$1" "$(said "its public half cannot be read: openssl is not on the host, and ssh-keygen says: $half")" ;;
    esac
  fi
}
ask_firewall() {
  known="${known-} firewall "
  if [ ! -d "$1" ]; then echo 'firewall absent'; return; fi
  if conf=$(grep -ciE '^ENABLED="?yes"?' -- "$1/ufw.conf" 2>&1 || [ $? -eq 1 ]) && rules=$(grep -h '^### tuple ###' -- "$1/user.rules" "$1/user6.rules" 2>&1 || [ $? -eq 1 ]); then
    printf 'firewall ok %s %s %s\n' "$conf" "$(grep -ciE '^IPV6="?yes"?' /etc/default/ufw 2>/dev/null)" "$(word "$rules")"
  else
    printf 'firewall error %s\n' "$(said "$conf $rules")"
  fi
}
# Where systemd looks for drop-ins, the highest precedence first (systemd.unit(5)).
unit_places='/etc/systemd/system.control /run/systemd/system.control /run/systemd/transient /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system'
ask_drop_ins() {
  for base in $unit_places; do
    for path in "$base/$1.d/"*.conf; do
      if [ -e "$path" ] || [ -L "$path" ]; then
        printf 'drop-in %s %s %s\n' "$(word "$path")" "$(stat -c '%f,%u,%g,%U:%G' -- "$path" 2>/dev/null || echo -)" "$(one_content "$path" 2>&1)"
      fi
    done
  done
}
ask_service() {
  known="${known-} service.${1%.service} "
  unit=$1 binary=$2; shift 2
  if text=$(systemctl show "$unit" -p LoadState -p ActiveState -p SubState -p UnitFileState -p NeedDaemonReload -p MainPID 2>&1); then
    printf 'service ok %s\n' "$(word "$text")"
  else
    printf 'service error %s\n' "$(said "$text")"; return
  fi
  pid=${text##*MainPID=}; pid=${pid%%[!0-9]*}
  case $pid in ''|0) ;; *) one_process "$pid" "$binary" "$@" ;; esac
}
# What is at a store, which may lie on a file system that does not answer: a process of its own looks, for 5 seconds. Descriptor 9 is
# the lock of an apply, which a process that cannot be ended must not keep. Sets state, and real to the place with links followed,
# in the form of mountinfo.
store_look='real=$(readlink -m -- "$1" 2>&1) || { printf "error %s\n" "$(printf %s "$real" | base64 -w0)"; exit; }; state=absent; if [ -d "$real" ]; then if found=$(find "$real" -mindepth 1 -maxdepth 1 ! -name lost+found -printf x -quit 2>&1); then state=${found:+used}; state=${state:-empty}; else state="error $(printf %s "$found" | head -c 400 | base64 -w0)"; fi; elif [ -e "$real" ] || [ -L "$real" ]; then state=other; fi; printf "%s\n%s" "$state" "$real"'
one_store() {
  if state=$(timeout -k 1 5 sh -c "$store_look" sh "$1" 2>/dev/null </dev/null 9<&-); then real=${state#*"$newline"} state=${state%%"$newline"*}
  else real=$1 state="error $(word 'it did not answer within 5 seconds')"; fi
  case $real in *[[:space:]\\]*) real=$(printf %s "$real" | escaped) ;; esac
}
# The form of mountinfo (proc(5)): no white space, and a byte in octal for it.
escaped() { sed -z 's/\\/\\134/g;s/ /\\040/g;s/\t/\\011/g;s/\n/\\012/g'; }
# Reads, once, what is mounted, and what is to be: mounted has lines of a mount point and "a" when a file system is yet to be mounted
# there (autofs), "n" when it has noexec, or "-"; fstab has the points of fstab(5), and wanted those of mount units
# (systemd.mount(5)) too.
read_mounts() {
  [ "$mounted" = "$newline" ] || return 0
  while read -r _ _ _ _ point options rest; do
    how=-
    case ,$options, in *,noexec,*) how=n ;; esac
    case " $rest" in *' - autofs '*) how=a ;; esac
    mounted="$mounted$point $how$newline"
  done </proc/self/mountinfo
  if [ -f /etc/fstab ]; then
    while read -r device point _ || [ -n "$device" ]; do
      case $device in '#'*) ;; *) want "$point"; fstab=$wanted ;; esac
    done </etc/fstab
  fi
  for base in /etc/systemd/system /run/systemd/system /run/systemd/generator /usr/local/lib/systemd/system /usr/lib/systemd/system; do
    for path in "$base"/*.mount; do
      [ -f "$path" ] || continue
      while read -r line || [ -n "$line" ]; do
        case $line in Where=*|Where[[:space:]]*=*) line=${line#*=}; line=${line#"${line%%[![:space:]]*}"}
          case $line in *[[:space:]\\]*) line=$(printf %s "$line" | escaped) ;; esac
          want "$line" ;;
        esac
      done <"$path"
    done
  done 2>/dev/null
}
want() {
  point=$1
  # Any byte may be in octal in fstab.
  case $point in *\\*) point=$(printf '%b.' "$point" | escaped); point=${point%.} ;; esac
  while :; do case $point in ?*/) point=${point%/} ;; *) break ;; esac; done
  case $point in /?*) case $wanted in *"$newline$point$newline"*) ;; *) wanted="$wanted$point$newline" ;; esac ;; esac
}
# mount_of PATH: sets on to the mount point of the file system that holds it, and how.
mount_of() {
  on=/ how=-
  IFS=$newline; set -f
  for line in $mounted; do
    at=${line% ?}
    case $1/ in "${at%/}"/*) case $line in *' a') ;; *) if [ "${#at}" -ge "${#on}" ]; then on=$at how=${line#"$at "}; fi ;; esac ;; esac
  done
  set +f; unset IFS
}
# Whether a file system is mounted at a point, and none that is yet to be.
is_mounted() { case $mounted in *"$newline$1 -$newline"*|*"$newline$1 n$newline"*) ;; *) return 1 ;; esac; }
# What is at each store, and the file systems that hold it. A look has systemd mount what it mounts on demand, so mounts are read
# after it.
ask_store_places() {
  states=
  for path in "$@"; do one_store "$path"; states="$states$path $real $state$newline"; done
  read_mounts
  IFS=$newline; set -f; set -- $states; set +f; unset IFS
  for told in "$@"; do
    path=${told%% *} told=${told#* }; real=${told%% *} state=${told#* }
    mount_of "$real"
    printf 'store-place %s %s %s\n' "$path" "$(word "$on")" "$state"
    IFS=$newline; set -f
    for point in $wanted; do
      case $real/ in "$point"/*) ;; *) case $path/ in "$point"/*) ;; *) continue ;; esac ;; esac
      is_mounted "$point" || printf 'store-missing %s %s\n' "$path" "$(word "$point")"
    done
    set +f; unset IFS
  done
}
# What is in a directory, as "type path", each with a NUL behind it; without its end when it is more than 256 KiB or not
# all could be read. Links are told and not followed.
ask_packages() { packages=$1; entries "$1" 6 './cockroach-v*'; packages_in_use "$1"; }
ask_entries() { for path in "$@"; do entries "$path" 1 .; done; }
entries() {
  [ -d "$1" ] || return 0
  if text=$( (cd -P -- "$1" && listed "$2" "$3" "${4:-262144}") 2>&1); then printf 'entries %s ok %s\n' "$1" "$text"
  else printf 'entries %s error %s\n' "$1" "$(said "$text")"; fi
}
listed() {
  command -v find >/dev/null 2>&1 || { echo 'find is not on the host'; return 1; }
  depth=$1 least=1 most=$3
  if [ "$2" = . ]; then set -- .; else least=0; set -- $2; fi
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then printf 'end\0' | b64; return; fi
  { find "$@" -mindepth "$least" -maxdepth "$depth" -printf '%y %p\0' && printf 'end\0'; } 2>/dev/null | head -c "$most" | b64
}
# The programs below the packages that processes run. Kernel threads have none, and processes end meanwhile.
packages_in_use() {
  if command -v find >/dev/null 2>&1; then
    printf 'in-use ok %s\n' "$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$1/cockroach-v*" -printf '%l\0' 2>/dev/null | sort -zu | b64)"
  else printf 'in-use error %s\n' "$(word 'find is not on the host')"; fi
}
# What earlier applies made and nobody has asked for: the manifest no longer has it, or has it elsewhere. The names and paths
# are those of the record, in the form in which apply writes it, and of the list of what was begun.
ask_dropped() {
  of= within=:
  { [ ! -f "$crdbctl_state.json" ] || sed -n 's/^    "\([a-z-]*\.[^"]*\)": {$/\1/p;s/^        "\(\/[^"]*\)",\{0,1\}$/\1/p' -- "$crdbctl_state.json"
    [ ! -f "$crdbctl_state.begun" ] || tr ' ' '\n' <"$crdbctl_state.begun"; } 2>/dev/null | head -c 65536 | while read -r word; do
    case $word in
      *[!A-Za-z0-9/._+@:%-]*) ;;
      /*) case "${known-} " in *" $word "*) ;; *) known="${known-} $word "; one_dropped "$of" "$word" ;; esac ;;
      *) of=$word; case "${known-} " in *" $word "*) ;; *) known="${known-} $word "; dropped_name "$word" ;; esac ;;
    esac
  done
}
dropped_name() {
  name=${1#*.}; name=${name%%:*}
  case $name in ''|-*|*[!A-Za-z0-9._-]*) return ;; esac
  case $1 in
    firewall.*) case "${known-} " in *' firewall '*) ;; *) ask_firewall /etc/ufw ;; esac ;;
    group.*) ask_groups "$name" ;;
    user.*) ask_users "$name" ;;
    service.*)
      if text=$(systemctl show "$name.service" -p LoadState -p ActiveState -p SubState -p UnitFileState -p NeedDaemonReload 2>&1); then
        printf 'dropped-service %s ok %s\n' "$name" "$(word "$text")"
      else printf 'dropped-service %s error %s\n' "$name" "$(said "$text")"; fi ;;
  esac
}
one_dropped() {
  case $1 in
    package.*)
      # Those in the manifest's own place are listed with it, and the files of others with their directory.
      case $2 in "${packages-}"/*|"$within"/*) return ;; esac
      within=$2
      entries "$2" 6 .
      users=$(find /proc/[0-9]*/exe -maxdepth 0 -lname "$2/*" -printf '%h\n' 2>/dev/null | sed 's/.*\///' | grep -vxF -- "${pid:-0}") &&
        printf 'package-in-use %s\n' "$2" ;;
    directory.data*) ask_mounts "$2"; one_store "$2"; case $state in absent|other) ;; *) printf 'store-at %s %s\n' "$2" "$state" ;; esac ;;
    directory.*) ask_mounts "$2"; entries "$2" 1 . 16384 ;;
    link.*) ask_targets "$2" ;;
    certificate.*) case $2 in *.key) ask_keys "$2" ;; *) ask_pems "$2" ;; esac ;;
    file.*|unit.*) ask_contents "$2" ;;
    *) return ;;
  esac
  if real=$(cd -P -- "${2%/*}/" 2>/dev/null && pwd -P) && [ "${real%/}/${2##*/}" != "$2" ]; then
    printf 'place %s %s\n' "$2" "$(word "${real%/}/${2##*/}")"
  fi
  stat -c 'stat %f %u %g %n %U:%G' -- "$2" 2>&1
}
ask_mounts() {
  read_mounts
  for path in "$@"; do
    real=$(cd -P -- "$path" 2>/dev/null && pwd -P) || continue
    case $real in *[[:space:]\\]*) real=$(printf %s "$real" | escaped) ;; esac
    case $mounted in *"$newline$real "?"$newline"*) printf 'mount %s\n' "$path" ;; esac
  done
}
# uid_of PROC, fields_of PROC, limit_of PROC: what proc(5) has of a process in `uid`, `started`, `soft` and `hard`; empty when it has ended.
uid_of() { uid=; while read -r name value _; do if [ "$name" = Uid: ]; then uid=$value; break; fi; done 2>/dev/null <"$1/status"; }
fields_of() {
  line=; while read -r more; do line="$line $more"; done 2>/dev/null <"$1/stat"
  # Its name, in brackets, may hold anything.
  set -f; set -- ${line##*) }; set +f; started=${20-}
}
limit_of() { soft= hard=; while read -r one two three value most _; do if [ "$one $two $three" = 'Max open files' ]; then soft=$value hard=$most; break; fi; done 2>/dev/null <"$1/limits"; }
owner_of() {
  uid_of "$1"
  if line=$(getent passwd "$uid" 2>/dev/null); then word "${line%%:*}"; else word "${uid:-?}"; fi
}
one_process() {
  proc=/proc/$1 binary=$2; shift 2
  if ! exe=$(readlink -n -- "$proc/exe" 2>&1); then printf 'process error %s\n' "$(said "$exe")"; return; fi
  # A process that ends meanwhile has neither: that is no process without variables, or flags.
  if ! environ=$({ tr '\0' '\n' <"$proc/environ"; } 2>/dev/null); then printf 'process error %s\n' "$(word 'its environment cannot be read')"; return; fi
  if ! cmdline=$({ base64 -w0 <"$proc/cmdline"; } 2>&1); then printf 'process error %s\n' "$(said "$cmdline")"; return; fi
  if [ -z "$cmdline" ]; then printf 'process error %s\n' "$(word 'it ended while it was looked at')"; return; fi
  hash=-
  if [ "$exe" != "$binary" ]; then hash=$(digest "$proc/exe" 2>/dev/null) && [ -n "$hash" ] || hash=?; fi
  fields_of "$proc"; limit_of /proc/1; ceiling=$hard; limit_of "$proc"
  printf 'process ok %s %s %s %s %s %s %s' "${proc#/proc/}" "${started:--}" \
    "${soft:--}/${ceiling:-unlimited}" "$hash" "$(word "$exe")" "$cmdline" "$(owner_of "$proc")"
  for name in "$@"; do
    value=${newline}${environ}${newline}
    case $value in *"$newline$name="*) value=${value#*"$newline$name="}; printf ' %s' "$(word "$name=${value%%"$newline"*}")" ;; esac
  done
  printf '\n'
}
# What a start needs. After the service's user, the unit and the directory of the packages come words: look=PATH, use=PATH
# (as that user sees it too), ask=CONDITION of systemd, account=KIND NAME, listen=KIND HOST PORT. Drop-ins add theirs.
ask_start() {
  start_user=$1 start_unit=$2 start_packages=$3; shift 3
  paths= used=no asked=0
  words=$(printf '%s\n' "$@"; words_of_drop_ins "$start_unit")
  IFS=$newline; set -f; set -- $words; set +f; unset IFS
  for word in "$@"; do
    case $word in
      look=/*) paths="$paths${word#look=}$newline" ;;
      use=/*) paths="$paths${word#use=}$newline" used=yes ;;
      ask=*) asked=$((asked + 1)); [ "$asked" -gt 16 ] || one_condition "${word#ask=}" ;;
      account=*) one_account ${word#account=} ;;
      listen=*) one_listener ${word#listen=} ;;
    esac
  done
  if [ -n "$paths" ]; then
    IFS=$newline; set -f; set -- $paths; set +f; unset IFS
    one_look "$@"
  fi
  start_mounts
}
# The lines of drop-ins that name something that a start needs, as words.
words_of_drop_ins() {
  unit=$1; set --
  for base in $unit_places; do
    for path in "$base/$unit.d/"*.conf; do [ ! -f "$path" ] || set -- "$@" "$path"; done
  done
  [ "$#" -gt 0 ] || return 0
  sed -n -e 's/[[:space:]]*$//;s/^[[:space:]]*//;s/[[:space:]]*=[[:space:]]*/=/' -e tgo -e :go \
    -e 's/^\(Condition\|Assert\)\(PathExists\|PathIsDirectory\|PathIsSymbolicLink\|PathIsReadWrite\|FileNotEmpty\|FileIsExecutable\)=|\{0,1\}[[:space:]]*!\{0,1\}[[:space:]]*\(\/[^%*?[]*[^%*?[/]\)\/*$/look=\3/p;t' \
    -e 's/^\(\(Condition\|Assert\)[A-Za-z]*\)=|\{0,1\}[[:space:]]*!\{0,1\}[[:space:]]*\(..*\)$/ask=\1=\3/p;t' \
    -e 's/^User=\([A-Za-z0-9._-]*\)$/account=user \1/p;t' \
    -e 's/^\(Group\|SupplementaryGroups\)=\([A-Za-z0-9._-]*\).*$/account=group \2/p;t' \
    -e 's/^Standard[A-Za-z]*=[a-z]*:\(\/.*\)\/[^/]*$/look=\1/p;t' \
    -e 's/^[A-Za-z]*=[@:+!|]*\(\/[^[:space:]:]*[^[:space:]:/]\).*$/use=\1/p' -- "$@" 2>/dev/null | head -n 64 | head -c 16384
}
# What stands at each path, as "MISSING BITS.": how many components at its end are missing, and what there is then: once as
# root, and once as the service's user, with the rights that the user has by groups and access lists. An account that is yet
# to be made has those of everybody. A file system that does not answer must not hold up the rest.
# Descriptor 9 is the lock of an apply, which no process of that user may keep.
looks='for path in "$@"; do at=$path missing=0 bits=; while [ ! -e "$at" ] && [ "$at" != / ]; do at=${at%/*}; at=${at:-/}; missing=$((missing + 1)); done; [ ! -d "$at" ] || bits=d; [ ! -f "$at" ] || bits=${bits}f; [ ! -L "$path" ] || bits=${bits}l; [ ! -r "$at" ] || bits=${bits}r; [ ! -w "$at" ] || bits=${bits}w; [ ! -x "$at" ] || bits=${bits}x; [ ! -s "$at" ] || bits=${bits}s; echo "$missing $bits."; done'
one_look() {
  by_root=$(cd / && timeout 10 sh -c "$looks" sh "$@" 2>/dev/null </dev/null 9<&-); root_status=$?
  by_user= user_status=-
  if [ "$used" = yes ] && [ "$start_user" != root ] && command -v setpriv >/dev/null 2>&1; then
    if uid=$(id -u -- "$start_user" 2>/dev/null) && gid=$(id -g -- "$start_user" 2>/dev/null); then groups=--init-groups
    else uid=65534 gid=65534 groups=--clear-groups; fi
    by_user=$(cd / && timeout 10 setpriv --reuid="$uid" --regid="$gid" "$groups" sh -c "$looks" sh "$@" 2>/dev/null </dev/null 9<&-); user_status=$?
  fi
  printf 'start looks %s %s %s %s %s\n' "$(printf '%s\n' "$@" | b64)" "$root_status" "$(word "$by_root")" "$user_status" "$(word "$by_user")"
}
# systemd-analyze takes conditions from version 243 on (systemd's NEWS).
one_condition() {
  if [ -z "${analyzes-}" ]; then
    if timeout 5 systemd-analyze condition ConditionPathExists=/ >/dev/null 2>&1 </dev/null; then analyzes=yes; else analyzes=no; fi
  fi
  holds=unknown
  if [ "$analyzes" = yes ]; then
    said=$(timeout 5 systemd-analyze condition "$1" 2>&1 </dev/null)
    case $?:$said in 0:*) holds=yes ;; 1:*failed*) holds=no ;; esac
  fi
  printf 'start condition %s %s\n' "$(word "$1")" "$holds"
}
one_account() {
  case $1 in user) base=passwd ;; group) base=group ;; *) return ;; esac
  getent "$base" "$2" >/dev/null 2>&1
  case $? in 0) printf 'start account %s %s yes\n' "$1" "$2" ;; 2) printf 'start account %s %s no\n' "$1" "$2" ;; esac
}
# one_listener ip|name|any HOST PORT: whether an interface has the address, and who listens on the port (proc(5),
# /proc/net/tcp; state 0A), with "own" for processes of the user that runs the main process. The host is read once for all listeners.
one_listener() {
  if [ -z "${addresses+read}" ]; then
    own= named=
    addresses=$(ip -o addr show 2>/dev/null | head -c 262144)
    case ${pid:-0} in 0) ;; *) uid_of "/proc/$pid"; own=$uid ;; esac
    sockets=$(grep -h '^ *[0-9]*: [0-9A-F]*:[0-9A-F]* [0-9A-F]*:[0-9A-F]* 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null | head -c 1048576)
    nonlocal=no
    while read -r holds; do case $holds in 1) nonlocal=yes ;; esac; done 2>/dev/null </proc/sys/net/ipv4/ip_nonlocal_bind
    while read -r holds; do case $holds in 1) nonlocal=yes ;; esac; done 2>/dev/null </proc/sys/net/ipv6/ip_nonlocal_bind
  fi
  place=unknown
  case $1 in
    any) place=local ;;
    ip) place_of "$2" ;;
    name)
      if [ "$named" != "$2" ]; then named=$2 found=$(timeout 5 getent ahosts "$2" 2>/dev/null | head -c 65536); fi
      best=unknown
      IFS=$newline; set -f
      for address in $found; do
        place_of "${address%% *}"
        case $best:$place in unknown:*|elsewhere:local) best=$place ;; esac
      done
      set +f; unset IFS
      place=$best ;;
  esac
  taken= count=0 hex=$(printf %04X "$3")
  IFS=$newline; set -f; set -- "$2" "$3" $sockets; set +f; unset IFS
  told="$1 $2"; shift 2
  for socket in "$@"; do
    case $socket in *": "*":$hex "*":"*" 0A "*) ;; *) continue ;; esac
    set -f; set -- $socket; set +f
    case $2 in *":$hex") ;; *) continue ;; esac
    count=$((count + 1)); [ "$count" -le 16 ] || break
    if [ "$8" = "$own" ]; then taken="$taken$2/own,"; else taken="$taken$2/$8,"; fi
  done
  printf 'start listen %s %s %s\n' "$told" "$place" "${taken:--}"
}
# place_of ADDRESS: sets place.
place_of() {
  case $1 in 127.*|::1) place=local; return ;; esac
  case $addresses in '') place=unknown; return ;; *" ${1%%%*}/"*|*" ${1%%%*} peer "*) place=local; return ;; esac
  # With this setting any address will do (ip(7)).
  case $nonlocal in yes) place=unknown ;; *) place=elsewhere ;; esac
}
# Mount points of /etc/fstab where nothing is mounted, not even on demand, and whether the packages lie where nothing may be executed.
start_mounts() {
  read_mounts
  mount_of "$start_packages"
  [ "$how" != n ] || printf 'start noexec %s\n' "$(word "$on")"
  IFS=$newline; set -f
  for point in $fstab; do
    case $mounted in *"$newline$point "?"$newline"*) ;; *) printf 'start unmounted %s\n' "$(word "$point")" ;; esac
  done
  set +f; unset IFS
}
# The files of a package that the record tells of, for whoever has no index of the archive and reads the one in the record.
ask_installed() {
  [ -f "$crdbctl_state.json" ] || return 0
  installed=$(sed -n 's|^        "\(/[A-Za-z0-9/._+@:-]*\)",\{0,1\}$|\1|p' -- "$crdbctl_state.json" 2>/dev/null |
    while read -r path; do case $path in "$1"/*) printf '%s\n' "$path" ;; esac; done | sort -u | head -n 64)
  [ -n "$installed" ] || return 0
  set -f; set -- $installed; set +f
  ask_stat "$@"
  ask_digests "$@"
}
# What is free where a package is yet to go. What a killed apply left there is removed before the next one writes.
ask_room() {
  [ ! -d "$1" ] || return 0
  at=${1%/*}
  while [ ! -d "$at" ]; do at=${at%/*}; at=${at:-/}; done
  told=$(df -B1 --output=source,size,avail,itotal,iavail,target -- "$at" 2>/dev/null) || return 0
  swept=0
  for old in "$at"/.crdbctl.????????; do
    if [ -d "$old" ] && [ ! -L "$old" ]; then swept=$(du -sx -B1 -- "$at"/.crdbctl.???????? 2>/dev/null | cut -f1 | paste -s -d+ -); break; fi
  done
  printf 'room %s %s %s\n' "${1%/*}" "$((${swept:-0}))" "$(word "$told")"
}
ask_clock() { date '+clock %s %3N'; }
# Where neither curl nor openssl is, the answer ends in "ssh": the question is asked through the ssh connection.
ask_health() {
  by=; if ! command -v curl >/dev/null 2>&1 && ! command -v openssl >/dev/null 2>&1; then by=' ssh'; fi
  # A systemd that cannot be asked says nothing of the service: only its word makes it idle.
  if ! state=$(systemctl show "$1" -p ActiveState --value 2>&1); then printf 'health error %s\n' "$(word "systemctl: $state")"; return; fi
  case $state in
    active|reloading|refreshing) ;;
    inactive|failed|activating|deactivating|maintenance) echo "health idle$by"; return ;;
    *) printf 'health error %s\n' "$(word "systemctl says that it is ${state:-nothing}")"; return ;;
  esac
  if [ -n "$by" ]; then echo 'health ssh'; return; fi
  if command -v curl >/dev/null 2>&1; then
    text=$(curl -sk --noproxy '*' --connect-timeout 2 --max-time 5 -i "https://$2/health?ready=1" 2>&1); status=$?
  else
    text=$(printf 'GET /health?ready=1 HTTP/1.0\r\nHost: localhost\r\n\r\n' | timeout 5 openssl s_client -quiet -connect "$2" 2>/dev/null); status=0
  fi
  printf 'health said %s %s\n' "$status" "$(printf %.4096s "$text" | b64)"
}
probe() {
  body=$(probe_body)
  printf 'crdbctl-probe 1\n%s\nlive\n' "$body"
  probe_live
  hash=$(printf '%s\n' "$body" | sha256sum); printf 'end %s\n' "${hash%% *}"
}
