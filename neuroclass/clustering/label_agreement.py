"""Agreement of two labellings of the same units.

Input: two arrays of labels.
Output: `Agreement`, the adjusted mutual information and the adjusted Rand index with a
permutation p-value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from neuroclass._lib.checks import check_positive_int, check_rng

__all__ = ["Agreement", "compare_labels"]


@dataclass(frozen=True)
class Agreement:
    """Agreement of the classes with another labelling of the same units.

    Attributes
    ----------
    name : str
        Origin of the other labelling.
    n_units : int
        Number of units with a label in both.
    adjusted_mutual_information, adjusted_rand_index : float
        1 for the same grouping, about 0 for unrelated ones.
    p_value : float
        Share of random permutations of the labels that agree at least as well.
    n_permutations : int
        Number of random permutations.
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
    random_state: np.random.Generator | int | None = None,
) -> Agreement:
    """Compute the agreement of two labellings of the same units.

    Parameters
    ----------
    labels, reference : array_like of shape (n_units,)
        Two labellings; any hashable labels.
    name : str
        Origin of `reference`.
    n_permutations : int, default 9999
        Number of random permutations of the labels among the units.  The p-value is
        (1 + those that agree at least as well) / (1 + all).
    random_state : int, numpy.random.Generator or None
        Seed or generator of the permutations.

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

    Examples
    --------
    >>> same = compare_labels([0, 0, 1, 1, 2, 2], list("bbaacc"), random_state=0)
    >>> same.adjusted_rand_index
    1.0
    """
    n_permutations = check_positive_int(n_permutations, "n_permutations")
    _, one = np.unique(np.asarray(labels), return_inverse=True)
    _, other = np.unique(np.asarray(reference), return_inverse=True)
    if len(one) != len(other) or len(one) < 2:
        raise ValueError(
            f"labels and reference must label the same two or more units; got "
            f"{len(one)} and {len(other)} labels."
        )
    rng = check_rng(random_state)
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
