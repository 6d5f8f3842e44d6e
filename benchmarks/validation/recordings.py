"""Types shared by several retinas: pooled, or found apart and matched."""

import warnings

import neo
import numpy as np
import quantities as pq
from sklearn.metrics import adjusted_rand_score

from neuroclass.analysis import classify_neurons, classify_within
from neuroclass.simulation import simulate_retina

TITLE = "Are the types of several retinas the same?"
_LIGHT = 1000  # seed of the stimulus, apart from those of the cells


def cases(quick):
    """Return pairs of retinas by the share of its spikes that the second one has."""
    if quick:
        return [{"share": 0.25, "n_types": 3, "n_neurons": 24, "seed": 0}]
    return [
        {"share": share, "n_types": 6, "n_neurons": 60, "seed": seed}
        for share in (1.0, 0.5, 0.25, 0.125)
        for seed in range(5)
    ]


def measure(share, n_types, n_neurons, seed):
    """Classify two retinas with no option given, pooled and within each."""
    light = {"duration": "10s", "n_unique": 0, "stimulus_random_state": _LIGHT + seed}
    retinas = [
        simulate_retina(
            n_types,
            n_neurons,
            repeats,
            **light,
            random_state=2 * seed + k,
            rate_spread=0,
            sparse_share=0,
        )
        for k, repeats in enumerate((30, 20))
    ]
    truth = [
        train.annotations["true_type"]
        for retina in retinas
        for train in retina.segments[0].spiketrains
    ]
    if share < 1:
        retinas[1] = _thinned(retinas[1], share, np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that they are pooled
        pooled = classify_neurons(retinas, progress=False)
        apart = classify_within(retinas, progress=False)
    families = np.concatenate([apart.family_of_units(k) for k in (0, 1)])
    return {
        "pooled": float(adjusted_rand_score(truth, pooled.labels)),
        "recording": pooled.by_recording.adjusted_mutual_information,
        "p_value": pooled.by_recording.p_value,
        "matched": float(adjusted_rand_score(truth, families)),
        "n_families": apart.n_families,
        "agreement": float(apart.agreement[~np.eye(2, dtype=bool)].mean()),
    }


def _thinned(recording, share, rng):
    """Return a copy of a recording in which each spike is kept with a probability."""
    block, segment = neo.Block(name="faint"), neo.Segment()
    for train in recording.segments[0].spiketrains:
        times = train.magnitude[rng.random(len(train)) < share]
        new = neo.SpikeTrain(times * pq.s, t_stop=train.t_stop)
        new.annotations.update(train.annotations)
        segment.spiketrains.append(new)
    segment.epochs.extend(recording.segments[0].epochs)
    block.segments.append(segment)
    return block


def render(found):
    """Return a table by the share of the spikes that the second retina has."""
    first = found[0][0]
    rows = []
    for share in dict.fromkeys(case["share"] for case, _ in found):
        values = [value for case, value in found if case["share"] == share]
        mean = {key: np.mean([v[key] for v in values]) for key in values[0]}
        n_significant = sum(v["p_value"] < 0.01 for v in values)
        rows.append(
            f"| {100 * share:g} % | {mean['pooled']:.2f} | {mean['recording']:.2f} | "
            f"{n_significant} of {len(values)} | {mean['matched']:.2f} | "
            f"{mean['n_families']:.1f} | {mean['agreement']:.2f} |"
        )
    table = "\n".join(rows)
    return f"""
Two simulated retinas of {first["n_neurons"]} cells, {first["n_types"]} types, under
the same 10 s of flicker, 30 and 20 repeats, of which the second keeps a share of its
spikes only, as with another gain. No option was given; means over seeds. *Pooled*:
adjusted Rand index of the classes of all cells with the true types, adjusted mutual
information of these classes with the recording, and how often that was significant
(p < 0.01).
*Matched*: the classes of each retina by itself (`--within`), the index of their
families, how many families there are, and how far the classes of one retina, given to
the cells of the other, agree with those found there.

| spikes kept | pooled | with recording | significant | matched | families | agreement |
|---:|---:|---:|---:|---:|---:|---:|
{table}
"""
