"""The page of the groupings, from what was measured alone."""

import numpy as np

from benchmarks.groupings._neurons import DISTANCE_REPEATS, DISTANCE_UNITS
from benchmarks.groupings.cases import BUNDLED
from benchmarks.validation._real_like import FIRST_REPORTED, GENERATORS

OURS = "timing classes"
_NAMES = {"mouse": "mouse cells", "step": "mouse light step"}
_PREFACE = """# Our classes and classical groupings

The groupings of `neuroclass compare` on populations whose types are known. One command
measures and writes all of it (`--quick` a short form, which the tests run, too):

```bash
python -m benchmarks.groupings
```

"""


def page_of(found):
    """Return the page from [(case, measured), ...]."""
    known = [(c, m) for c, m in found if m["n_types"] > 0 and m["methods"]]
    suites = [
        name
        for name in (*GENERATORS, "mouse", "step")
        if any(c["suite"] == name for c, _ in known)
    ]
    parts = [_PREFACE + _populations(found, known)]
    if suites:
        parts += [
            "## Is another grouping better?",
            _verdicts(known, suites),
            "## With the known number of types",
            "Mean adjusted Rand index with the types. In brackets, of groupings of "
            "some of the neurons: that of the timing classes of the same neurons.",
            _table(known, suites, "known"),
            "## With their own number",
            "Mean adjusted Rand index at the number that each grouping chooses, and in "
            "how many populations that is the number of types, or off by one. "
            "Populations of one type count here, too: the index is 1 if it is found "
            "whole, else 0. A silhouette cannot find one.",
            _table(known, suites, "own"),
            "## Cost",
            _costs(found),
        ]
    bundled = [(c, m) for c, m in found if c["suite"] in BUNDLED]
    if bundled:
        parts += [
            "## Bundled recordings",
            "Cells of unknown type under a natural movie: number of groups, and in "
            "brackets the adjusted Rand index of the partitions by odd and by even "
            "repeats into that number.",
            _bundled(bundled),
        ]
    return "\n\n".join(parts) + "\n"


def _populations(found, known):
    n_mouse = sum(c["suite"] == "mouse" for c, _ in known)
    seeds = [c["seed"] for c, _ in found if c["seed"] >= FIRST_REPORTED]
    text = (
        f"{len(found)} populations, {len(known)} of known types. Simulated: four "
        "generators, three of which share nothing with `simulate_retina`, as in "
        "[the validation](validation.md): rates of one type spread by .9 in the "
        "natural logarithm, one unit in ten fires at random, 1 to 8 types of unequal "
        "sizes, 8 to 250 neurons, 5 to 100 repeats; in runs of seven seeds the neurons "
        "of a type differ as by default or types overlap. "
    )
    if seeds:
        text += (
            f"Seeds {min(seeds)} to {max(seeds)}; what the peers leave to choose "
            f"(smoothing, components, linkage) was chosen on seeds below "
            f"{FIRST_REPORTED}, where Ward's linkage of spike-train distances is "
            "better than average linkage. "
        )
    if n_mouse:
        text += (
            f"Mouse cells: {n_mouse} draws of Poisson repeats of measured responses of "
            "3, 5 or 8 published types; light step: 140 cells, ON and OFF (both need "
            "files that are not part of the project). "
        )
    else:
        text += "Mouse cells were not measured: their files are not here. "
    return text + (
        "All groupings are of the neurons whose response repeats; distances of spike "
        f"trains of at most {DISTANCE_UNITS} of these in {DISTANCE_REPEATS} repeats."
    )


def _of(known, suite, key, method):
    """Return index, ours of the same neurons, and the difference of numbers."""
    rows = []
    for case, measured in known:
        scores = measured["methods"].get(method)
        if case["suite"] != suite or not scores or not scores[key]:
            continue
        of = scores[key]
        ours = of.get("ours", _index_of_ours(measured, key))
        rows.append((of["ari"], ours, of["n_groups"] - measured["n_types"]))
    return np.array(rows, dtype=float).reshape(-1, 3)


def _index_of_ours(measured, key):
    ours = measured["methods"][OURS][key]
    return ours["ari"] if ours else np.nan


def methods_of(known):
    """Return the names of all groupings, in their order."""
    return list(dict.fromkeys(n for _, m in known for n in m["methods"]))


def _verdicts(known, suites):
    lines = [
        "The best other grouping of each row, by its mean index, and by how much it is "
        "ahead of ours in the same populations and neurons, with the standard error "
        "over populations. **Behind**: by more than that.",
        "",
        "| populations | number | n | ours | best other | its index | ahead by "
        "| ours is |",
        "|---|---|---:|---:|---|---:|---:|---|",
    ]
    for suite in suites:
        for key in ("known", "own"):
            found = [
                (name, rows)
                for name in methods_of(known)
                if name != OURS and len(rows := _of(known, suite, key, name))
            ]
            if not found:
                continue
            # The gain decides: groupings of some neurons meet ours of the same.
            name, rows = max(found, key=lambda f: (f[1][:, 0] - f[1][:, 1]).mean())
            gain = rows[:, 0] - rows[:, 1]
            error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else 0.0
            verdict = "level"
            if gain.mean() > max(error, 1e-9):
                verdict = "**behind**"
            elif -gain.mean() > max(error, 1e-9):
                verdict = "ahead"
            lines.append(
                f"| {_NAMES.get(suite, suite)} | {key} | {len(rows)} | "
                f"{rows[:, 1].mean():.3f} | {name} | {rows[:, 0].mean():.3f} | "
                f"{gain.mean():+.3f} ± {error:.3f} | {verdict} |"
            )
    return "\n".join(lines)


def _table(known, suites, key):
    head = [f"{_NAMES.get(s, s)} ({len(_of(known, s, key, OURS))})" for s in suites]
    lines = ["| grouping | " + " | ".join(head) + " |", "|---|" + "---:|" * len(suites)]
    for name in methods_of(known):
        cells = []
        for suite in suites:
            rows = _of(known, suite, key, name)
            if not len(rows):
                cells.append("")
                continue
            text = f"{rows[:, 0].mean():.3f}"
            if key == "own":
                exact = int((rows[:, 2] == 0).sum())
                near = int((abs(rows[:, 2]) <= 1).sum())
                text += f" · {exact}, {near} of {len(rows)}"
            elif _is_of_some(known, suite, name):
                text += f" ({rows[:, 1].mean():.3f})"
            cells.append(text)
        if any(cells):
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _is_of_some(known, suite, name):
    return any(
        m["methods"][name]["n_units"] < m["n_neurons"]
        for c, m in known
        if c["suite"] == suite and name in m["methods"]
    )


def _costs(found):
    lines = [
        "CPU seconds of one grouping with its own number (of the known number where it "
        "has none), one thread; of spike-train distances with the distances.",
        "",
        "| grouping | median | largest |",
        "|---|---:|---:|",
    ]
    for name in methods_of(found):
        seconds = [
            m["methods"][name]["seconds"]
            for _, m in found
            if "seconds" in m["methods"].get(name, {})
        ]
        if seconds:
            lines.append(f"| {name} | {np.median(seconds):.2g} | {max(seconds):.2g} |")
    return "\n".join(lines)


def _bundled(found):
    head = [f"{c['suite']} ({m['n_neurons']} cells)" for c, m in found]
    lines = ["| grouping | " + " | ".join(head) + " |", "|---|" + "---:|" * len(found)]
    for name in methods_of(found):
        cells = []
        for _, measured in found:
            of = measured["methods"].get(name, {}).get("own")
            if not of:
                cells.append("")
                continue
            stable = of.get("stability")
            cells.append(
                f"{of['n_groups']}" + ("" if stable is None else f" ({stable:.2f})")
            )
        if any(cells):
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
