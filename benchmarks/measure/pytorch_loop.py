#!/usr/bin/env python3
"""Gradient samples a second of a plain PyTorch loop, on one thread.

The network of `signet measure --problem cosine`: 2-5-5-5-1, Bernoulli units
{0, 1} with P(x = 1) = sigmoid(a), loss log(1 + exp(-y eta)), 200 points; one
full-batch gradient sample an iteration, as one writes it in PyTorch.
--replicates R stands for the merely vectorised loop: R samples an iteration on
a leading axis, by the same operations.
"""
import argparse
import math
import statistics
import time

import torch
import torch.nn.functional as F

SIZES = [2, 5, 5, 5, 1]


def points(generator):
    """100 points uniform on [-pi/2, pi/2] x [0, 1], label +1; 100 in
    [-pi/2, pi/2] x [-1, 1] below cos, label -1."""
    def uniform(n, low, high):
        return low + (high - low) * torch.rand(n, generator=generator)
    right = torch.stack([uniform(100, -math.pi / 2, math.pi / 2),
                         uniform(100, 0, 1)], 1)
    x1, x2 = uniform(1000, -math.pi / 2, math.pi / 2), uniform(1000, -1, 1)
    below = torch.stack([x1, x2], 1)[x2 < torch.cos(x1)][:100]
    return (torch.cat([right, below]),
            torch.cat([torch.ones(100), -torch.ones(100)]))


def linear(x, weight, bias):
    if weight.dim() == 2:
        return F.linear(x, weight, bias)
    return torch.matmul(x, weight.transpose(1, 2)) + bias.unsqueeze(1)


def straight_through(parameters, x, y):
    for weight, bias in parameters[:-1]:
        p = torch.sigmoid(linear(x, weight, bias))
        x = torch.bernoulli(p).detach() + p - p.detach()
    eta = linear(x, *parameters[-1]).squeeze(-1)
    return F.softplus(-y * eta)


def reinforce(parameters, x, y):
    log_prob = 0
    for weight, bias in parameters[:-1]:
        a = linear(x, weight, bias)
        x = torch.bernoulli(torch.sigmoid(a)).detach()
        log_prob = log_prob - F.binary_cross_entropy_with_logits(
            a, x, reduction="none").sum(-1)
    eta = linear(x, *parameters[-1]).squeeze(-1)
    loss = F.softplus(-y * eta)
    return loss + loss.detach() * log_prob


def measure(estimator, replicates, seconds):
    """Gradient samples a second: the median over iterations."""
    generator = torch.Generator().manual_seed(1)
    x, y = points(generator)
    lead = [replicates] if replicates > 1 else []
    parameters = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        bound = 1 / math.sqrt(inputs)
        parameters.append([
            ((torch.rand(lead + shape, generator=generator) * 2 - 1) * bound)
            .requires_grad_() for shape in ([outputs, inputs], [outputs])])
    flat = [p for pair in parameters for p in pair]
    total = sum(p[0].numel() if lead else p.numel() for p in flat)
    mean = torch.zeros(total)
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 2:
        begin = time.perf_counter()
        for p in flat:
            p.grad = None
        estimator(parameters, x, y).mean(-1).sum().backward()
        # What a measurement keeps of a sample.
        gradients = torch.cat([p.grad.reshape(*lead, -1) for p in flat], -1)
        mean += gradients.sum(0) if lead else gradients
        times.append(time.perf_counter() - begin)
    return replicates / statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estimator", choices=["st", "reinforce"])
    parser.add_argument("--replicates", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    estimator = {"st": straight_through, "reinforce": reinforce}
    print("%.0f" % measure(estimator[arguments.estimator],
                           arguments.replicates, arguments.seconds))


if __name__ == "__main__":
    main()
