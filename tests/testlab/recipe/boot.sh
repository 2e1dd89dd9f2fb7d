# Runs one host until it is off. Works in a mount namespace of its own,
# so that the host's overlay is seen by nothing else on the machine and is gone
# as soon as the host is.
#
# Usage: sh -eu -c boot.sh boot BASE HOST_DIRECTORY MACHINE NAME BRIDGE CGROUP...
base=$1 dir=$2 machine=$3 name=$4 bridge=$5
shift 5

# This script has cgroups of its own, because it stays while the host reboots.
for cgroup; do
	echo $$ >"$cgroup/boot/cgroup.procs"
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

# systemd-nspawn makes up MAC addresses from the machine's id and the host's
# name, and fails on a machine without an id, as many a container is.
if [ ! -s /etc/machine-id ]; then
	touch /etc/machine-id
	echo 0123456789abcdef0123456789abcdef >"$dir/machine-id"
	mount --bind "$dir/machine-id" /etc/machine-id
fi

# The host has cgroups of its own, too, in every hierarchy, the unified one of a
# hybrid machine included: systemd-nspawn derives the host's cgroup from the one
# it is started in, and hosts that share one take each other's services for
# their own.
run() {
	sh -eu -c '
		while [ "$1" != -- ]; do
			echo $$ >"$1/run/cgroup.procs"
			shift
		done
		shift
		exec "$@"
	' run "$@"
}

# 133 is what systemd-nspawn ends with when its host wants to reboot.
status=133
while [ $status = 133 ]; do
	status=0
	run "$@" -- systemd-nspawn --quiet --directory="$dir/root" --register=no --keep-unit --boot \
		--machine="$machine" --hostname="$name" --network-bridge="$bridge" \
		--resolv-conf=off --timezone=off --link-journal=no || status=$?
done
exit $status
