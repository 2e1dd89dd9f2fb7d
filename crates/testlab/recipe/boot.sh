# Becomes the process that runs one host. Runs in a mount namespace of its own,
# so that the host's overlay is seen by nothing else on the machine and is gone
# as soon as the host is.
#
# Usage: sh -eu -c boot.sh boot BASE HOST_DIRECTORY MACHINE NAME BRIDGE CGROUP...
base=$1 dir=$2 machine=$3 name=$4 bridge=$5
shift 5

# A cgroup of its own in every hierarchy, the unified one of a hybrid machine
# included: systemd-nspawn derives the host's cgroup from the one it is started
# in, and hosts that share one mistake each other's services for their own.
for cgroup; do
	echo $$ >"$cgroup/cgroup.procs"
done

# A host's disk need not outlive a crash of this machine, so nothing waits for
# it. The work directory of such a mount must be new each time.
rm -rf "$dir/work"
mkdir -p "$dir/work" "$dir/upper" "$dir/root"
layers="lowerdir=$base,upperdir=$dir/upper,workdir=$dir/work"
mount -t overlay -o "volatile,$layers" overlay "$dir/root" ||
	mount -t overlay -o "$layers" overlay "$dir/root"

if [ -e "$dir/seed.tar" ]; then
	tar -x --numeric-owner --same-permissions -f "$dir/seed.tar" -C "$dir/root"
	rm "$dir/seed.tar"
fi

exec systemd-nspawn --quiet --directory="$dir/root" --register=no --keep-unit --boot \
	--machine="$machine" --hostname="$name" --network-bridge="$bridge" \
	--resolv-conf=off --timezone=off --link-journal=no
