#!/bin/sh
# Configures and builds one folder: tools/build.sh FOLDER [MESON OPTIONS]. FOLDER is relative to the project.
# CXX names another compiler, as ever; Meson takes ccache where it is. TARGETS, if set, are all that is built.
# A new folder compiles several sources of tools and tests at once, which takes less time; for working on some of them: -Dunity=off.
set -eu

cd "$(dirname "$0")/.."
tools/setup.sh

folder=$1
shift
if [ -f "$folder/build.ninja" ]; then
    [ $# -eq 0 ] || meson setup --reconfigure "$folder" "$@"
else
    meson setup "$folder" -Dunity=on -Dunity_size=5 "$@"
fi
# The list is words without spaces.
# shellcheck disable=SC2086
ninja -C "$folder" ${TARGETS:-}
