# Turns a freshly unpacked Debian tree into the lab's base tree.
#
# Usage: sh -eu customise.sh TREE PASSWORD
# TREE is the tree, PASSWORD the one that the user `asks` gives to sudo.
# Everything that differs from host to host is left out: names, addresses, keys
# and the machine id come with the host.
tree=$1
password=$2

# Left over from the machine that built the tree.
rm -f "$tree"/etc/ssh/ssh_host_*
echo '# no name servers: hosts of a lab reach nothing but the lab' >"$tree/etc/resolv.conf"
: >"$tree/etc/machine-id"
rm -f "$tree/var/lib/dbus/machine-id"

# An admin whose sudo asks nothing, one whose sudo asks for a password, and a
# user without sudo. The user ids are those that the lab writes keys for.
chroot "$tree" useradd --create-home --shell /bin/bash --uid 1000 admin
chroot "$tree" useradd --create-home --shell /bin/bash --uid 1001 asks
chroot "$tree" useradd --create-home --shell /bin/bash --uid 1002 plain
printf 'asks:%s\n' "$password" | chroot "$tree" chpasswd
cat >"$tree/etc/sudoers.d/lab" <<'SUDOERS'
admin ALL=(ALL:ALL) NOPASSWD: ALL
asks ALL=(ALL:ALL) ALL
SUDOERS
chmod 0440 "$tree/etc/sudoers.d/lab"
chroot "$tree" visudo --check --quiet
for home in root home/admin home/asks home/plain; do
	mkdir -p "$tree/$home/.ssh"
	chmod 0700 "$tree/$home/.ssh"
	chown --reference="$tree/$home" "$tree/$home/.ssh"
done

# Work that would start by itself in the middle of a test.
mask() {
	ln -sf /dev/null "$tree/etc/systemd/system/$1"
}
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer man-db.timer \
	e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer; do
	mask "$unit"
done
# There is no console to log in at.
mask console-getty.service
# When many hosts boot at once this unit sometimes fails and leaves
# /run/nologin behind, after which every login but root's is refused.
mask systemd-user-sessions.service
ln -sf /dev/null "$tree/etc/tmpfiles.d/systemd-nologin.conf"

# With the service that network-online.target stands for: what is started after it finds its address, as on any host.
chroot "$tree" systemctl --quiet enable systemd-networkd.service
