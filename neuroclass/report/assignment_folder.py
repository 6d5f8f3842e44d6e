"""Result folder of `assign`: assigned.csv or types.csv, and assignment.json.

Input: `Assignment`, `KnownTypes`. Output: a folder. ``assigned.csv`` has one row per
unit of the recording: ``unit_id``, ``label`` (name of its class, empty for none of
these), ``nearest`` (name of the nearest class), ``confidence`` (probability of that
rather than the second best), ``distance_bits`` from it and ``limit_bits`` of its
members (bits per spike), ``reason`` why it is in none. ``types.csv`` has one row per
unit with a known type: ``unit_id, type, predicted, confidence, is_responsive``.
Keys of ``assignment.json``:

========================  ==========================================================
``format_version``, ``neuroclass_version``, ``command``
``headline``              the result in a sentence
``recording``             its name
``model``                 ``recording, class_names, n_neurons, bin_size_seconds,
                          stimuli``
``min_confidence``        bound, or null
``n_units``               of the recording, or with a type
``classes``               of each: ``name, n_units``, and their mean ``confidence``
``none``                  number of units in none, by reason
``reading``               cells with a known type, or null: ``accuracy,
                          balanced_accuracy, chance, n_cells, types, class_names,
                          confusion`` (types by classes), ``confused`` (type, class,
                          cells, share, the most frequent first)
``single``                types with one member, not scored
``issues``                ``kind, text, units``
========================  ==========================================================
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass.report.csv_files import write_table
from neuroclass.report.json_parts import describe_issues, result_header
from neuroclass.report.result_folder import write_folder
from neuroclass.results.assignment import Assignment
from neuroclass.results.class_model import MODEL_NAME

if TYPE_CHECKING:
    import os

    from neuroclass.results import ClassModel, KnownTypes, Reading

__all__ = ["save_assignment"]


def save_assignment(
    found: Assignment | KnownTypes,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
) -> Path:
    """Write the result of `assign_cells` or `read_types` into a folder.

    Parameters
    ----------
    found : Assignment or KnownTypes
        Record; known types are written with their ``model.npz``.
    folder : path
        Result folder: new or empty, unless `force`.
    force : bool, default False
        Replace the files of an earlier result.
    command : str, optional
        Command line.

    Returns
    -------
    pathlib.Path
        `folder`.

    Raises
    ------
    FileExistsError
        If the folder holds files and `force` is False, or the result of another
        command.
    NotADirectoryError
        If `folder` is a file.
    """
    with write_folder(folder, "assign", force=force) as (target, finished):
        is_assignment = isinstance(found, Assignment)
        name = "assigned.csv" if is_assignment else "types.csv"
        write_table(found.to_frame(), finished / name)
        if not isinstance(found, Assignment):
            found.model.write(finished / MODEL_NAME)
        text = json_text(_describe(found, command))
        (finished / "assignment.json").write_text(text, encoding="utf-8")
    return target


def _describe(found: Assignment | KnownTypes, command: str | None) -> dict[str, Any]:
    """Return everything under the keys of the module's table."""
    if isinstance(found, Assignment):
        labels = found.labels
        reasons = Counter(
            reason
            for reason, label in zip(found.reasons, labels, strict=True)
            if label < 0
        )
        single: tuple[str, ...] = ()
        reading, recording = found.agreement, found.recording
        least: float | None = found.min_confidence
        issues = found.issues
    else:
        names = found.model.class_names
        labels = np.array([names.index(name) for name in found.predicted])
        reasons = Counter()
        reading, single = found.reading, found.single
        recording, least, issues = found.model.recording, None, ()
    return {
        **result_header(command),
        "headline": found.headline(),
        "recording": recording,
        "model": _describe_model(found.model),
        "min_confidence": least,
        "n_units": len(labels),
        "classes": [
            {
                "name": name,
                "n_units": int((labels == k).sum()),
                "confidence": found.confidence[labels == k].mean()
                if (labels == k).any()
                else None,
            }
            for k, name in enumerate(found.model.class_names)
        ],
        "none": dict(reasons),
        "reading": _describe_reading(reading),
        "single": single,
        "issues": describe_issues(issues),
    }


def _describe_model(model: ClassModel) -> dict[str, Any]:
    return {
        "recording": model.recording,
        "class_names": model.class_names,
        "n_neurons": len(model.labels),
        "bin_size_seconds": model.bin_size,
        "stimuli": model.stimuli,
    }


def _describe_reading(reading: Reading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    return {
        "accuracy": reading.accuracy,
        "balanced_accuracy": reading.balanced_accuracy,
        "chance": reading.chance,
        "n_cells": reading.n_cells,
        "types": reading.types,
        "class_names": reading.class_names,
        "confusion": reading.confusion,
        "confused": reading.confused(),
    }
