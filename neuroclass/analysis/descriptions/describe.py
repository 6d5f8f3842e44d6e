"""What the classes of a recording respond to, in the words of the field.

Input: a recording, or its `Responses`, and what is known of its stimulus. Output:
`ResponseDescription`. No class is made with it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

from neuroclass.analysis.class_settings import DescriptionSettings
from neuroclass.analysis.classify import classify_neurons
from neuroclass.analysis.descriptions.unit_descriptions import (
    describe_units,
    labels_of_classes,
    read_light,
)
from neuroclass.analysis.reference_labels import read_reference
from neuroclass.analysis.responses import (
    PreparationOptions,
    Recordings,
    Responses,
    responses_of,
)
from neuroclass.results import ResponseDescription

__all__ = ["describe_classes"]


def describe_classes(
    recording: Recordings | Responses,
    *,
    reference: str | Path | None = None,
    light_on: tuple[float | str, float | str] | None = None,
    stimulus_file: str | Path | None = None,
    random_state: int = 0,
    **options: Unpack[PreparationOptions],
) -> ResponseDescription:
    """Describe what classes and their units respond to.

    Parameters
    ----------
    recording : Responses, neo.Block, str or Path, or a sequence of the latter three
        As in `classify_neurons`.
    reference : str or Path, optional
        The classes: a units column, a ``labels.csv`` or a result folder; by default
        those that `classify_neurons` finds, of the units that made them.
    light_on : tuple of two times, optional
        When the light of every stimulus goes on and off, after its onset: ON/OFF index,
        latency and transience (`step_response`).
    stimulus_file : str or Path, optional
        The flicker, frame by frame (`read_stimulus`): spike-triggered average.
    random_state : int, default 0
        Seed of `classify_neurons`.
    **options
        Keywords of `ResponseSettings`, unless `recording` is `Responses`, and of
        `RunSettings`.

    Returns
    -------
    ResponseDescription
        Direction and orientation selectivity, too, where the column of the stimulus is
        called an angle, direction or orientation and holds numbers, in degrees.

    Raises
    ------
    RecordingError
        If the recording or the stimulus file cannot be used.
    TypeError
        If a keyword is unknown.
    ValueError
        If the light does not go on and off inside the stimuli.

    Examples
    --------
    >>> from neuroclass import simulate_retina
    >>> retina = simulate_retina(2, 6, 20, "5s", n_unique=0, random_state=0)
    >>> described = describe_classes(retina, reference="true_type")
    >>> int(described.to_frame()["reliability"].between(0, 1).sum())
    6
    """
    responses, _ = responses_of(
        recording,
        dict(options),
        "describe_classes",
        tuple(describe_classes.__kwdefaults__ or ()),
    )
    light = read_light(
        DescriptionSettings(light_on=light_on, stimulus_file=stimulus_file)
    )
    labels, classes_from = _classes(responses, reference, random_state)
    settings = {
        "reference": None if reference is None else str(reference),
        "light_on": light.light_on,
        "stimulus_file": None if stimulus_file is None else str(stimulus_file),
        **responses.described_settings(),
        "random_state": random_state,
    }
    described = describe_units(responses, labels, classes_from, light, settings)
    return replace(described, issues=(*responses.issues, *described.issues))


def _classes(
    responses: Responses, reference: str | Path | None, random_state: int
) -> tuple[tuple[str, ...], str]:
    """Return the class of each unit, "" where it has none, and their origin."""
    unit_ids = responses.counts.unit_ids
    if reference is not None:
        name, of_unit = read_reference(reference, responses.recording)
        return tuple(str(of_unit.get(str(unit), "")) for unit in unit_ids), name
    found = classify_neurons(responses, random_state=random_state, progress=False)
    labels = labels_of_classes(found.labels, found.units.takes_part, responses.units)
    return labels, "found here"
