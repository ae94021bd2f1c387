"""Muon in torch's operations, because torch 2.8 does not have it: as torch 2.9 and later compute it."""

import math

import torch


def orthogonal(matrix, coefficients, steps, eps):
    """Products of bfloat16 matrices are float32 and rounded once."""
    a, b, c = (torch.tensor(value, dtype=torch.float32) for value in coefficients)
    x = matrix.to(torch.bfloat16)
    if x.shape[0] > x.shape[1]:
        x = x.T
    norm = x.double().norm().to(torch.bfloat16)
    x = (x.float() / torch.maximum(norm, torch.tensor(eps, dtype=torch.bfloat16)).float()).to(torch.bfloat16).float()
    for _ in range(steps):
        square = (x @ x.T).to(torch.bfloat16).float()
        polynomial = (b * square + c * (square @ square)).to(torch.bfloat16).float()
        x = (a * x + polynomial @ x).to(torch.bfloat16).float()
    return x.T if matrix.shape[0] > matrix.shape[1] else x


def ratio(adjustment, shape):
    rows, columns = shape
    if adjustment == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(rows / columns if adjustment == "spectral_unclamped" else max(1, rows / columns))


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, weight_decay=0.1, momentum=0.95, nesterov=True, ns_coefficients=(3.4445, -4.7750, 2.0315),
                 eps=1e-7, ns_steps=5, adjust_lr_fn=None):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
                                  "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps, "adjust_lr_fn": adjust_lr_fn})

    def step(self):
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self.update(param, group)

    def update(self, param, group):
        if not self.state[param]:
            self.state[param]["momentum_buffer"] = torch.zeros_like(param.grad)
        buffer = self.state[param]["momentum_buffer"]
        buffer.lerp_(param.grad, 1 - group["momentum"])
        average = param.grad.lerp(buffer, group["momentum"]) if group["nesterov"] else buffer
        direction = orthogonal(average, group["ns_coefficients"], group["ns_steps"], group["eps"])
        param.mul_(1 - group["lr"] * group["weight_decay"])
        param.add_(direction.to(param.dtype), alpha=-(group["lr"] * ratio(group["adjust_lr_fn"], param.shape)))
