# Runs a command where crun works, in a mount namespace of its own: sh crun-mounts.sh COMMAND [ARGUMENT…]
#
# crun refuses the hybrid layout, where a cgroup2 mount stands beside those of version 1. Without that mount it takes its
# place for one all the same, and writes common files there: into a file system that goes with the namespace.
if grep -q ' /sys/fs/cgroup/unified cgroup2 ' /proc/self/mounts; then
  exec unshare --mount sh -c '
    umount /sys/fs/cgroup/unified && mount -t tmpfs none /sys/fs/cgroup/unified && exec "$@"' sh "$@"
fi
exec "$@"
