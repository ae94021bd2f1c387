#!/bin/sh
# From nothing to a trained network: builds the program, shows a schedule and a replay, trains on real digits, looks at the
# checkpoint. Everything it writes is in build/demo.
set -eu

cd "$(dirname "$0")/.."
tools/build.sh build
ravine=$PWD/build/tools/ravine
mkdir -p build/demo
python3 -m zipfile -e tests/tools/replay/adamw.zip build/demo/recorded
cd build/demo

echo
echo "== a schedule: SGD's lr, ten epochs of CosineAnnealingLR"
cat > cosine.json <<'JSON'
{"optimizer": {"type": "SGD", "lr": 0.1}, "scheduler": {"type": "CosineAnnealingLR", "T_max": 10}, "steps": 10}
JSON
"$ravine" schedule cosine.json

echo
echo "== recorded gradients, replayed by two implementations of AdamW"
recorded=recorded/adamw-f32-0
"$ravine" replay "$recorded.json" "$recorded.in.safetensors" -o for_loop.safetensors --implementation for_loop
"$ravine" replay "$recorded.json" "$recorded.in.safetensors" -o fused.safetensors --implementation fused
cmp for_loop.safetensors fused.safetensors
echo "for_loop.safetensors and fused.safetensors are equal, byte for byte"

echo
echo "== training: 1,797 handwritten digits, a network of 64-64-10"
"$ravine" train --save digits.safetensors --plot digits.svg
"$ravine" inspect digits.safetensors
echo
echo "build/demo/digits.svg shows loss, accuracy and lr; build/demo/digits.safetensors is the checkpoint."
