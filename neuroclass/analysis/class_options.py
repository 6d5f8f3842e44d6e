"""Keywords of classes, checked: their settings, criterion and number.

Input: the keywords of a call. Output: `ClassSettings`, `DescriptionSettings`, and the
other keywords.
"""

from __future__ import annotations

from dataclasses import fields
from numbers import Real
from typing import Any

from neuroclass._lib.checks import check_choice
from neuroclass._lib.keywords import settings_from
from neuroclass.analysis.class_settings import (
    CRITERIA,
    ClassSettings,
    DescriptionSettings,
)
from neuroclass.clustering import METHODS

__all__ = [
    "CLASS_KEYWORDS",
    "DESCRIPTION_KEYWORDS",
    "choose_criterion",
    "number_or_share",
    "split_class_settings",
    "split_description_settings",
]

CLASS_KEYWORDS = tuple(field.name for field in fields(ClassSettings))
DESCRIPTION_KEYWORDS = tuple(field.name for field in fields(DescriptionSettings))


def split_class_settings(
    options: dict[str, Any], function_name: str
) -> tuple[ClassSettings, dict[str, Any]]:
    """Return the settings of the classes among keywords, and the other keywords."""
    of_class = {k: v for k, v in options.items() if k in CLASS_KEYWORDS}
    settings = settings_from(ClassSettings, None, of_class, function_name)
    check_choice(settings.criterion, "criterion", CRITERIA)
    check_choice(settings.method, "method", METHODS)
    least: Any = settings.min_confidence
    if not (isinstance(least, Real) and 0 <= float(least) <= 1):
        raise ValueError(f"min_confidence must be from 0 to 1; got {least!r}.")
    if least and settings.criterion == "word":
        raise ValueError(
            "min_confidence must be of the criterion 'timing', which alone has a "
            "confidence; got criterion 'word'."
        )
    return settings, {k: v for k, v in options.items() if k not in of_class}


def split_description_settings(
    options: dict[str, Any], function_name: str
) -> tuple[DescriptionSettings, dict[str, Any]]:
    """Return what is known of the light among keywords, and the other keywords."""
    of_light = {k: v for k, v in options.items() if k in DESCRIPTION_KEYWORDS}
    settings = settings_from(DescriptionSettings, None, of_light, function_name)
    return settings, {k: v for k, v in options.items() if k not in of_light}


def choose_criterion(criterion: str, condition: str) -> dict[str, str]:
    """Return the criterion that a condition allows.

    Parameters
    ----------
    criterion : {"timing", "word"}
        Criterion asked for.
    condition : str
        As in `Presentations`.

    Returns
    -------
    dict
        The criterion as "value", and "why".
    """
    if criterion == "timing" and "time" not in condition.split(","):
        return {
            "value": "word",
            "chosen": "auto",
            "why": f"the condition {condition!r} pools the times of spikes",
        }
    return {"value": criterion, "chosen": "given", "why": "as given"}


def number_or_share(n_clusters: Any, settings: ClassSettings) -> Any:
    """Return the number of classes, or the fraction of the information to keep.

    Raises
    ------
    ValueError
        If both are asked for, or one is out of range.
    """
    loss = settings.max_information_loss
    if settings.cut is not None and (n_clusters != "auto" or loss is not None):
        raise ValueError(
            "cut must not be given together with n_clusters or max_information_loss."
        )
    if settings.cut is not None and settings.criterion == "word":
        raise ValueError(
            "cut must be of the criterion 'timing'; give n_clusters for 'word'."
        )
    if loss is None:
        if isinstance(n_clusters, float):
            raise ValueError(
                f"n_clusters must be 'auto' or an integer; got {n_clusters!r}. For a "
                f"fraction of the information give max_information_loss."
            )
        return n_clusters
    if n_clusters != "auto":
        raise ValueError(
            "n_clusters must not be given together with max_information_loss."
        )
    if not 0 < loss < 1:
        raise ValueError(f"max_information_loss must be between 0 and 1; got {loss!r}.")
    return 1.0 - loss
