"""Random networks replayed step by step in numpy, from the equations alone."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs `pip install neuroclass[snn]`")

from neuroclass.snn import IF, LIF, FeedbackSNN, Linear, Spide  # noqa: E402

T_F, T_B = 12, 40
V_B = 1.0


def replay(weights, biases, feedback, readout, *, x, error, leak):
    """Return average rates, outputs of pairs, and gradients of the weights."""
    n_layers, reset = len(weights), 2.0
    sizes = [len(w) for w in weights]
    n = len(x)
    u, s, count, leaky = ([np.zeros((n, k)) for k in sizes] for _ in range(4))
    for t in range(T_F):
        returned = s[-1] @ feedback.T if t else 0.0
        for k in range(n_layers):
            sent = x if k == 0 else s[k - 1]
            current = u[k] + sent @ weights[k].T + biases[k]
            if k == 0:
                current = current + returned
            s[k] = (current >= 1.0).astype(float)
            u[k] = leak * (current - reset * s[k])
            count[k] += s[k]
            leaky[k] = leak * leaky[k] + s[k]
    norm = sum(leak**t for t in range(T_F))
    rates = [total / norm for total in leaky]
    masks = [((c > 0) & (c < T_F)).astype(float) for c in count]

    # R .. 0, then N-1 .. R+1; layer l receives from layer l+1, the last from layer 0.
    order = [*range(readout, -1, -1), *range(n_layers - 1, readout, -1)]
    back = [*weights[1:], feedback]
    v, z, total = ([np.zeros((n, k)) for k in sizes] for _ in range(3))
    for _ in range(T_B):
        for k in order:
            above = (k + 1) % n_layers
            current = v[k] + (masks[above] * z[above]) @ back[k] / reset
            if k == readout:
                current = current + error
            z[k] = V_B * ((current >= 0.5).astype(float) - (current <= -0.5))
            v[k] = current - z[k]
            total[k] += z[k]
    deltas = [m * b / T_B / reset for m, b in zip(masks, total, strict=True)]
    inputs = [x, *rates[:-1]]
    gradients = [d.T @ a for d, a in zip(deltas, inputs, strict=True)]
    return rates, gradients, deltas[0].T @ rates[-1]


CASES = [
    (n_layers, readout, kind)
    for n_layers in (1, 2, 3, 4, 5)
    for readout, kind in itertools.product(range(n_layers), ("IF", "LIF"))
]


@pytest.mark.parametrize("backend", ["torch", "auto"])
@pytest.mark.parametrize(("n_layers", "readout", "kind"), CASES)
def test_random_networks_agree_with_the_equations(n_layers, readout, kind, backend):
    rng = np.random.default_rng([n_layers, readout, kind == "LIF"])
    sizes = [4, *rng.integers(3, 9, n_layers)]

    def dyadic(*shape):  # multiples of 1/64: every sum is exact, whatever its order
        return np.round(64 * rng.normal(0, 0.7, shape)) / 64

    weights = [dyadic(b, a) for a, b in itertools.pairwise(sizes)]
    biases = [np.abs(dyadic(size)) for size in sizes[1:]]
    feedback = dyadic(sizes[1], sizes[-1]) / 4
    x, error = np.abs(dyadic(6, 4)), dyadic(6, sizes[readout + 1]) / 4
    # A leak of 1/2 keeps the sums exact too.
    leak = 1.0 if kind == "IF" else 0.5
    expected = replay(weights, biases, feedback, readout, x=x, error=error, leak=leak)

    def layer(weight, bias=None):
        made = Linear(weight.shape[1], weight.shape[0], bias is not None)
        with torch.no_grad():
            made.weight.copy_(torch.from_numpy(weight))
            if bias is not None:
                made.bias.copy_(torch.from_numpy(bias))
        return made

    network = FeedbackSNN(
        [layer(w, b) for w, b in zip(weights, biases, strict=True)],
        layer(feedback),
        IF() if kind == "IF" else LIF(leak=leak),
        T_F,
        rule=Spide(steps=T_B, scale=1.0),
        readout=readout,
        backend=backend,
    )
    rate = network(torch.from_numpy(x).float())
    rate.backward(torch.from_numpy(error).float())
    rates, gradients, of_feedback = expected
    np.testing.assert_allclose(rate.detach(), rates[readout], rtol=1e-6, atol=1e-7)
    for made, gradient in zip(network.layers, gradients, strict=True):
        np.testing.assert_allclose(made.weight.grad, gradient, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        network.feedback.weight.grad, of_feedback, rtol=1e-5, atol=1e-6
    )
