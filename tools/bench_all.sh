#!/bin/sh
# Measures what docs/performance.md shows, in about twenty minutes on a quiet machine: every case and every elementwise optimizer
# beside the stream without arithmetic, then beside torch where a Python has it.
#
# usage: tools/bench_all.sh PROGRAM [PYTHON]
# Prints tables on stdout; JSON lines go to bench-ravine.jsonl and bench-torch.jsonl in the current folder.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: tools/bench_all.sh PROGRAM [PYTHON]" >&2
    exit 2
fi
program=$1
python=${2:-python3}
tools=$(dirname "$0")
cases="1x16Mi 16x1Mi 1000x1024 10000x64 gpt2-124m resnet50"

: > bench-ravine.jsonl
for case in $cases; do
    # gpt2-124m moves seven times as much in a step as the other large ones.
    seconds=8
    if [ "$case" = gpt2-124m ]; then seconds=40; fi
    "$program" bench --case "$case" --optimizer adamw,sgd:momentum=0.9 --dtype f32,bf16 --implementation fused --threads 1,2 \
        --seconds $seconds --quiet --json >> bench-ravine.jsonl
done
# In one run, so that one may be compared with another.
optimizers=adamw,sgd:momentum=0.9,adam,adagrad,adadelta,adamax,rmsprop,rprop,asgd,nadam,radam
"$program" bench --case 1x16Mi,1000x64,1000x1024 --optimizer $optimizers --dtype f32 --implementation fused --threads 1,2 \
    --seconds 100 --quiet --json >> bench-ravine.jsonl
"$python" "$tools/bench_table.py" bench-ravine.jsonl

: > bench-torch.jsonl
for case in $cases; do
    seconds=8
    if [ "$case" = gpt2-124m ]; then seconds=12; fi
    status=0
    "$python" "$tools/bench_torch.py" "$program" --case "$case" --threads 1,2 --seconds $seconds --rounds 3 >> bench-torch.jsonl || status=$?
    if [ $status = 77 ]; then
        echo "skipped: $python has no torch"
        rm bench-torch.jsonl
        exit 0
    elif [ $status != 0 ]; then
        exit $status
    fi
done
"$python" "$tools/bench_torch.py" "$program" --case 1x16Mi --optimizer $optimizers --implementation fused,foreach,for_loop,compiled \
    --seconds 8 --rounds 3 >> bench-torch.jsonl
# A list of many tensors takes minutes to compile.
"$python" "$tools/bench_torch.py" "$program" --case 1000x64,1000x1024 --optimizer $optimizers --seconds 5 --rounds 3 >> bench-torch.jsonl
# A rounding after every operation, as torch's for-loop does it in 16 bits.
"$python" "$tools/bench_torch.py" "$program" --case 1x16Mi --dtype bf16 --implementation for_loop --ravine for_loop >> bench-torch.jsonl
"$python" "$tools/bench_torch.py" "$program" --case 1x16Mi --dtype bf16 --implementation fused >> bench-torch.jsonl
"$python" "$tools/bench_table.py" bench-torch.jsonl
