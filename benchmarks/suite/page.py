"""docs/benchmarks.md and its figure, from the results and nothing else."""

import statistics

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks import sequential
from benchmarks.suite.against import against_page
from benchmarks.suite.populations import METHODS
from benchmarks.suite.stages import PEERS

_NONE = "\N{EN DASH}"
SEQUENTIAL = "sequential, K chosen"
_LARGE = 400  # neurons: below, what does not grow with them still shows


def page_of(found):
    """Return the page as Markdown."""
    parts = [
        _head(found["environment"]),
        _stages(_table(found, "stages")),
        _target(_table(found, "target")),
        _words(_table(found, "words")),
        _thousands(_table(found, "thousands")),
        _scaling(found),
        _distances(_table(found, "distances")),
        _populations(found["populations"]),
    ]
    if "limits" in found:
        parts.append(limits_page(found["limits"]))
    if "against" in found:
        parts.append(against_page(found["against"]))
    return "\n".join(parts)


def _table(found, name):
    return [case for case in found["cases"] if case["table"] == name]


def wall(case):
    """Return the median wall time of a case, s."""
    return statistics.median(run["wall"] for run in case["runs"])


def cpu(case):
    """Return the median CPU time of a case, s."""
    return statistics.median(run["cpu"] for run in case["runs"])


def _cost(case):
    """Return time and memory as they are printed."""
    if case is None:
        return _NONE
    memory = max(run["mib"] for run in case["runs"])
    return f"{wall(case):.3g} s, {max(memory, 0):.0f} MiB"


def _grid(corner, names, columns, cell):
    """Return a Markdown table of `cell(name, column)`."""
    lines = [
        f"| {corner} | " + " | ".join(columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(cell(name, c) for c in columns) + " |")
    return "\n".join(lines) + "\n"


def _head(environment):
    versions = ", ".join(
        f"{name} {number or 'not installed'}"
        for name, number in environment["packages"].items()
    )
    return f"""# Benchmarks

What each stage costs, and what its peers cost in the same run. One command measures all
of it and writes this page:

```bash
pip install -c constraints.txt -e ".[bench]"
python -m benchmarks.suite
```

Each case runs in a fresh process with one thread, forked from one that has loaded the
packages (numba among them), the runs of all cases interleaved.
Cases of 1600 neurons and more run once, the others several times. The tables hold the
median wall time and the largest memory beyond that of the inputs; what is said to be
slower or faster is so in CPU time.
Python {environment["python"]} on {environment["machine"]} with
{environment["cores"]} cores; {versions}.

Peers, none of which corrects for few repeats: SciPy's `pdist(p, "jensenshannon")` over
the same word probabilities; [IBM's sequential information
bottleneck](https://github.com/IBM/sib) (`sib-clustering`, Apache-2.0) for one given
number of classes with 10 restarts; distances of whole spike trains by
[elephant](https://elephant.readthedocs.io) (BSD-3-Clause) and
[PySpike](https://github.com/mariomulansky/PySpike) (BSD-2-Clause).
"""


def _by(found, *keys):
    return {tuple(case[key] for key in keys): case for case in found}


def _stages(found):
    known = _by(found, "stage", "neurons")
    sizes = sorted({case["neurons"] for case in found})
    names = dict.fromkeys(case["stage"] for case in found)
    text = f"""## Stages

Simulated retinas of eight types, {found[0]["repeats"]} repeats of
{found[0]["duration"]:g} s, binary words of 20 ms; K = 8 where it is given.

"""
    columns = {f"{n} neurons": n for n in sizes}
    return text + _grid(
        "stage", names, columns, lambda s, c: _cost(known.get((s, columns[c])))
    )


def _ratio(known, peer, ours, *key):
    """Return how much longer the peer takes, in words."""
    peer, ours = known.get((peer, *key)), known.get((ours, *key))
    if peer is None or ours is None:
        return _NONE
    times = cpu(peer) / cpu(ours)
    if 0.98 < times < 1.02:
        return "neither slower nor faster"
    if times > 1:
        return f"{times:.3g} times slower"
    return f"{1 / times:.3g} times **faster**"


def _verdict(known, peer, ours, *key):
    """Return the same as the end of a sentence on the peer."""
    ratio = _ratio(known, peer, ours, *key)
    return "was not installed" if ratio == _NONE else f"is {ratio} than us"


def _target(found):
    known = _by(found, "stage")
    one = found[0]
    chosen, given = known["classes, K chosen",], known["classes, K given",]
    pdist = _verdict(known, "pairs by scipy pdist", "pairs")
    sib = _verdict(known, "IBM sib, 10 restarts", "classes, K given")
    text = f"""## A large recording

{one["neurons"]} neurons, {one["repeats"]} repeats of {one["duration"]:g} s, words of
{one["word_length"]} bins of {1e3 * one["bin_size"]:g} ms.

"""
    names = [case["stage"] for case in found]
    table = _grid("stage", names, ["cost"], lambda s, _: _cost(known[s,]))
    return f"""{text}{table}
* All pairs: SciPy {pdist}.
* One given number of classes, from counts to labels: IBM sib {sib}
  (who build the tree of all numbers of classes on the way).
* The automatic number of classes takes {cpu(chosen) / cpu(given):.2f} times as long
  as a given one.
"""


def _thousands(found):
    rows = [
        f"| {case['neurons']} | {case['duration']:g} s in {case['word_length']} x "
        f"{1e3 * case['bin_size']:g} ms | {case['repeats']} | {_cost(case)} |"
        for case in found
    ]
    return (
        "## Thousands of neurons\n\nFrom counts to labels, the number of classes "
        "chosen; one run.\n\n| neurons | words | repeats | cost |\n"
        "|---:|---:|---:|---:|\n" + "\n".join(rows) + "\n"
    )


def _words(found):
    known = _by(found, "stage", "repeats", "bin_size", "word_length")
    settings = list(dict.fromkeys(k[1:] for k in known))
    stages = list(dict.fromkeys(case["stage"] for case in found))

    def cell(setting, column):
        if column in stages:
            case = known.get((column, *setting))
            return _NONE if case is None else f"{wall(case):.3g} s"
        peer, ours = GIVEN_PAIRS[column]
        return _ratio(known, peer, ours, *setting)

    lines = _grid(
        "repeats, word",
        settings,
        [*stages, *GIVEN_PAIRS],
        cell,
    )
    for repeats, bin_size, length in settings:
        name = f"{repeats}, {length} x {1e3 * bin_size:g} ms"
        lines = lines.replace(f"| {(repeats, bin_size, length)} |", f"| {name} |")
    n = found[0]["neurons"]
    return f"## Repeats and word length\n\n{n} neurons, as above.\n\n{lines}"


OURS = "pairs, from spikes"
GIVEN_PAIRS = {
    "pdist against pairs": ("pairs by scipy pdist", "pairs"),
    "sib against classes": ("IBM sib, 10 restarts", "classes, K given"),
}


def scaling(found):
    """Return {stage: (neurons, CPU seconds)}, the sequential method included."""
    series = {}
    for case in _table(found, "scaling"):
        series.setdefault(case["stage"], []).append((case["neurons"], cpu(case)))
    for row in found["sequential"]:
        point = (row["neurons"], row["cpu seconds"])
        series.setdefault(SEQUENTIAL, []).append(point)
    return {stage: sorted(points) for stage, points in series.items()}


def exponent(points):
    """Return the slope of log seconds against log neurons, of the larger sizes."""
    large = [p for p in points if p[0] >= _LARGE]
    if len(large) < 2:
        large = points
    n, seconds = np.log(np.array(large, dtype=float)).T
    return float(np.polyfit(n, seconds, 1)[0])


def _scaling(found):
    series = scaling(found)
    sizes = sorted({n for points in series.values() for n, _ in points})
    known = {(s, n): t for s, points in series.items() for n, t in points}

    def cell(stage, column):
        if column == "exponent":
            return f"{exponent(series[stage]):.2f}"
        seconds = known.get((stage, int(column)))
        return _NONE if seconds is None else f"{seconds:.3g}"

    table = _grid("CPU s at neurons", series, [*map(str, sizes), "exponent"], cell)
    text = f"""## Cost against the number of neurons

Counts of 500 conditions, 20 repeats, two words. Exponents are fitted to {_LARGE}
neurons and more. Between 400 and 800 neurons pairs change to single precision,
which bends their line.

![CPU time against the number of neurons](images/scaling.png)

{table}"""
    if not found["sequential"]:
        return text
    large = found["sequential"]
    rows = [
        f"| {row['neurons']} | {row['seconds']:.3g} | {row['peak MiB']:.0f} "
        f"| {row['classes']} | {row['ARI']:.3f} |"
        for row in large
    ]
    return (
        text
        + f"""
The sequential method, on populations of {sequential.N_TYPES} types; memory is that of
the whole process:

| neurons | s | MiB | classes found | adjusted Rand index |
|---:|---:|---:|---:|---:|
"""
        + "\n".join(rows)
        + "\n"
    )


def _distances(found):
    known = _by(found, "stage", "neurons")
    sizes = sorted({case["neurons"] for case in found})
    names = dict.fromkeys(case["stage"] for case in found)

    def cell(stage, column):
        n = int(column.split()[0])
        case = known.get((stage, n))
        if case is None:
            return _NONE
        per_pair = wall(case) / (n * (n - 1) / 2)
        return f"{wall(case):.3g} s, {1e3 * per_pair:.3g} ms a pair"

    table = _grid("all pairs by", names, [f"{n} neurons" for n in sizes], cell)
    most = sizes[-1]
    ratios = "\n".join(
        f"* {peer} {_verdict(known, peer, OURS, most)}."
        for peer in names
        if peer in PEERS
    )
    return f"""## Distances of whole spike trains

{found[0]["repeats"]} repeats of {found[0]["duration"]:g} s, one after the other; cost
50 per second (Victor-Purpura), time constant 20 ms (van Rossum); ours with words of
20 ms, corrected for few repeats. None of the others compares repeat with repeat here.

{table}
With {most} neurons:

{ratios}
"""


def _populations(found):
    repeats = sorted({row["repeats"] for row in found})
    columns = {f"{r} repeats": r for r in repeats}
    names = [name for name in METHODS if name in found[0]]

    def values(name, r):
        return [row[name] for row in found if row["repeats"] == r]

    def cell(name, column):
        of = values(name, columns[column])
        spread = f" ± {statistics.stdev(of):.3f}" if len(of) > 1 else ""
        return f"{statistics.mean(of):.3f}{spread}"

    lost = []
    for r in repeats:
        ours = statistics.mean(values(names[0], r))
        for name in names[1:]:
            if (more := statistics.mean(values(name, r)) - ours) > 0:
                lost.append(
                    f"* With {r} repeats {name} is better than us by {more:.3f}."
                )
    n = len({row["seed"] for row in found})
    verdict = "\n".join(lost) or "Nowhere is a peer better on average."
    return f"""## Types found in hard populations

Adjusted Rand index with the true types: 100 cells of 8 types, diversity doubled, 20 s,
binary words of 20 ms, 8 classes asked for; mean ± standard deviation over {n} seeds.

{_grid("method", names, columns, cell)}
{verdict}
"""


def limits_page(found):
    """Return the section of the page, as Markdown."""
    rows = "\n".join(
        f"| {row['loop']} | {row['rate']:.3g} {row['unit']} | {row['limit']} | "
        f"{row['limit_rate']:.3g} {row['unit']} | "
        f"{100 * row['rate'] / row['limit_rate']:.0f} % |"
        for row in found
    )
    return f"""## Beside what the machine can do

Compiled loops, one thread, in CPU time, the best of five runs, each limit measured
right after its loop (`python -m benchmarks.suite --limits`). Spikes are 8 bytes each.

| loop | rate | limit | rate | share |
|---|---:|---|---:|---:|
{rows}
"""


def draw_scaling(found, path):
    """Draw CPU time against the number of neurons, log-log, with exponents."""
    figure = Figure(figsize=(6.4, 4.4), layout="compressed")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    for stage, points in scaling(found).items():
        n, seconds = zip(*points, strict=True)
        ax.loglog(
            n,
            seconds,
            "s--" if stage in PEERS else "o-",
            markersize=4,
            linewidth=1.2,
            label=f"{stage}: N$^{{{exponent(points):.2f}}}$",
        )
    ax.set_xlabel("Neurons")
    ax.set_ylabel("CPU time (s)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=8)
    figure.savefig(path, dpi=150, metadata={"Software": None})
