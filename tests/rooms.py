"""Rooms: mount namespaces in which a server of the system finds what it wants, seen by nobody else."""

ALONE = "for place in $(sed -n 's|^/dev/loop[^ ]* \\([^ ]*\\) .*|\\1|p' /proc/mounts); do umount $place; done"
"""First line of a room's shell. A room begins with a copy of all mounts, and a disk that is mounted in it, too, goes on
as it was when a test beside it unmounts it (tests/crash/disk)."""
