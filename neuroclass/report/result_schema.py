"""Schemas of the JSON files of result folders, which may come from anyone.

Input: the content of a file, and its schema. Output: nothing, or an error in one line
that names the key. A schema names what the page uses, by type:

``"text"``, ``"number"``, ``"count"`` (a whole number from 0), ``"whole"``, ``"flag"``,
``"scalar"`` (text, number or flag) and ``"any"`` are values; with ``"?"`` behind it a
value may be null. ``[x]`` is a list of x, ``(x, y)`` a list of just these, a dictionary
an object with at least these keys but for those with ``?`` behind, ``Each(x)`` an
object whose values all are x, and ``Maybe(x)`` x or null.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuroclass.exceptions import RecordingError

__all__ = [
    "CLASS_SCHEMA",
    "COMPARISON_SCHEMA",
    "FAMILY_SCHEMA",
    "PAIR_SCHEMA",
    "check_against",
    "read_json",
]

_MOST_BYTES = 1 << 28  # of a JSON file
_MOST_TEXT = 20_000  # characters of one text
_MOST_KEYS = 1_000_000  # entries of one list or object
_MOST_COUNT = 1e15
_DEEPEST = 12


@dataclass(frozen=True)
class Each:
    """An object whose values all fit one schema."""

    of: Any


@dataclass(frozen=True)
class Maybe:
    """What fits a schema, or null."""

    of: Any


def _is_number(value: Any) -> bool:
    is_numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return is_numeric and abs(value) < 1e300


def _is_whole(value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return is_integer and abs(value) < _MOST_COUNT


_TYPES: dict[str, Any] = {
    "text": lambda value: isinstance(value, str),
    "number": _is_number,
    "whole": _is_whole,
    "count": lambda value: _is_whole(value) and value >= 0,
    "flag": lambda value: isinstance(value, bool),
    "scalar": lambda value: isinstance(value, str | bool) or _is_number(value),
    "any": lambda value: True,
}

_INTERVAL = ("number?", "number?")
_INPUT = {
    "name": "text?",
    "path": "text?",
    "format": "text?",
    "sha256": "text?",
    "n_units": "count",
    "n_spikes": "count",
    "duration_seconds": "number",
    "recordings": Maybe(
        [
            {
                "name": "text",
                "path": "text?",
                "format": "text?",
                "sha256": "text?",
                "n_units": "count",
                "n_spikes": "count",
                "duration_seconds": "number",
            }
        ]
    ),
}
_COMMON = {
    "format_version": "count",
    "neuroclass_version": "text",
    "command": "text?",
    "environment": Each("text?"),
    "input": _INPUT,
    "presentations": {
        "source": "text?",
        "condition": "text",
        "reason": "text",
        "stimuli": [
            {"name": "scalar", "n_repeats": "count", "duration_seconds": "number"}
        ],
    },
    "settings": Each("any"),
    "issues": [{"kind": "text", "text": "text", "units": ["scalar"]}],
    "word_duration_seconds": "number",
    "drift": {"summary": ["text"]},
}
_GROUP = {
    "label": "scalar",
    "n_neurons": "count",
    "firing_rate_hz": "number?",
    "information_bits": "number?",
    "information_interval": _INTERVAL,
    "unit_ids": ["scalar"],
}
_RATE_AND_TIMING = {
    "rate": "number?",
    "timing": "number?",
    "rate_share": "number?",
    "timing_share": "number?",
}
_AGREEMENT = {
    "adjusted_mutual_information": "number",
    "p_value": "number",
    "n_permutations": "count",
}
_UNIT = {"unit_id": "scalar", "label": "whole", "confidence": "number?"}
_EXCLUSION = Maybe({"q_value": "number?", "n_pairs": "number", "expected": "number?"})
_MOSAICS = {
    "source": "text",
    "is_of_electrodes": "flag",
    "n_permutations": "count",
    "sentences": ["text"],
    "classes": [
        {
            "label": "count",
            "n_cells": "count",
            "verdict": "text",
            "nearest_neighbour_index": "number?",
            "random_index": _INTERVAL,
            "voronoi_index": "number?",
            "coverage": "number?",
            "effective_radius_um": "number?",
            "exclusion": _EXCLUSION,
            "power": Maybe(Each("number?")),
        }
    ],
    "pairs": [
        {
            "labels": ("count", "count"),
            "verdict": "text",
            "radius_ratio": "number?",
            "response_correlation?": "number?",
            "exclusion": _EXCLUSION,
        }
    ],
}
_DESCRIPTION = {
    "classes": [
        {
            "class": "text",
            "n_units": "count",
            "description": "text",
            "firing_rate_hz": "number?",
            "reliability": "number?",
            "refractory_violations": "number?",
        }
    ],
    "spike_triggered_average": Maybe({"lags_seconds": ["number"]}),
}
_ADVICE = {
    "sentences": ["text"],
    "stimuli": [
        {
            "stimulus": "text",
            "n_repeats": "count",
            "duration_seconds": "number",
            "neuron_information_bits": "number?",
            "class_information_bits": "number?",
            "n_pairs_separated": "count",
            "n_pairs": "count",
        }
    ],
    "pairs": [
        {
            "labels": ("count", "count"),
            "right": ["number?"],
            "right_together": "number?",
        }
    ],
}
#: ``result.json`` of a classification.
CLASS_SCHEMA = _COMMON | {
    "n_neurons": "count",
    "n_clusters": "count",
    "n_distinguishable": "count?",
    "information": {
        "estimator": "text",
        "bits_per_word": "number",
        "interval": _INTERVAL,
        "bits_per_second": "number",
        "bits_per_second_interval": _INTERVAL,
        "bits_per_spike": "number?",
        "bits_per_spike_interval": _INTERVAL,
        "plug_in": "number?",
        "miller_madow": "number?",
        "jackknife": "number",
        "empirical_bayes": "number?",
        "blend?": "number?",
        "chance_level": "number?",
        "maximum": "number?",
        "class_information": {
            "bits_per_word": "number",
            "interval": _INTERVAL,
            "share": "number?",
            "share_interval": _INTERVAL,
        },
    },
    "drift": {
        "summary": ["text"],
        "n_unsafe": "count",
        "information_without": Maybe(
            {"n_neurons": "count", "bits_per_word": "number", "interval": _INTERVAL}
        ),
    },
    "selection": {
        "low": "count",
        "high": "count",
        "is_determined": "flag",
        "reason": "text",
        "splits": [
            {
                "merge": "scalar",
                "n_leaves": ("count", "count"),
                "z": "number?",
                "label": "count?",
                "is_real": "flag",
            }
        ],
    },
    "timing": Maybe(
        {
            "title": "text",
            "explanation": "text",
            "sentences": ["text"],
            "range": "text",
            "is_determined": "flag",
            "ranked_cuts": [
                {
                    "n_clusters": "count",
                    "z": "number?",
                    "support": "text",
                    "sizes": ["count"],
                    "alike": ["number?"],
                    "share": "number?",
                    "stability": "number?",
                    "is_shown": "flag",
                }
            ],
            "set_aside": [_UNIT],
            "unassigned?": [_UNIT],
            "min_confidence?": "number?",
            "silent": ["scalar"],
            "time_resolution": {"seconds": ["number"]},
            "neurons": _RATE_AND_TIMING,
            "classes": _RATE_AND_TIMING,
            "rate_factor": "number?",
        }
    ),
    "classes": [_GROUP | {"stability": "number?", "subclasses": [_GROUP]}],
    "stability": Maybe(
        {
            "n_clusters": "count",
            "n_replicates": "count",
            "n_blocks": "count",
            "by_number": [
                {
                    "n_clusters": "count",
                    "adjusted_rand_index": "number?",
                    "interval": _INTERVAL,
                }
            ],
        }
    ),
    "merge_tree": {"leaf_order": ["count"]},
    "information_curve": {"information": ["number"], "unit": "text"},
    "agreement": Maybe(
        _AGREEMENT
        | {"name": "text", "adjusted_rand_index": "number", "n_units": "count"}
    ),
    "by_recording": Maybe(_AGREEMENT),
    "mosaics?": Maybe(_MOSAICS),
    "description?": Maybe(_DESCRIPTION),
    "advice?": Maybe(_ADVICE),
}
_SCORES = Maybe(
    {
        "n_groups": "count",
        "information_share": "number?",
        "information_share_low?": "number?",
        "information_share_high?": "number?",
        "timing_share": "number?",
        "stability": "number?",
        "ari_ours": "number?",
        "ami_ours": "number?",
        "p_ours": "number?",
        "ari_types?": "number?",
        "ami_types?": "number?",
        "p_types?": "number?",
    }
)
#: ``result.json`` of compared groupings.
COMPARISON_SCHEMA = {
    key: _COMMON[key]
    for key in _COMMON
    if key not in ("word_duration_seconds", "drift")
} | {
    "headline": "text",
    "sentences": ["text"],
    "n_groups": "count",
    "number_from": "text",
    "unit_ids": ["scalar"],
    "n_all_units": "count",
    "types": Maybe({"name": "text?"}),
    "costs": [{"text": "text"}],
    "missing": ["text"],
    "groupings": [
        {
            "name": "text",
            "description": "text",
            "number_rule": "text?",
            "seconds": "number?",
            "n_units": "count",
            "own": _SCORES,
            "same": _SCORES,
            "gains": [{"quantity": "text", "is_clear": "flag"}],
        }
    ],
}
_MEDIAN = {
    "n_pairs": "count",
    "n_distinguishable": "count",
    "time_to_90_seconds": "number?",
    "time_to_90_seconds_interval": _INTERVAL,
    "time_to_95_seconds": "number?",
    "time_to_95_seconds_interval": _INTERVAL,
}
#: ``result.json`` of pairs of neurons.
PAIR_SCHEMA = _COMMON | {
    "stimulus_duration_seconds": "number",
    "unit_ids": ["scalar"],
    "classes": Maybe({"from": "text?", "names": ["scalar"]}),
    "n_pairs": "count",
    "n_pairs_distinguishable": "count",
    "n_pairs_by_chance": "number",
    "n_distinguishable": "count",
    "median_time_to_accuracy": Each(_MEDIAN),
    "indistinguishable": [{"unit_id": "scalar", "from": ["scalar"]}],
    "possible_duplicates": [
        {"unit_a": "scalar", "unit_b": "scalar", "coincident_share": "number"}
    ],
    "decoder": [
        {
            "unit_a": "scalar",
            "unit_b": "scalar",
            "time_to_90_seconds": "number?",
            "time_to_95_seconds": "number?",
        }
    ],
}
#: ``families.json``.
FAMILY_SCHEMA = {
    "format_version": "count",
    "neuroclass_version": "text",
    "command": "text?",
    "recordings": [
        {
            "name": "text",
            "path": "text?",
            "folder": "text",
            "n_neurons": "count",
            "n_clusters": "count",
        }
    ],
    "settings": Each("any"),
    "families": [
        {
            "family": "count",
            "n_neurons": Each("count"),
            "classes": Each(["count"]),
            "distance": "number?",
            "nearest": "number?",
        }
    ],
    "agreement": [["number?"]],
    "p_value": [["number?"]],
}


def read_json(path: Path) -> Any:
    """Return the content of a JSON file, as strict as it is written.

    Raises
    ------
    RecordingError
        If it is larger than any result, no JSON, or nested too deep.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise RecordingError(
            f"{path} must be at most {_MOST_BYTES} bytes, more than any result has; "
            f"got {size}. Run the command again."
        )
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else error
        raise RecordingError(
            f"{path} must be the {path.name} of neuroclass; it cannot be read "
            f"({reason}). Run the command again."
        ) from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def check_against(value: Any, schema: Any, path: Path, *, command: str) -> None:
    """Refuse content that does not fit a schema.

    Parameters
    ----------
    value : object
        Content of the file.
    schema : object
        See the top of this module.
    path : pathlib.Path
        The file, for the message.
    command : str
        Command that makes it anew.

    Raises
    ------
    RecordingError
        Which names the first key that does not fit.
    """
    problem = _size_problem(value) or _problem(value, schema, "")
    if problem:
        raise RecordingError(
            f"{path} must hold all keys that neuroclass writes; missing or changed: "
            f"{problem}. Run `neuroclass {command}` again."
        )


def _size_problem(value: Any, place: str = "", depth: int = 0) -> str:
    """Return what is larger or deeper than any result, also where no page looks."""
    if depth > _DEEPEST:
        return f"{place[:80]} is nested too deep"
    if isinstance(value, str) and len(value) > _MOST_TEXT:
        return f"{place} is a text of {len(value)} characters"
    if not isinstance(value, dict | list):
        return ""
    if len(value) > _MOST_KEYS:
        return f"{place} has {len(value)} entries"
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in pairs:
        if isinstance(item, dict | list | str) and (
            found := _size_problem(item, f"{place}.{key}", depth + 1)
        ):
            return found
    return ""


def _problem(value: Any, schema: Any, place: str) -> str:
    """Return where a value does not fit, empty if it does."""
    name = place.lstrip(".") or "the file"
    if isinstance(schema, Maybe):
        return "" if value is None else _problem(value, schema.of, place)
    if isinstance(schema, str):
        kind = schema.rstrip("?")
        fits = (value is None and kind != schema) or _TYPES[kind](value)
        return "" if fits else f"{name} must be {_article(kind)}; got {_shown(value)}"
    if isinstance(schema, dict | Each):
        if not isinstance(value, dict):
            return f"{name} must be an object; got {_shown(value)}"
        if isinstance(schema, Each):
            parts = [(key, item, schema.of) for key, item in value.items()]
        else:
            missing = {key for key in schema if not key.endswith("?")} - value.keys()
            if missing:
                return f"{name} lacks {min(missing)}"
            keys = [(key.rstrip("?"), of) for key, of in schema.items()]
            parts = [(key, value[key], of) for key, of in keys if key in value]
        found = (_problem(item, of, f"{place}.{key}") for key, item, of in parts)
        return next(filter(None, found), "")
    if not isinstance(value, list):
        return f"{name} must be a list; got {_shown(value)}"
    if isinstance(schema, tuple) and len(value) != len(schema):
        return f"{name} must have {len(schema)} entries; got {len(value)}"
    schemas = schema if isinstance(schema, tuple) else schema * len(value)
    found = (
        _problem(item, of, f"{place}[{k}]")
        for k, (item, of) in enumerate(zip(value, schemas, strict=True))
    )
    return next(filter(None, found), "")


def _article(kind: str) -> str:
    return {
        "text": "text",
        "any": "there",
        "count": "a whole number from 0",
        "whole": "a whole number",
        "flag": "true or false",
        "scalar": "text, a number or a truth value",
    }.get(kind, f"a {kind}")


def _shown(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "no finite number"
    text = repr(value)[:40] if not isinstance(value, int) else f"{_whole_text(value)}"
    return f"{text} ({type(value).__name__})"


def _whole_text(value: int) -> str:
    """Return a whole number in digits, or how many digits it has."""
    n_digits = int(value.bit_length() * math.log10(2)) + 1
    return str(value) if n_digits < 30 else f"one of {n_digits} digits"
