"""Page of the claims of 2002, from what was measured.

Input: the dict that `__main__` writes. Output: Markdown; every figure in it is taken
from that dict.
"""

import numpy as np

_NAMES = {
    "salamander_movie1": "movie 1 (49 cells)",
    "salamander_movie2": "movie 2 (the same 49)",
    "salamander_small": "small (38 others)",
}
_HEAD = """# The classification of 2002, reproduced

Schneidman, Bialek and Berry (NIPS 15, 2002,
[physics/0212114](https://arxiv.org/abs/physics/0212114)) classified ganglion cells of
the salamander by information about their identity. Their abstract claims three things:
the classes recover classical results; there are subclasses beyond these; and every cell
is functionally unique, so that a few spikes distinguish two cells of one subclass. This
page measures the three where the truth is known, and on recorded cells:

```bash
python -m benchmarks.reproduction
```

Only what the abstract says is cited. Its recording is not published, and no figure of
the paper is compared with ones of this page. The same, step by step with pictures:
`notebooks/functional_classification_2002.ipynb`.
"""


def page_of(found):
    """Return docs/reproduction.md."""
    simulated = list(found["simulated"].values())
    recorded = found["recorded"]
    parts = [
        _HEAD,
        _claims(simulated, recorded),
        _population(simulated, recorded),
        _classes(simulated),
        _words(simulated, recorded),
        _pairs(simulated, recorded),
        _stimulus(simulated, recorded),
        _movies(found),
    ]
    return "\n".join(parts)


def _claims(simulated, recorded):
    n = len(simulated)
    types, subtypes = (
        np.array([m["agreement"]["timing"][name] for m in simulated])
        for name in ("types", "subtypes")
    )
    shown = [m["n_clusters"] for m in simulated]
    determined = [m for m in simulated if m["is_determined"]]
    right = sum(m["n_clusters"] == m["types"] for m in determined)
    same = _sum(simulated, "within true_subtype")
    unique = sum(m["pairs"]["groups"] == m["neurons"] for m in simulated)
    spikes = [m["pairs"]["within true_subtype"]["spikes"] for m in simulated]
    real = [m["pairs"] for m in recorded.values()]
    distinguished = sum(p["all"]["distinguished"] for p in real)
    pairs = sum(p["all"]["n"] for p in real)
    real_spikes = [p["within class"]["spikes"] for p in real]
    open_ = sum(not m["is_determined"] for m in recorded.values())
    mixed = sum(m["polarity"]["mixed_classes"] > 0 for m in simulated)
    apart = np.mean([m["pairs"]["bits_of_neighbours"] for m in simulated], axis=0)
    most = max(_sure(m) for m in recorded.values())
    rows = [
        (
            "classes recover the classical types",
            f"told their number (5), adjusted Rand index {_mean(types)}; no class "
            f"mixes ON and OFF in {n - mixed} of {n}. By itself the number is "
            f"{min(shown)} to {max(shown)}: neighbouring types stay together",
            f"the number is open in {open_} of {len(recorded)}; types are not known",
            "yes" if types.mean() >= 0.9 else "partly",
        ),
        (
            "there are subclasses beyond these",
            f"told their number (7), adjusted Rand index {_mean(subtypes)}, exact in "
            f"{(subtypes == 1).sum()} of {n}. The automatic number reaches 7 in "
            f"{sum(k >= 7 for k in shown)}",
            f"no cut {f'beyond {most} classes ' if most > 1 else ''}surely holds",
            "partly" if subtypes.mean() >= 0.8 else "no",
        ),
        (
            "every cell is unique",
            f"{unique} of {n} populations have as many distinguishable groups as "
            f"cells; {same['distinguished']} of {same['n']} pairs of one subtype",
            f"{distinguished} of {pairs} pairs",
            "nearly" if distinguished < pairs else "yes",
        ),
        (
            "a few spikes distinguish two cells of one subclass",
            f"{min(spikes):.0f} to {max(spikes):.0f} spikes for 90 % correct (medians "
            "of the populations, pairs of one subtype)",
            f"{min(real_spikes):.1f} to {max(real_spikes):.1f} spikes within classes",
            "yes" if max(spikes) < 20 else "partly",
        ),
    ]
    said = (
        f'"Determined" is said of {len(determined)} of the {n} simulated populations, '
        f"and the number is then that of the types in {right}."
        if determined
        else "The number is called determined in none of the simulated populations."
    )
    return f"""## The table

| claim | simulated cells, {n} populations | recorded cells, movies | agrees |
|---|---|---|---|
{_table(rows)}

{said}
With two or three cells of a subtype and 21 in all, the test that looks for finer cuts
has no power, and the number must be read as "at least". The finer classes are
nevertheless in the tree: told how many there are, it finds the subtypes better than the
types, because these are not what differs most: the two subtypes of medium OFF cells
diverge by {apart[0]:.2f} bits/s, monophasic medium and
quicker slow OFF cells, of two types, by {apart[1]:.2f}.
"""


def _table(rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _sure(measured):
    return max([1, *(k for k, _, support in measured["cuts"] if support == "sure")])


def _population(simulated, recorded):
    rows = [
        f"| {name} | {_range([len(r) for r in rates], '{:.0f}')} "
        f"| {_range([np.mean(r) for r in rates], '{:.2g}')} "
        f"| {_range([np.std(np.log(r)) for r in rates], '{:.2f}')} |"
        for name, rates in (
            ("simulated", [m["rates"] for m in simulated]),
            *((_NAMES[k], [m["rates"]]) for k, m in recorded.items()),
        )
    ]
    return f"""## The simulated cells

`simulate_salamander`, or `neuroclass simulate salamander.nwb --salamander`: six fast
OFF cells; six medium OFF cells, three biphasic and three monophasic; four slow OFF
cells, two quicker and two slower; three ON cells; two that hardly respond. 100 repeats
of 20 s of full-field flicker; seeds {_seeds(simulated)}, which were not looked at
before. Rates were made as those of the recordings in `data/`; filters were set by hand,
and nothing of them was fitted to these figures.

| cells | units with spikes | mean rate (Hz) | standard deviation of ln rate |
|---|---:|---:|---:|
{chr(10).join(rows)}

Their spikes are Poisson with a dead time. Real ganglion cells vary less from repeat to
repeat, so that they should be distinguished even sooner.
"""


def _seeds(simulated):
    return f"1000 to {999 + len(simulated)}"


def _classes(simulated):
    rows = []
    for criterion, name in (("timing", "timing"), ("word", "word (2002)")):
        types, subtypes = (
            [m["agreement"][criterion][k] for m in simulated]
            for k in ("types", "subtypes")
        )
        share = [m["share"][criterion] for m in simulated]
        rows.append(f"| {name} | {_mean(types)} | {_mean(subtypes)} | {_mean(share)} |")
    cuts = [[k for k, *_ in m["cuts"]] for m in simulated]
    counted = [
        f"{k} in {sum(k in of for of in cuts)}"
        for k in range(2, max(map(max, cuts)) + 1)
    ]
    latency = [m["polarity"]["latency_share"] for m in simulated]
    wrong = sum(m["polarity"]["wrong_sign"] for m in simulated)
    return f"""## Classes and classical types

Adjusted Rand index with the truth, all 21 cells, the number given; and the share of the
identity information that the five classes keep. Means and, in brackets, the range of
the populations.

| criterion | 5 classes, types | 7 classes, subtypes | information kept by 5 |
|---|---:|---:|---:|
{chr(10).join(rows)}

Spike-triggered averages of the flicker say what a class is: their sign is that of the
cell's type in all but {wrong} of {21 * len(simulated)} cells, and {_mean(latency)} of
the variance of their latency lies between the five classes (timing). Cuts that surely
or perhaps hold: {", ".join(counted)} of {len(simulated)} populations.
"""


def _words(simulated, recorded):
    first = simulated[0]["words"]
    real = [m["words"] for m in recorded.values()]
    rows = []
    for k, length in enumerate(first["length"]):
        bits = [m["words"]["identity_bits"][k] for m in simulated]
        rate = [m["words"]["identity_rate"][k] for m in simulated]
        stimulus = [m["words"]["stimulus_rate"][k] for m in simulated]
        good = sum(m["words"]["verdict"][k] == "good" for m in simulated)
        rows.append(
            f"| {20 * length} | {np.mean(bits):.3f} | {np.mean(rate):.2f} "
            f"| {np.mean(stimulus):.2f} | {good} of {len(simulated)} "
            f"| {_list([words['identity_rate'][k] for words in real])} |"
        )
    limits = [m["words"]["limit"] for m in simulated]
    limits = [limit for limit in limits if limit is not None]
    return f"""## Information against word length

Means of the simulated populations, bins of 20 ms. A word tells at most log2 21 =
{np.log2(21):.2f} bits about which of 21 neurons emitted it: that is the limit of the
*information per word*, and the limit of its *rate* for long words is 0. Information
about the stimulus grows without bound, and its rate has a limit; a line to it was found
in {len(limits)} of {len(simulated)} populations ({_list(limits)} bits/s per neuron), in
the others responses are correlated for longer than 100 repeats sample. Last column:
movies 1, 2 and small.

| word (ms) | bits | bits/s | stimulus (bits/s) | enough repeats | recorded, bits/s |
|---:|---:|---:|---:|---:|---:|
{chr(10).join(rows)}
"""


def _pairs(simulated, recorded):
    rows = []
    for key, name in (
        ("within true_subtype", "simulated, one subtype"),
        ("within true_type", "simulated, one type"),
        ("between true_type", "simulated, two types"),
    ):
        pairs = [m["pairs"][key] for m in simulated]
        rows.append(_pair_row(name, pairs))
    for name, m in recorded.items():
        for key in ("within class", "between class"):
            of = "one class" if key.startswith("within") else "two classes"
            rows.append(_pair_row(f"{_NAMES[name]}, {of}", [m["pairs"][key]]))
    return f"""## How unique

All pairs: divergence, and time and spikes until an observer who begins at a random time
is right in 90 %. Medians, indistinguishable pairs counted as the slowest; ranges are
over the populations. Classes of recorded cells: five, by timing.

| pairs | distinguishable | bits/s | seconds | spikes |
|---|---:|---:|---:|---:|
{chr(10).join(rows)}
"""


def _pair_row(name, pairs):
    n, distinguished = (sum(p[k] for p in pairs) for k in ("n", "distinguished"))
    cells = [
        _range([p[k] for p in pairs], form)
        for k, form in (("bits", "{:.2f}"), ("seconds", "{:.1f}"), ("spikes", "{:.1f}"))
    ]
    return f"| {name} | {distinguished} of {n} | {' | '.join(cells)} |"


def _stimulus(simulated, recorded):
    rows = [_stimulus_row("simulated, full field", simulated)]
    rows += [_stimulus_row(_NAMES[name], [m]) for name, m in recorded.items()]
    return f"""## What a class label keeps about the stimulus

Information about the stimulus of a 20 ms word if it is known which neuron emitted it,
and if only the class of that neuron is known (five classes, by timing), in bits/s per
neuron.

| cells | neuron known | class known | share |
|---|---:|---:|---:|
{chr(10).join(rows)}
"""


def _stimulus_row(name, measured):
    cells = [
        _range([m["stimulus"][k] for m in measured], "{:.2f}")
        for k in ("neuron", "class")
    ]
    share = [m["stimulus"]["class"] / m["stimulus"]["neuron"] for m in measured]
    return f"| {name} | {' | '.join(cells)} | {_range(share, '{:.2f}')} |"


def _movies(found):
    movies = found["movies"]
    share = [
        m["stimulus"]["class"] / m["stimulus"]["neuron"]
        for m in found["recorded"].values()
    ]
    return f"""## What a stimulus with spatial structure does

Under a full-field flicker every cell sees the same light, and what differs is the
cell. Under a movie each sees another place. Nearly every pair is then distinguishable
within a few seconds, as the third claim says, but for a reason that has nothing to do
with type: the classes keep {_range(share, "{:.2f}")} of what the cells tell about the
stimulus, no number of classes is determined, and the five classes of the same 49 cells
under two movies agree with an adjusted mutual information of {movies["ami"]:.2f} (p =
{movies["p"]:.2g}): better than chance, and far from one. Use a full-field stimulus for
types.
"""


def _sum(simulated, key):
    return {
        k: sum(m["pairs"][key][k] for m in simulated) for k in ("n", "distinguished")
    }


def _mean(values):
    return f"{np.mean(values):.2f} ({np.min(values):.2f} to {np.max(values):.2f})"


def _range(values, form):
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def _list(values):
    return ", ".join(f"{value:.2f}" for value in values)
