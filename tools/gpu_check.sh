#!/bin/sh
# Proves ravine on a machine with an NVIDIA GPU. That machine needs a driver, and no compiler, Meson or Python.
#
# usage: tools/gpu_check.sh build [FOLDER [BUILD]]
#        tools/gpu_check.sh run [FOLDER]
#
# build: makes FOLDER (build/gpu-check), which can be taken anywhere: this script, the program, the device tests, their
#        libraries, and what they read. From the build folder BUILD as it is; without one `build` is built first.
# run:   runs every check of FOLDER (the one that this script lies in). Ends with a table, and writes FOLDER/results.json and
#        FOLDER/logs. Exit status: 0 if no check failed, 1 if one failed or there is no device, 2 for wrong usage.
set -eu

most_kilobytes=61440  # of the folder

die() {
    echo "gpu_check: $1" >&2
    exit 1
}

usage() {
    echo "usage: gpu_check.sh build [FOLDER [BUILD]] | gpu_check.sh run [FOLDER]" >&2
    exit 2
}

kilobytes() { du -sk "$1" | cut -f 1; }

# --- build ---

# link TARGET FILE PATH: a target of the build folder linked once more as FILE, whose libraries lie in PATH, where $ORIGIN is its own
# folder. The old kind of path, which serves what the libraries need too.
link() {
    linking=$(ninja -C "$tree" -t commands -s "$1" | sed "s/ '*-Wl,-rpath,[^ ']*'*/ /g")
    (cd "$tree" && sh -c "$linking '-Wl,--disable-new-dtags,-rpath,$3' -o '$folder/$2'")
    strip --strip-unneeded "$folder/$2"
}

# Everything that the programs load but the C library, which belongs to its machine.
copy_libraries() {
    ldd "$folder"/bin/ravine "$folder"/bin/cuda-device-tests | sed -n 's/.* => \(\/.*\) (0x[0-9a-f]*)$/\1/p' | sort -u |
        while read -r library; do
            name=$(basename "$library")
            case $name in
                libravine* | libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | librt.so.*) continue ;;
            esac
            cp -L "$library" "$folder/lib/$name"
            chmod u+w "$folder/lib/$name"
            strip --strip-unneeded "$folder/lib/$name"
        done
}

# OpenBLAS has code for every CPU: more than half of the folder. The first run unpacks it.
pack_libraries() {
    for library in "$folder"/lib/libopenblas*; do
        if [ -f "$library" ]; then gzip -9 "$library"; fi
    done
}

copy_sanitizer() {
    nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
    sanitizer=$(dirname "$(dirname "$nvcc")")/compute-sanitizer
    if [ ! -d "$sanitizer" ]; then
        echo "gpu_check: no compute-sanitizer in this CUDA Toolkit: the machine must have one, or its checks are skipped"
    elif [ $(($(kilobytes "$folder") + $(kilobytes "$sanitizer"))) -gt $most_kilobytes ]; then
        echo "gpu_check: compute-sanitizer is too large to be taken along: the machine must have one, or its checks are skipped"
    else
        cp -RL "$sanitizer" "$folder/sanitizer"
    fi
}

build() {
    [ $# -le 2 ] || usage
    source=$(cd "$(dirname "$0")/.." && pwd)
    if [ $# -eq 2 ]; then
        tree=$(cd "$2" && pwd)
    else
        "$source/tools/build.sh" build
        tree=$source/build
    fi
    [ -f "$tree/build.ninja" ] || die "BUILD must be a build folder, got $tree"
    [ -x "$tree/tests/cuda-device-tests" ] || die "BUILD must have been built with CUDA and tests, got $tree without tests/cuda-device-tests"
    folder=${1:-$source/build/gpu-check}
    if [ -e "$folder" ] && [ ! -f "$folder/gpu_check.sh" ]; then die "FOLDER must be new or an earlier one, got $folder"; fi
    rm -rf "$folder"
    mkdir -p "$folder/bin" "$folder/lib" "$folder/replay" "$folder/tools"
    folder=$(cd "$folder" && pwd)
    cp "$0" "$folder/gpu_check.sh"
    # shellcheck disable=SC2016
    {
        link "$(readlink "$tree/libravine.so.0")" lib/libravine.so.0 '$ORIGIN'
        link tools/ravine bin/ravine '$ORIGIN/../lib'
        link tests/cuda-device-tests bin/cuda-device-tests '$ORIGIN/../lib'
    }
    copy_libraries
    pack_libraries
    cp "$source/tools/data/digits.csv.gz" "$folder/bin/"
    for archive in "$source"/tests/tools/replay/*.zip; do python3 -m zipfile -e "$archive" "$folder/replay/"; done
    rm -f "$folder"/replay/*.expected.safetensors
    strip "$folder"/bin/* 2>/dev/null || true
    cp "$source/tools/bench_torch.py" "$source/tools/bench_table.py" "$folder/tools/"
    copy_sanitizer
    [ "$(kilobytes "$folder")" -le $most_kilobytes ] || die "the folder must be at most $most_kilobytes KB, got $(kilobytes "$folder")"
    echo "gpu_check: $folder, $(kilobytes "$folder") KB. On the machine: sh gpu_check.sh run"
}

# --- run ---

# record CHECK STATUS DETAIL: a row of the table.
record() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$folder/logs/rows"
    printf '%-12s %-8s %s\n' "$1" "$2" "$3"
}

rows_that() { cut -f 2 "$folder/logs/rows" | grep -c "^$1\$" || true; }

first_line() { sed -n '/./{p;q;}' "$1" | tr '\t' ' '; }

# Why no device can be used, or nothing.
missing_device() {
    status=0
    RAVINE_NEEDS_DEVICE=1 "$folder/bin/cuda-device-tests" --count > "$folder/logs/device" 2>&1 || status=$?
    case $status in
        0) ;;
        77) sed -n 's/^skipped: ravine: //p' "$folder/logs/device" ;;
        *) echo "the test program must start, got exit status $status: $(first_line "$folder/logs/device")" ;;
    esac
}

# device_tests CHECK FILTER [COMMAND...]: the device tests whose names fit, under a command.
device_tests() {
    check=$1 filter=$2
    shift 2
    log=$folder/logs/$check
    status=0
    "$@" "$folder/bin/cuda-device-tests" --no-colors=true --test-case="$filter" > "$log" 2>&1 || status=$?
    sums=$(sed -n 's/.*\[doctest\] test cases: *//p' "$log" | tr -s ' ')
    if [ "$status" -ne 0 ]; then record "$check" failed "exit status $status, test cases: ${sums:-?}; see logs/$check"
    else
        case $sums in
            "0 |"*) record "$check" skipped "no test case yet" ;;
            *) record "$check" passed "test cases: $sums" ;;
        esac
    fi
}

# replay_on DEVICE SPEC IMPLEMENTATION: writes logs/DEVICE.safetensors; `own` is what the spec says.
replay_on() {
    rm -f "$folder/logs/$1.safetensors"
    set -- "$1" "$2" "$3" "$folder/bin/ravine" replay "$2" "${2%.json}.in.safetensors" -o "$folder/logs/$1.safetensors" --quiet --device "$1"
    if [ "$3" != own ]; then set -- "$@" --implementation "$3"; fi
    shift 3
    "$@" > "$folder/logs/replay.last" 2>&1
}

# Every recording on the CPU and on the device: the files must be equal, byte for byte.
replays() {
    same=0 different=0 unknown=0
    : > "$folder/logs/replay"
    for spec in "$folder"/replay/*.json; do
        implementations="for_loop foreach fused"
        if grep -q '"implementation"' "$spec"; then implementations=own; fi
        for implementation in $implementations; do
            if ! replay_on cpu "$spec" "$implementation" && grep -q "an optimizer must be one of" "$folder/logs/replay.last"; then
                unknown=$((unknown + 1))
            elif [ -f "$folder/logs/cpu.safetensors" ] && replay_on cuda "$spec" "$implementation" &&
                cmp "$folder/logs/cpu.safetensors" "$folder/logs/cuda.safetensors" > "$folder/logs/replay.last" 2>&1; then
                same=$((same + 1))
            else
                different=$((different + 1))
                echo "$(basename "$spec") $implementation: $(first_line "$folder/logs/replay.last")" >> "$folder/logs/replay"
            fi
        done
    done
    detail="$same recordings equal on cpu and cuda, $different different, $unknown of optimizers that this ravine lacks"
    if [ $different -eq 0 ] && [ $same -gt 0 ]; then record replay passed "$detail"
    else record replay failed "$detail; see logs/replay"; fi
    rm -f "$folder/logs/replay.last" "$folder/logs/cpu.safetensors" "$folder/logs/cuda.safetensors"
}

# A few tests of every kind of kernel: under the sanitizer each takes a hundred times as long.
sanitizers() {
    sanitizer=
    for candidate in "$folder/sanitizer/compute-sanitizer" "$(command -v compute-sanitizer || true)" /usr/local/cuda/bin/compute-sanitizer; do
        if [ -z "$sanitizer" ] && [ -x "$candidate" ]; then sanitizer=$candidate; fi
    done
    for tool in memcheck racecheck; do
        if [ -z "$sanitizer" ]; then record $tool skipped "no compute-sanitizer on this machine"
        else
            device_tests $tool 'every list function*,norms on a device find*,conversions on a device*,a loss scale*,general powers*' \
                "$sanitizer" --tool $tool --error-exitcode 9
        fi
    done
}

bench() {
    cases=1x16Mi,16x1Mi,1000x1024,10000x64
    if "$folder/bin/ravine" bench --device cuda --json --quiet --case $cases --dtype f32,bf16 --implementation fused,foreach \
        > "$folder/logs/bench" 2> "$folder/logs/bench.error"; then
        record bench measured "$(grep -c . "$folder/logs/bench") lines; see results.json"
    else
        : > "$folder/logs/bench"
        record bench skipped "ravine bench --device cuda: $(first_line "$folder/logs/bench.error")"
    fi
    : > "$folder/logs/torch"
    if ! python3 -c 'import torch; raise SystemExit(not torch.cuda.is_available())' > "$folder/logs/torch.error" 2>&1; then
        record torch skipped "no python3 with torch and CUDA on this machine"
    elif [ ! -s "$folder/logs/bench" ]; then record torch skipped "nothing to compare with"
    elif python3 "$folder/tools/bench_torch.py" "$folder/bin/ravine" --device cuda --case $cases --dtype f32,bf16 --implementation fused,foreach \
        > "$folder/logs/torch" 2> "$folder/logs/torch.error"; then
        record torch measured "$(grep -c . "$folder/logs/torch") lines; see results.json"
    else
        : > "$folder/logs/torch"
        record torch skipped "bench_torch.py: $(tail -n 1 "$folder/logs/torch.error")"
    fi
}

quoted() { printf '%s' "$1" | tr -d '\000-\037' | sed 's/[\\"]/\\&/g; s/.*/"&"/'; }

# Lines as the items of a list.
items() { sed '$!s/$/,/' "$1"; }

write_json() {
    printf '{"device": %s, "date": %s, "checks": [\n' "$(quoted "$gpu")" "$(quoted "$(date -u '+%Y-%m-%dT%H:%M:%SZ')")"
    tab=$(printf '\t')
    while IFS=$tab read -r check status detail; do
        printf '{"check": %s, "status": %s, "detail": %s}\n' "$(quoted "$check")" "$(quoted "$status")" "$(quoted "$detail")"
    done < "$folder/logs/rows" | sed '$!s/$/,/'
    printf '],\n"bench": [\n%s],\n"torch": [\n%s]}\n' "$(items "$folder/logs/bench")" "$(items "$folder/logs/torch")"
}

run() {
    [ $# -le 1 ] || usage
    folder=$(cd "${1:-$(dirname "$0")}" && pwd)
    [ -x "$folder/bin/cuda-device-tests" ] || die "FOLDER must be one that \`gpu_check.sh build\` made, got $folder"
    for packed in "$folder"/lib/*.gz; do
        if [ -f "$packed" ]; then gzip -d "$packed"; fi
    done
    rm -rf "$folder/logs" "$folder/results.json"
    mkdir "$folder/logs"
    reason=$(missing_device)
    [ -z "$reason" ] || die "$reason"
    gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> "$folder/logs/nvidia-smi" | sed -n 1p || true)
    gpu=${gpu:-unknown}
    echo "gpu_check: on $gpu"
    device_tests tests '*'
    device_tests capture '*captur*'
    replays
    sanitizers
    bench
    write_json > "$folder/results.json"
    echo
    echo "on $gpu; results.json has this and the figures:"
    awk -F '\t' '{printf "%-12s %-8s %s\n", $1, $2, $3}' "$folder/logs/rows"
    echo "$(rows_that passed) passed, $(rows_that failed) failed, $(rows_that skipped) skipped"
    [ "$(rows_that failed)" -eq 0 ]
}

[ $# -ge 1 ] || usage
command=$1
shift
case $command in
    build) build "$@" ;;
    run) run "$@" ;;
    *) usage ;;
esac
