#!/bin/sh
# Runs a process as `node`, in the group of the engine's socket where one is mounted. The socket's group has another number on every
# host, so it can't be in the image: a container that needs it is started as root, and is root for this script only.
set -eu
if [ "$(id -u)" -ne 0 ]; then exec "$@"; fi
socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
socket=${socket#unix://}
groups=$(id -g node)
if [ -S "$socket" ]; then groups="$groups,$(stat -c %g "$socket")"; fi
export HOME=/home/node
exec setpriv --reuid=node --regid=node --groups="$groups" --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
