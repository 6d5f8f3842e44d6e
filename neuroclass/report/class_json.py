"""Result of `cluster` as JSON: what was measured, and all that reproduces it.

Input: `ClassificationResult`. Output: ``result.json``, strict JSON, in which what is
not a number is null. Information is in bits per word unless the key says otherwise;
intervals are 95 %. Its keys:

========================  ==========================================================
``format_version``        2; changes when a key changes
``neuroclass_version``
``command``               the command line; null when called from Python
``environment``           versions of Python and of the numerical packages
``input``                 ``path, name, format, sha256`` (null without a file),
                          ``n_units, n_spikes, duration_seconds``; of pooled
                          recordings ``recordings``, the same of each, else null
``presentations``         ``source, condition, reason, n_presentations`` and
                          ``stimuli``: ``name, n_repeats, duration_seconds`` of each
``settings``              each setting with its value; where it was chosen from the
                          data an object ``value, chosen: "auto", why``
``issues``                ``kind, text, units`` of what is doubtful, was left out or
                          shortened
``word_duration_seconds``
``information``           identity information: ``estimator, bits_per_word,
                          interval, bits_per_second, bits_per_second_interval,
                          bits_per_spike, bits_per_spike_interval``; by other
                          estimators ``plug_in`` (uncorrected), ``miller_madow``,
                          ``jackknife``, ``empirical_bayes`` (least bias), ``blend``;
                          ``chance_level`` of the plug-in; ``maximum``, log2 of the
                          number of neurons; ``class_information``, with
                          ``bits_per_word, interval, chance_level, share,
                          share_interval`` (the share by the blend)
``drift``                 over the repeats: ``n_tested, n_drifting, n_unsafe, summary,
                          n_repeats``; ``n_changed`` (units whose rate changes by more
                          than 1.5), ``n_changed_twofold``, ``median_change``;
                          ``change_point`` (a repeat, or null), its
                          ``change_point_p_value``, ``is_gradual``; ``odd_repeats``;
                          ``stable_repeats`` (first and last, or null); ``p_value,
                          q_value, rate_change`` (after over before the largest step),
                          ``changes_after`` (a repeat), ``is_changed, is_drifting,
                          is_unsafe`` of each classified unit; ``information_without``:
                          ``n_neurons, bits_per_word, interval`` of the units that are
                          not unsafe, or null
``n_neurons``             number of units that made the classes
``n_clusters``            number of classes
``n_distinguishable``     number of distinguishable groups of neurons, at a false
                          discovery rate of 5 %: differences, not classes; null for
                          more than 5,000 neurons (500 with ragged repeats or longer
                          words)
``selection``             support of that number: ``low, high, is_determined,
                          weakest_z`` (held-out z of the two least separate
                          classes), ``gain_ratio`` (index = number of classes),
                          ``node_z`` (held-out z of each merge, null where not tested
                          or not replicated: the latter are in ``splits``),
                          ``reason``; ``splits``, the tested merges from the top:
                          ``merge, z, n_leaves`` (of its two sides), ``is_real``,
                          ``label`` (of the class that holds it, or null)
``timing``                of classes by timing, else null: ``headline``, its ``title``
                          and ``explanation``, ``sentences`` on rate and timing;
                          ``base_bin_seconds``; ``range`` (as text), ``low, may, high,
                          is_at_least, is_alike, is_determined, why_open``;
                          ``two_types_z`` (z of two simulated types in such data, where
                          one class is in question, else null); ``n_hiding`` (small
                          classes that may hide types of two or three neurons);
                          ``ranked_cuts``: ``n_clusters, z, support`` (sure or
                          perhaps), ``sizes, alike`` (10th percentile of the timing
                          correlations of each class), ``share`` (of the timing
                          information), ``stability`` (adjusted Rand index of the
                          classes of odd with those of even repeats), ``is_shown``,
                          ``labels`` of the units that made the classes;
                          ``set_aside``: ``unit_id,
                          label, confidence`` of units whose response does not repeat;
                          ``silent`` units; ``time_resolution``: ``seconds, neurons,
                          classes`` (bits per spike); ``neurons`` and ``classes``:
                          ``rate, timing`` (bits/s), ``rate_share, timing_share``;
                          ``rate_factor`` (10th to 90th percentile in a class);
                          ``min_confidence``, and ``unassigned``: ``unit_id, label,
                          confidence`` of units below it, and their nearest class
``mosaics``               positions and mosaics of the classes, or null:
                          `neuroclass.report.mosaic_json`
``description``           what the classes respond to, or null: ``classes`` and
                          ``units``, rows of their tables (descriptions.csv);
                          ``autocorrelograms``: ``bin_seconds, hz`` of each unit;
                          ``spike_triggered_average`` of each unit, or null:
                          ``lags_seconds, average, n_spikes``
``advice``                which stimulus separates which classes and what to record
                          next, or null: ``sentences``; ``stimuli``, rows of a table;
                          ``pairs``: ``labels, right`` (by stimulus, share of their
                          neurons on the right side), ``right_together``; ``target``
                          (the cut in question, or null): ``n_clusters, labels, z``,
                          what twice as much would add (``by_repeats,
                          by_all_repeats, by_neurons``), ``ways``
``classes``               ``label, n_neurons, firing_rate_hz, information_bits``
                          (means; the latter estimated for all neurons together) with
                          ``information_interval``, and ``unit_ids`` of each class;
                          ``stability``, the mean Jaccard similarity with the most
                          similar class under resampled stimuli, or null;
                          ``subclasses``, the same of each but for stability
``stability``             under resampled stimuli, or null: ``n_clusters`` (not
                          that above if it is one), ``n_replicates, n_blocks``;
                          ``by_number``: ``n_clusters, adjusted_rand_index, interval``;
                          ``co_clustering`` of the leaves of the tree
``merge_tree``            ``unit_ids`` of the neurons; ``children``: merge k joins two
                          nodes into node ``n_neurons + k``; ``losses`` of the merges;
                          ``leaf_order``; where the leaves are micro-clusters (method
                          sequential) ``micro_labels``, that of each unit, else null
``information_curve``     ``information`` and ``interval`` at 1, 2, ... classes, in
                          ``unit`` (bits/word or bits/spike, as the losses)
``agreement``             with another labelling: ``name, n_units,
                          adjusted_mutual_information, adjusted_rand_index, p_value,
                          n_permutations``; or null
``by_recording``          the same of the recordings that pooled neurons are of; or null
========================  ==========================================================
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass.clustering import REAL_SPLIT, MergeTree, relabel_by_size
from neuroclass.report.descriptions import describe_advice, describe_description
from neuroclass.report.json_parts import (
    describe_drift_of_units,
    describe_information_without,
    describe_issues,
    describe_presentations,
    describe_recording,
    environment,
    result_header,
)
from neuroclass.report.mosaic_json import describe_mosaics

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from neuroclass.clustering import Agreement, Stability
    from neuroclass.clustering.timing import Cut
    from neuroclass.results import ClassificationResult, ClassifiedUnits

__all__ = ["write_result_json"]


def write_result_json(
    classification: ClassificationResult,
    path: str | os.PathLike[str],
    *,
    command: str | None = None,
) -> Path:
    """Write result.json: what was measured, and all that reproduces it.

    Parameters
    ----------
    classification : ClassificationResult
        Record of the classes.
    path : path
        File to write.
    command : str, optional
        Command line.

    Returns
    -------
    pathlib.Path
        `path`.
    """
    path = Path(path)
    path.write_text(json_text(_describe(classification, command)), encoding="utf-8")
    return path


def _describe(
    classification: ClassificationResult, command: str | None
) -> dict[str, Any]:
    """Return everything under the keys of the module's table."""
    selection = classification.selection
    classified = classification.classified
    return {
        **result_header(command),
        "environment": environment(),
        "input": describe_recording(classification.recording),
        "presentations": describe_presentations(classification.presentations),
        "settings": classification.settings,
        "issues": describe_issues(classification.issues),
        "word_duration_seconds": classification.word_duration,
        "information": _describe_information(classification),
        "drift": _describe_drift(classification),
        "n_neurons": len(classified),
        "n_clusters": classification.n_clusters,
        "n_distinguishable": classification.n_distinguishable,
        "selection": {
            "low": selection.low,
            "high": selection.high,
            "is_determined": selection.is_determined,
            "weakest_z": selection.weakest_z,
            "gain_ratio": selection.gain_ratio,
            "node_z": selection.node_z,
            "reason": selection.reason,
            "splits": _describe_splits(classification),
        },
        "timing": _describe_timing(classification),
        "mosaics": describe_mosaics(classification.mosaics),
        "description": classification.description
        and describe_description(classification.description),
        "advice": classification.advice and describe_advice(classification.advice),
        "classes": _describe_classes(classification),
        "stability": _describe_stability(classification.stability),
        "merge_tree": {
            "unit_ids": [classification.unit_ids[i] for i in classified],
            "children": classification.tree.children,
            "losses": classification.tree.distances,
            "leaf_order": classification.tree.leaf_order,
            "micro_labels": classification.tree.micro_labels,
        },
        "information_curve": {
            "information": classification.curve.information,
            "unit": classification.curve.unit,
            "interval": classification.curve.interval,
        },
        "agreement": _describe_agreement(classification.agreement),
        "by_recording": _describe_agreement(classification.by_recording),
    }


def _describe_information(classification: ClassificationResult) -> dict[str, Any]:
    information = classification.information
    interval = np.asarray(information.interval)
    per_word = information.bits_per_word
    # Durations and spikes are counted, not estimated: the interval only scales.
    per_second = 1 / classification.word_duration
    per_spike = information.bits_per_spike / per_word if per_word else math.nan
    of_classes = classification.class_information
    return {
        "estimator": information.estimator,
        "bits_per_word": per_word,
        "interval": interval,
        "bits_per_second": information.bits_per_second,
        "bits_per_second_interval": interval * per_second,
        "bits_per_spike": information.bits_per_spike,
        "bits_per_spike_interval": interval * per_spike,
        "plug_in": information.plug_in,
        "miller_madow": information.miller_madow,
        "jackknife": information.jackknife,
        "empirical_bayes": information.empirical_bayes,
        "blend": information.blend,
        "chance_level": information.chance_level,
        "maximum": math.log2(max(len(classification.counted), 1)),
        "class_information": {
            "bits_per_word": of_classes.bits_per_word,
            "interval": of_classes.interval,
            "chance_level": of_classes.chance_level,
            "share": of_classes.share,
            "share_interval": of_classes.share_interval,
        },
    }


def _describe_drift(classification: ClassificationResult) -> dict[str, Any]:
    return {
        **describe_drift_of_units(classification.drift),
        "information_without": describe_information_without(
            classification.without_drifting
        ),
    }


def _describe_timing(classification: ClassificationResult) -> dict[str, Any] | None:
    timing, units = classification.timing, classification.units
    if timing is None:
        return None
    cuts = timing.cuts
    shown = classification.labels[classification.classified]
    aside = np.flatnonzero((units.labels >= 0) & ~units.takes_part)
    silent = np.flatnonzero(units.is_counted & (units.labels < 0))
    return {
        "headline": timing.headline(classification.n_clusters),
        "title": timing.title(classification.n_clusters),
        "explanation": timing.explanation(classification.n_clusters),
        "sentences": timing.sentences(),
        "base_bin_seconds": timing.bin_size,
        "range": timing.range,
        "low": cuts.low,
        "may": cuts.may,
        "high": cuts.high,
        "is_at_least": cuts.is_at_least,
        "is_alike": cuts.is_alike,
        "is_determined": cuts.is_determined,
        "why_open": cuts.why_open,
        "two_types_z": cuts.two_types_z,
        "n_hiding": cuts.n_hiding,
        "ranked_cuts": [_describe_cut(cut, shown) for cut in cuts.ranked],
        "set_aside": [_describe_unit(units, k) for k in aside.tolist()],
        "min_confidence": units.min_confidence,
        "unassigned": [
            _describe_unit(units, k)
            for k in np.flatnonzero(units.is_unassigned).tolist()
        ],
        "silent": [units.unit_ids[k] for k in silent],
        "time_resolution": {
            "seconds": timing.widths,
            "neurons": timing.neuron_information,
            "classes": timing.class_information,
        },
        **{
            name: {
                "rate": split.rate,
                "timing": split.timing,
                "rate_share": split.rate_share,
                "timing_share": split.timing_share,
            }
            for name, split in (
                ("neurons", timing.neuron_split),
                ("classes", timing.class_split),
            )
        },
        "rate_factor": timing.rate_factor,
    }


def _describe_unit(units: ClassifiedUnits, k: int) -> dict[str, Any]:
    return {
        "unit_id": units.unit_ids[k],
        "label": units.labels[k],
        "confidence": units.confidence[k],
    }


def _describe_cut(cut: Cut, shown: NDArray[np.intp]) -> dict[str, Any]:
    """Return a cut, its classes in the order of their sizes as those shown."""
    labels = relabel_by_size(cut.labels)
    order = cut.labels[np.unique(labels, return_index=True)[1]]
    return {
        "n_clusters": cut.n_clusters,
        "z": cut.z,
        "support": cut.support,
        "sizes": [cut.sizes[k] for k in order],
        "alike": [cut.alike[k] for k in order],
        "share": cut.share,
        "stability": cut.stability,
        "is_shown": np.array_equal(labels, shown),
        "labels": labels,
    }


def _describe_splits(classification: ClassificationResult) -> list[dict[str, Any]]:
    """Return the tested merges of the tree, the last first."""
    children, z = classification.tree.children, classification.selection.node_z
    labels = classification.leaf_labels
    below = [np.array([leaf]) for leaf in range(len(labels))]
    below += MergeTree(children, classification.tree.distances).members()
    splits = []
    for merge in np.flatnonzero(~np.isnan(z))[::-1]:
        inside = np.unique(labels[below[len(labels) + merge]])
        splits.append(
            {
                "merge": merge,
                "z": z[merge],
                "n_leaves": [len(below[child]) for child in children[merge]],
                "is_real": z[merge] > REAL_SPLIT,
                "label": inside[0] if len(inside) == 1 else None,
            }
        )
    return splits


def _describe_stability(stability: Stability | None) -> dict[str, Any] | None:
    if stability is None:
        return None
    by_number = []
    for number in stability.numbers:
        mean, interval = stability.agreement(number)
        by_number.append(
            {"n_clusters": number, "adjusted_rand_index": mean, "interval": interval}
        )
    return {
        "n_clusters": stability.n_clusters,
        "n_replicates": stability.n_replicates,
        "n_blocks": stability.n_blocks,
        "by_number": by_number,
        "co_clustering": stability.co_clustering,
    }


def _describe_agreement(agreement: Agreement | None) -> dict[str, Any] | None:
    if agreement is None:
        return None
    return {
        "name": agreement.name,
        "n_units": agreement.n_units,
        "adjusted_mutual_information": agreement.adjusted_mutual_information,
        "adjusted_rand_index": agreement.adjusted_rand_index,
        "p_value": agreement.p_value,
        "n_permutations": agreement.n_permutations,
    }


def _describe_classes(classification: ClassificationResult) -> list[dict[str, Any]]:
    stability = classification.stability
    is_of_these = stability and stability.n_clusters == classification.n_clusters
    names = np.array(classification.units.subclasses, dtype=object)
    classified = names[classification.classified]
    place = {name: k for k, name in enumerate(np.unique(classified))}
    classes = []
    for label in range(classification.n_clusters):
        is_member = np.isin(
            np.arange(len(classification.labels)), classification.members(label)
        )
        inside = sorted(set(names[is_member]) - {""}, key=_subclass_order)
        classes.append(
            {
                "label": label,
                **_describe_members(classification, is_member, 0, label),
                "stability": stability.per_class[label]
                if stability and is_of_these
                else None,
                "subclasses": [
                    {
                        "label": name,
                        **_describe_members(
                            classification, names == name, 1, place[name]
                        ),
                    }
                    for name in inside
                ],
            }
        )
    return classes


def _subclass_order(name: str) -> int:
    return int(name.split(".")[1])


def _describe_members(
    classification: ClassificationResult,
    is_member: NDArray[np.bool_],
    partition: int,
    label: int,
) -> dict[str, Any]:
    members = np.flatnonzero(is_member)
    information = classification.information
    return {
        "n_neurons": len(members),
        "firing_rate_hz": classification.units.firing_rate[members].mean(),
        "information_bits": information.by_partition[partition][label],
        "information_interval": information.by_partition_interval[partition][label],
        "unit_ids": [classification.unit_ids[i] for i in members],
    }
