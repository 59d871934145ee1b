#!/bin/sh
# Copies what the processes need at run time: compiled output, manifests, production dependencies. No sources, no tests.
#   collect.sh <target>
set -eu
target=$1
mkdir -p "$target/ops/docker"
cp package.json "$target/"
cp ops/docker/entrypoint.sh "$target/ops/docker/"
cp -a node_modules "$target/"
for directory in apps/* packages/*; do
  [ -d "$directory/dist" ] || continue
  mkdir -p "$target/$directory"
  cp -a "$directory/package.json" "$directory/dist" "$target/$directory/"
  if [ -d "$directory/node_modules" ]; then cp -a "$directory/node_modules" "$target/$directory/"; fi
done
find "$target/apps" "$target/packages" -name node_modules -prune -o -type f \
  \( -name '*.test.js' -o -name '*.d.ts' -o -name '*.d.ts.map' -o -name '*.tsbuildinfo' \) -exec rm {} +
