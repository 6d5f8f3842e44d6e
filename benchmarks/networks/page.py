"""docs/network_benchmarks.md, from what was measured and nothing else."""

import statistics

__all__ = ["page_of"]

_NETWORKS = {
    "784-400 feedback": "784-400 feedback, 128, 30/100",
    "LeNet": "LeNet, 64, 30/100",
    "AlexNet-F": "AlexNet-F, 16, 30/50",
}
_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
_ROW = 400 * 4  # bytes of the weights from a neuron to 400


def page_of(found):
    """Return the page as Markdown; sections that were not measured are left out."""
    parts = {
        "steps": _steps,
        "limit": _limit,
        "against": _against,
        "rules": _rules,
        "accuracy": _accuracy,
    }
    texts = [part(found[name]) for name, part in parts.items() if name in found]
    return "\n".join([_HEAD, *texts, _TAIL])


def _where(section):
    at = section["environment"]
    return (
        f"{at['date']}, {at['processor']}, {at['cores']} cores shared with other work, "
        f"torch {at['torch']}, numba {at['numba']}"
    )


def _median(values):
    return statistics.median(values)


def _table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join(lines)


def _steps(section):
    rows = []
    for name, title in _NETWORKS.items():
        for row in section["rows"]:
            if row["network"] != name:
                continue
            plain, torch, auto = (_median(row[k]) for k in ("plain", "torch", "auto"))
            best = min(row["plain"]) / min(row["auto"])
            rows.append(
                (
                    title,
                    str(row["threads"]),
                    f"{plain:.3g} s",
                    f"{plain / torch:.2f} x",
                    f"{plain / auto:.2f} x ({best:.2f})",
                )
            )
    heads = ("network, batch, steps", "threads", "plain loop", "torch engine", "auto")
    return f"""## A training step by SPIDE

Both stages and the gradients, against a loop that writes the equations as they stand in
plain torch; random weights and images; medians, and in brackets the ratio of the
shortest steps. Seconds of CPU on one thread, wall time on two.
({_where(section)})

{_table(heads, rows)}

{_STEPS}"""


def _limit(section):
    (row,) = section["rows"]
    step, ahead, back = (
        1000 * _median(row[k]) for k in ("step", "forward", "backward")
    )
    n = 128 * 400
    ahead_rows, back_rows = row["changes"] * n * 30, row["pairs"] * n * 100
    speed = ahead_rows * _ROW / 1e6 / ahead
    heads = ("", "CPU ms", "events per neuron and step", "rows", "their bytes")
    events = f"{row['changes']:.3f} ({row['spikes']:.3f} spikes)"
    rows = [
        ("forward stage", f"{ahead:.1f}", events, *_sizes(ahead_rows)),
        ("backward stage", f"{back:.1f}", f"{row['pairs']:.4f}", *_sizes(back_rows)),
        ("the rest", f"{step - ahead - back:.1f}", "", "", ""),
        ("step", f"{step:.1f}", "", "", ""),
    ]
    return f"""## Where the limit lies

784-400 feedback, batch 128, 30/100, one thread. A row is the weights from a neuron to
400. ({_where(section)})

{_table(heads, rows)}

The forward stage, the input's product included, adds {speed:.0f} GB of weights a
second: a tile of 32 neurons has 51 KB of them, which stay in the first cache while a
step goes through 64 samples. Before, rows came from the second cache, at 39 GB/s, one
sample after the other. What is left are the events themselves: each is listed once, and
read once for each of 13 tiles. The backward stage is bound by its states, in the first
cache: {back_rows / 12800:.1f} pairs of 400 fire at a step, and those of neurons that
fire never or always send nothing. The rest is the product with the input, those of the
gradients, weights that are laid out anew, autograd and the classifier.
"""


def _sizes(n_rows):
    return f"{n_rows:,.0f}", f"{n_rows * _ROW / 1e6:.0f} MB"


def _against(section):
    rows = []
    for row in section["rows"]:
        then, now = _median(row["then"]), _median(row["now"])
        ratios = [a / b for a, b in zip(row["then"], row["now"], strict=True)]
        rows.append(
            (
                row["case"],
                f"{then:.4f} s",
                f"{now:.4f} s",
                f"{then / now:.2f} x",
                ", ".join(f"{ratio:.2f}" for ratio in ratios),
            )
        )
    heads = ("rule, network, batch, steps", "then", "now", "ratio", "of each run")
    return f"""## Against an earlier version

A training step at commit {section["reference"]} and now, CPU seconds on one thread:
medians of runs, each the median of some steps in a process of its own, the versions in
turn. ({_where(section)})

{_table(heads, rows)}

Twice was aimed at for SPIDE and IDE on 784-400, 1.5 times for the convolutional
networks.
"""


def _rules(section):
    rows = section["rows"]
    ours = next(row for row in rows if row["rule"] == "SPIDE")
    turn, alone = _median(ours["in turn"]), _median(ours["alone"])
    cells = [
        (
            row["rule"],
            f"{1000 * _median(row['in turn']):.1f} ms",
            f"{_median(row['in turn']) / turn:.2f}",
            f"{1000 * _median(row['alone']):.1f} ms",
            f"{_median(row['alone']) / alone:.2f}",
        )
        for row in rows
    ]
    heads = ("", "in turn", "of SPIDE", "alone", "of SPIDE")
    return f"""## Rules side by side

CPU time of a step of 784-400 recurrent, batch 128, 30 steps, medians of
{len(ours["alone"])} on one thread: in turn, where each finds the caches as the others
left them, and alone. Accuracies stand on the page of [the experiments](papers.md).
Six times of surrogate backpropagation through time was aimed at.
({_where(section)})

{_table(heads, cells)}
"""


def _accuracy(section):
    lines = []
    for name, title in _TITLES.items():
        runs = [row for row in section["rows"] if row["dataset"] == name]
        if not runs:
            continue
        last = [100 * row["test_accuracy"][-1] for row in runs]
        shown = [
            n for n in (1, 5, 10, 15, 20) if n <= min(row["epochs"] for row in runs)
        ]
        spread = f" ± {statistics.stdev(last):.2f}" if len(last) > 1 else ""
        means = [_mean_at(runs, "test_accuracy", n) for n in shown]
        lines.append(
            (
                title,
                ", ".join(str(row["seed"]) for row in runs),
                *(f"{100 * mean:.2f}" for mean in means),
                ", ".join(f"{value:.2f}" for value in last),
                f"{statistics.fmean(last):.2f}{spread}",
            )
        )
    heads = (
        *("", "seeds"),
        *(f"test % after {n}" for n in shown),
        *("last of each", "mean ± standard deviation"),
    )
    rates = []
    for name, title in _TITLES.items():
        runs = [row for row in section["rows"] if row["dataset"] == name]
        for stage in ("forward_rate", "backward_rate") if runs else ():
            means = [_mean_at(runs, stage, n) for n in shown]
            label = f"{title}, {stage.removesuffix('_rate')}"
            rates.append((label, *(f"{mean:.4f}" for mean in means)))
    return f"""## Accuracy

784-400 feedback, SPIDE 30/100, {section["rows"][0]["epochs"]} epochs of all training
images, SGD with momentum, learning rate 0.05 that falls along half a cosine, the scale
of the paper (100), dropout 0.2: settings that were chosen before, and once.
At least 98 and 89 % were aimed at. ({_where(section)})

{_table(heads, lines)}

Spikes per neuron and step, after as many epochs:

{_table(("", *(str(n) for n in shown)), rates)}
"""


def _mean_at(runs, name, epoch):
    return statistics.fmean(row[name][epoch - 1] for row in runs)


_HEAD = """# Benchmarks of spiking networks

One command measures what stands below and writes this page:

```bash
pip install -c constraints.txt -e ".[snn,fast]"
python -m benchmarks.networks
python -m benchmarks.networks --only accuracy --data FOLDER --output DIR
```

The second trains on MNIST and Fashion-MNIST, whose files it is given. Runs are
interleaved, so that ratios hold better than seconds.
"""

_STEPS = """"auto" runs networks of dense layers whole stages compiled, the others each
connection from the events of its source where few neurons fired, and densely otherwise,
step by step. In dense networks the current of the first step tells which neurons will
fire at more than half of the steps: they count as constant current, and the steps at
which they do not fire are the events. On weights whose sums are exact the spikes are
those of the plain loop (`tests/snn/engine/test_event_driven.py`).

Two threads share a step only if the second core is free. The threads of GNU OpenMP,
which torch uses on Linux, wait for their next parallel operation at full speed, by
default for milliseconds, on the core that ours want. `neuroclass.snn` therefore sets
`GOMP_SPINCOUNT=10000` unless torch is loaded already or `OMP_WAIT_POLICY` or
`GOMP_SPINCOUNT` is set. So import `neuroclass.snn` before torch, or set the variable,
where several threads train dense networks.
"""

_TAIL = """## The spiking gradient against the exact one

Relative error of the solution on 8 neurons, by steps of the backward stage; these are
the numbers that `tests/snn/learning/test_spide.py` asserts:

| steps | 10 | 25 | 50 | 100 | 250 | 500 | 1000 | 4000 |
|---|---|---|---|---|---|---|---|---|
| reset to -threshold | .154 | .058 | .041 | .015 | .0066 | .0026 | .0014 | .0005 |
| reset to 0 | .308 | .146 | .065 | .030 | .014 | .0067 | .0031 | .0009 |

## Not measured

No GPU was at hand. GPUs run the plain stages; whether `torch.compile` gains there was
not tried, and it is used nowhere. The large networks:

```bash
neuroclass train mnist --data FOLDER -o mnist --structure mnist-convnet-f --device cuda
neuroclass train cifar10 --data FOLDER -o cifar --structure alexnet-f --device cuda
```
"""
