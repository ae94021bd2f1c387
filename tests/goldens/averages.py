#!/usr/bin/env python3
"""Prints tests/swa/torch_averages.h: what torch's AveragedModel makes of six models.

usage: averages.py > torch_averages.h

check.py makes it again and compares.
"""

import torch
from torch.optim import swa_utils

UPDATES, ELEMENTS = 6, 12
DTYPES = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
INTEGERS = {"i64": torch.int64, "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "boolean": torch.bool}
FORMS = {
    "default": {},
    "get_swa_avg_fn": {"avg_fn": swa_utils.get_swa_avg_fn()},
    "get_swa_multi_avg_fn": {"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()},
    "get_ema_avg_fn(0.9)": {"avg_fn": swa_utils.get_ema_avg_fn(0.9)},
    "get_ema_avg_fn(0.3)": {"avg_fn": swa_utils.get_ema_avg_fn(0.3)},
    "get_ema_multi_avg_fn(0.9)": {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)},
    "get_ema_multi_avg_fn(0.3)": {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.3)},
}


def model_values(update, dtype):
    """The same numbers as in the test."""
    numbers = [(i * 37 + update * 101 + i * i * 7) % 251 for i in range(ELEMENTS)]
    if dtype.is_floating_point:
        return torch.tensor([(k - 125) * 0.1 for k in numbers], dtype=torch.float64).to(dtype)
    if dtype == torch.bool:
        return torch.tensor([k % 2 for k in numbers]).to(dtype)
    return torch.tensor(numbers if dtype == torch.uint8 else [k - 125 for k in numbers]).to(dtype)


class Model(torch.nn.Module):
    """One buffer: with use_buffers it is averaged like a parameter, and may have any dtype."""

    def __init__(self, dtype):
        super().__init__()
        self.register_buffer("values", torch.zeros(ELEMENTS, dtype=dtype))


def averages(dtype, arguments):
    model = Model(dtype)
    averaged = swa_utils.AveragedModel(model, use_buffers=True, **arguments)
    for update in range(UPDATES):
        model.values.copy_(model_values(update, dtype))
        averaged.update_parameters(model)
    return averaged.module.values


def averages_by_number(dtype):
    """get_swa_multi_avg_fn with the count as a number: its weight is not rounded to float32."""
    values = model_values(0, dtype)
    for update in range(1, UPDATES):
        swa_utils.get_swa_multi_avg_fn()([values], [model_values(update, dtype)], update)
    return values


def line(form, name, values):
    numbers = ", ".join(repr(float(value)) for value in values.to(torch.float64))
    return f'    {{"{form}", DType::{name}, {{{numbers}}}}},'


def main():
    print("#pragma once")
    print(f"// Made by tests/goldens/averages.py with torch {torch.__version__.split('+')[0]} on a CPU with AVX2.")
    print("// clang-format off")
    print("#include <ravine/runtime/dtype.h>\n\n#include <vector>\n\nnamespace ravine::testing {\n")
    print("struct TorchAverage {\n    const char* form;\n    DType dtype;\n    std::vector<double> averages;\n};\n")
    print("inline const std::vector<TorchAverage> torch_averages = {")
    for form, arguments in FORMS.items():
        for name, dtype in DTYPES.items():
            print(line(form, name, averages(dtype, arguments)))
        for name, dtype in INTEGERS.items():
            try:
                print(line(form, name, averages(dtype, arguments)))
            except RuntimeError:
                pass  # torch refuses it, and so do we
    for name, dtype in DTYPES.items():
        print(line("get_swa_multi_avg_fn, exact", name, averages_by_number(dtype)))
    print("};\n\n}  // namespace ravine::testing")


if __name__ == "__main__":
    main()
