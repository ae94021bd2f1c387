#!/bin/sh
# Builds the project and runs all its tests, the C++ tests once more under sanitizers and with clang where it is installed.
# The last line is `N passed, N failed, N skipped`, in single test cases. Exit status 0 only if none failed.
set -eu

cd "$(dirname "$0")/.."

# The result of a run is what it logged: the count at the end sees whatever failed.
run_tests() {
    folder=$1
    shift
    echo "== tests in $folder"
    rm -f "$folder/meson-logs/testlog.json"
    meson test -C "$folder" --no-rebuild --print-errorlogs "$@" || true
}

tools/build.sh build -Dwerror=true
run_tests build

# Sanitizers: the test programs, and the program on a part of the goldens. Kernels are the larger part of these builds;
# with address and undefined together they are not optimized, or each would take minutes.
tools/build.sh build-asan -Dwerror=true -Dbuildtype=debug -Db_sanitize=address,undefined
tools/build.sh build-tsan -Dwerror=true -Dbuildtype=debugoptimized -Db_sanitize=thread
sanitized="kernels runtime optim sched swa tools"
