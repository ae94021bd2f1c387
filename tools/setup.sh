#!/bin/sh
# Installs the Debian packages that the build and the tests need, those that are missing; nothing else.
# (libgfortran: what links OpenBLAS statically needs it.)
set -eu

packages="g++ meson ninja-build pkg-config python3 ccache libtbb-dev libxsimd-dev libfmt-dev zlib1g-dev libopenblas-dev
    libgfortran-12-dev libcli11-dev nlohmann-json3-dev doctest-dev"

missing=""
for package in $packages; do
    case $(dpkg-query --show --showformat '${db:Status-Status} ' "$package" 2>/dev/null || true) in
        installed*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup: missing Debian packages:$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The list is words without spaces.
# shellcheck disable=SC2086
apt-get install -qq --yes --no-install-recommends $missing
