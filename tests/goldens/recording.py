"""A recorded run of an optimizer: what `ravine replay` reads and writes (docs of the program: replay)."""

import json
import struct
from dataclasses import dataclass, field

import torch

METADATA = {"made_by": "tests/goldens/make_goldens.py", "torch": "2.8.0", "sqrt": "correctly rounded"}
DTYPES = {torch.int64: "I64", torch.float64: "F64", torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16"}


@dataclass
class Recording:
    """A spec with its input. `grads` is keyed by (name, step), `found_inf` and `grad_scale` by step. A sparse gradient is a pair
    (indices, values). `tolerance` says for "param" and "state" how far a result may be from torch's: [relative, absolute]."""

    name: str
    spec: dict
    params: dict = field(default_factory=dict)
    grads: dict = field(default_factory=dict)
    found_inf: dict = field(default_factory=dict)
    grad_scale: dict = field(default_factory=dict)
    tolerance: dict = field(default_factory=dict)

    @property
    def steps(self):
        return self.spec["steps"]

    def recorded_steps(self):
        record = self.spec.get("record", "last")
        if record == "last":
            return [self.steps]
        return list(range(1, self.steps + 1)) if record == "all" else record

    def groups(self):
        """[(names of parameters, options that override the optimizer's)]"""
        if "groups" not in self.spec:
            return [(sorted(self.params, key=str.encode), {})]
        return [(group["params"], {key: value for key, value in group.items() if key != "params"})
                for group in self.spec["groups"]]

    def input_tensors(self):
        tensors = {f"param/{name}": tensor for name, tensor in self.params.items()}
        for (name, step), grad in self.grads.items():
            parts = {"/indices": grad[0], "/values": grad[1]} if isinstance(grad, tuple) else {"": grad}
            tensors |= {f"grad/{name}/{step}{part}": tensor for part, tensor in parts.items()}
        for kind in ("found_inf", "grad_scale"):
            tensors |= {f"{kind}/{step}": torch.tensor(value) for step, value in getattr(self, kind).items()}
        return tensors


def tuples(options):
    """JSON's lists as torch wants them."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


def bytes_of(tensor):
    """Row-major elements; every NaN becomes the same one, because its bits depend on the CPU."""
    tensor = tensor.detach().clone().reshape(-1)
    if tensor.is_floating_point():
        tensor[tensor.isnan()] = float("nan")
    return tensor.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def write_safetensors(path, tensors, tolerance=None):
    metadata = METADATA | ({"tolerance": json.dumps(tolerance)} if tolerance else {})
    header, body = {"__metadata__": metadata}, b""
    for name in sorted(tensors, key=str.encode):
        data = bytes_of(tensors[name])
        header[name] = {"dtype": DTYPES[tensors[name].dtype], "shape": list(tensors[name].shape),
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def write(recording, expected, folder):
    stem = folder / recording.name
    stem.with_name(recording.name + ".json").write_text(json.dumps(recording.spec, ensure_ascii=False) + "\n")
    write_safetensors(stem.with_name(recording.name + ".in.safetensors"), recording.input_tensors())
    write_safetensors(stem.with_name(recording.name + ".expected.safetensors"), expected, recording.tolerance)
