"""How far two groupings of the same units agree.

Takes labels, gives the adjusted mutual information with a permutation p-value: the
classes of one recording beside those of another, or beside a column of the file.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import neo
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from neuroclass._lib.checks import check_positive_int, check_rng

__all__ = ["Agreement", "agreement_with", "compare_labels", "read_reference"]


@dataclass(frozen=True)
class Agreement:
    """How far the classes agree with another labelling of the same units.

    Attributes
    ----------
    name : str
        Where the other labelling comes from.
    n_units : int
        Units that both label.
    adjusted_mutual_information, adjusted_rand_index : float
        1 for the same grouping, about 0 for unrelated ones.
    p_value : float
        Share of random pairings of the two labellings that agree as well.
    n_permutations : int
        Random pairings drawn.
    """

    name: str
    n_units: int
    adjusted_mutual_information: float
    adjusted_rand_index: float
    p_value: float
    n_permutations: int


def compare_labels(
    labels: ArrayLike,
    reference: ArrayLike,
    *,
    name: str = "reference",
    n_permutations: int = 9999,
    rng: np.random.Generator | int | None = None,
) -> Agreement:
    """Measure how far two labellings of the same units agree.

    Parameters
    ----------
    labels, reference : array_like of shape (n_units,)
        Two labellings; any hashable labels.
    name : str
        Where `reference` comes from.
    n_permutations : int, default 9999
        Of the labels among the units, for the p-value (1 + those that agree at least
        as well) / (1 + all).
    rng : numpy.random.Generator, int or None
        Of the permutations.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If the labellings differ in length or hold fewer than two units.

    References
    ----------
    .. [1] Vinh, Epps & Bailey (2010), J. Machine Learning Research 11:2837-2854.
    """
    n_permutations = check_positive_int(n_permutations, "n_permutations")
    _, one = np.unique(np.asarray(labels), return_inverse=True)
    _, other = np.unique(np.asarray(reference), return_inverse=True)
    if len(one) != len(other) or len(one) < 2:
        raise ValueError(
            f"labels and reference must label the same two or more units; got "
            f"{len(one)} and {len(other)} labels."
        )
    rng = check_rng(rng)
    # With the class sizes fixed, the adjusted information grows with the plain one.
    observed = _joint_term(one, other)
    drawn = np.array(
        [_joint_term(rng.permutation(one), other) for _ in range(n_permutations)]
    )
    as_good = int((drawn >= observed - 1e-9).sum())
    return Agreement(
        name=name,
        n_units=len(one),
        adjusted_mutual_information=float(adjusted_mutual_info_score(one, other)),
        adjusted_rand_index=float(adjusted_rand_score(one, other)),
        p_value=(1 + as_good) / (1 + n_permutations),
        n_permutations=n_permutations,
    )


def _joint_term(one: NDArray[np.intp], other: NDArray[np.intp]) -> float:
    """Return sum n log n over the contingency table: mutual information, shifted."""
    n = np.bincount(one * (int(other.max()) + 1) + other)
    n = n[n > 1]
    return float((n * np.log(n)).sum())


def read_reference(
    reference: str | Path, recording: neo.Block
) -> tuple[str, dict[str, Any]]:
    """Return the name of a labelling and its label of each unit id (as str).

    Parameters
    ----------
    reference : str or Path
        A units column of the recording, a ``labels.csv``, or the result folder that
        holds one.
    recording : neo.Block
        Whose units are labelled.

    Raises
    ------
    FileNotFoundError
        If it is neither a column nor a file.
    ValueError
        If the file has not the columns ``unit_id`` and ``label``.
    """
    trains = recording.segments[0].spiketrains
    is_column = any(str(reference) in train.annotations for train in trains)
    if is_column:
        column = {
            str(train.annotations["unit_id"]): train.annotations.get(str(reference))
            for train in trains
        }
        kept = {u: v for u, v in column.items() if not _is_missing(v, str(reference))}
        return f"units column {reference}", kept
    path = Path(reference)
    if path.is_dir():
        path = path / "labels.csv"
    if not path.is_file():
        columns = sorted({key for train in trains for key in train.annotations})
        raise FileNotFoundError(
            f"reference must be a units column ({', '.join(columns)}), a labels.csv "
            f"or a result folder; got {str(reference)!r}."
        )
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} must be a labels.csv in UTF-8: {error}.") from error
    if not rows or not {"unit_id", "label"} <= set(rows[0]):
        raise ValueError(f"{path} must have the columns unit_id and label.")
    return str(path), {row["unit_id"]: row["label"] for row in rows if row["label"]}


def _is_missing(value: Any, column: str) -> bool:
    """Return whether a cell of a units column labels nothing."""
    if column == "neuroclass_label" and value == -1:  # ours: left out
        return True
    return value is None or value == "" or value != value  # nan differs from itself


def agreement_with(
    reference: str | Path,
    recording: neo.Block,
    unit_ids: Sequence[Any],
    labels: NDArray[np.intp],
    rng: np.random.Generator | int | None = None,
) -> Agreement:
    """Compare `labels` of `unit_ids` with a reference, on the units that both label.

    Raises
    ------
    ValueError
        If fewer than two units are in both.
    """
    name, known = read_reference(reference, recording)
    shared = [k for k, unit in enumerate(unit_ids) if str(unit) in known]
    if len(shared) < 2:
        raise ValueError(
            f"reference must label at least two of the classified units; {name} "
            f"labels {len(shared)} of {len(unit_ids)}. Are its unit ids the same?"
        )
    return compare_labels(
        labels[shared],
        [str(known[str(unit_ids[k])]) for k in shared],
        name=name,
        rng=rng,
    )
