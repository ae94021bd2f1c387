#!/bin/sh
# Builds the project and runs all its tests, the C++ tests once more under sanitizers, and with clang where it is installed.
# The last line is `N passed, N failed, N skipped`, in single test cases. Exit status 0 only if none failed.
set -eu

cd "$(dirname "$0")/.."

# What failed is seen by the count at the end, from what each run logged.
run_tests() {
    folder=$1
    shift
    echo "== tests in $folder"
    rm -f "$folder/meson-logs/testlog.json"
    meson test -C "$folder" --no-rebuild --print-errorlogs --quiet "$@" || true
}

tools/build.sh build -Dwerror=true
run_tests build

# The test programs under sanitizers. Kernels with address and undefined together are not optimized: each would take minutes.
export ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1:suppressions=$PWD/tests/sanitizers/tsan.supp"
tools/build.sh build-asan -Dwerror=true -Dbuildtype=debug -Db_sanitize=address,undefined -Dinstruction_sets=avx2 -Dtools=disabled
run_tests build-asan --no-suite project --no-suite isa --timeout-multiplier 4
# Of threads only these programs make any, and whatever the instruction set.
TARGETS="tests/runtime-tests tests/optim-tests tests/swa-tests" \
    tools/build.sh build-tsan -Dwerror=true -Dbuildtype=debugoptimized -Db_sanitize=thread -Dinstruction_sets= -Dtools=disabled
run_tests build-tsan --suite runtime --suite optim --suite swa --timeout-multiplier 4
folders="build build-asan build-tsan"

if command -v clang++ >/dev/null; then
    # Device code is compiled by nvcc and its own host compiler, above. With libFuzzer, a short run of what reads files and specs.
    CXX=clang++ tools/build.sh build-clang -Dwerror=true -Dcuda=disabled -Dfuzz=auto
    run_tests build-clang --no-suite project --no-suite isa
    folders="$folders build-clang"
fi

# The list is words without spaces.
# shellcheck disable=SC2086
python3 tests/count_cases.py $folders
