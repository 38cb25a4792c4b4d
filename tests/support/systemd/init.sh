#!/bin/sh
# The first process of a namespace of its own (unshare --pid --mount --cgroup): a real systemd with the units of directory $1,
# and a system bus. Nothing of the host's units is read, and all of it ends with this process.
set -e
mount --make-rprivate /
mount -t proc proc /proc
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/lock
export container=masgpt SYSTEMD_UNIT_PATH="$1"
exec /lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=no
