"""Common part of the estimators of scikit-learn.

Input: arrays as scikit-learn takes them. Output: counts that were checked, and the
fits of `BottleneckFit` as estimators.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroclass.clustering.bottleneck_fit import BottleneckFit

__all__ = ["InformationBottleneck"]


class InformationBottleneck(ClusterMixin, BaseEstimator, BottleneckFit):
    """Base class of the estimators: `BottleneckFit` for scikit-learn."""

    def __sklearn_tags__(self) -> Tags:
        """Declare that counts are not negative and may have three axes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.three_d_array = True
        return tags

    def _generator(self) -> np.random.Generator:
        return np.random.default_rng(
            check_random_state(self.random_state).randint(2**31)
        )

    def _check_array(self, X: Any, *, reset: bool, **options: Any) -> Any:  # noqa: N803
        """Return `X` as numbers, with the axes neuron, condition, word if dense."""
        counts = validate_data(
            self,
            getattr(X, "counts", X),
            reset=reset,
            dtype="numeric",
            allow_nd=True,
            ensure_min_samples=2,
            ensure_non_negative=True,
            **options,
        )
        is_sparse = not isinstance(counts, np.ndarray)
        if counts.ndim == 2 and not is_sparse:
            counts = counts[:, None, :]
        if counts.ndim != 3 and not is_sparse:
            raise ValueError(
                f"X must have the axes neuron, condition, word; got {counts.ndim} axes."
            )
        return counts

    def _cut(self, n_clusters: Any, leaves: str) -> NDArray[np.intp]:
        check_is_fitted(self)
        return super()._cut(n_clusters, leaves)
