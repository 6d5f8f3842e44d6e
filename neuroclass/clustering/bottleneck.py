"""Common part of the estimators of scikit-learn.

Input: arrays as scikit-learn takes them. Output: counts that were checked, the fits of
`BottleneckFit` as estimators, and what they say of other neurons.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    TransformerMixin,
)
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroclass.clustering.bottleneck_fit import BottleneckFit
from neuroclass.estimators import xlog2x

__all__ = ["InformationBottleneck", "PredictingBottleneck"]

_N_BLOCKS = 20  # of the conditions, odd against even
_PRIOR = 1.0  # words of the population that are added to those of each class
_AT_ONCE = 1 << 22  # counts that are dense at a time


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
        options = {"ensure_min_samples": 2} | options
        counts = validate_data(
            self,
            getattr(X, "counts", X),
            reset=reset,
            dtype="numeric",
            allow_nd=True,
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


class PredictingBottleneck(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, InformationBottleneck
):
    """Base class of the estimators whose classes have frequencies of words."""

    _accepted: str | bool = False  # format of sparse counts
    _class_counts: NDArray[np.float64]  # (n_clusters, n_conditions, n_words)

    def transform(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        r"""Compute the divergence of the words of neurons from those of each class.

        .. math:: D_{ic} = \frac{1}{R_i} \sum_s \sum_w n_{isw}
                  \log_2 \frac{n_{isw} / R_{is}}{q_{csw}}

        with counts n of neuron i, condition s and word w, their sums R over words and
        conditions, and the frequencies q of the words of class c, to which one word of
        the population is added in each condition.

        Parameters
        ----------
        X : ResponseCounts or array_like
            Word counts, as in `fit`, of these or of other neurons under the same
            conditions.

        Returns
        -------
        ndarray of shape (n_neurons, n_clusters)
            Bits per word.  A DataFrame after ``set_output(transform="pandas")``.
        """
        check_is_fitted(self)
        parts = []
        for counts in self._blocks(X):
            repeats = counts.sum(axis=2)
            own = xlog2x(counts).sum(axis=2) - xlog2x(repeats)
            cost = own.sum(axis=1)[:, None] - _log_likelihood(counts, self._logs())
            parts.append(cost / np.maximum(repeats.sum(axis=1), 1)[:, None])
        return np.concatenate(parts)

    def predict(self, X: Any) -> NDArray[np.intp]:  # noqa: N803
        """Return the class of neurons: that with the least divergence (`transform`).

        Parameters
        ----------
        X : ResponseCounts or array_like
            Word counts, as in `transform`.

        Returns
        -------
        ndarray of int, (n_neurons,)
            Of the neurons of `fit` not always `labels_`, which the divergence of a
            neuron from its own class has no part in.
        """
        check_is_fitted(self)
        logs = self._logs()
        return np.concatenate(
            [_log_likelihood(counts, logs).argmax(axis=1) for counts in self._blocks(X)]
        )

    def score(self, X: Any, y: object = None) -> float:  # noqa: N803
        """Compute the class information kept for held-out neurons and conditions.

        Each neuron is put into a class by one half of the conditions (odd blocks of
        20), and the other half says how many bits a word tells about the class: the
        mean log ratio of its frequency in the class and in the population.  Both
        halves take both parts.  Where classes are finer than what neurons differ in,
        their frequencies are those of few neurons, and the score falls, so that
        ``GridSearchCV`` can compare numbers of classes.

        Parameters
        ----------
        X : ResponseCounts or array_like
            Word counts, as in `transform`.  With a single condition it is in both
            halves, and the score too high.
        y : ignored

        Returns
        -------
        float
            Bits per word; about 0 for a single class, below for classes that mislead.
        """
        check_is_fitted(self)
        logs = self._logs()
        n_conditions = logs.shape[1]
        is_odd = np.arange(n_conditions) * _N_BLOCKS // n_conditions % 2 == 1
        if n_conditions < _N_BLOCKS:
            is_odd = np.arange(n_conditions) % 2 == 1
        halves = [is_odd, ~is_odd] if n_conditions > 1 else [~is_odd, ~is_odd]
        bits = n_words = 0.0
        population = self._logs_of_population()[None]
        for counts in self._blocks(X):
            n_words += float(counts.sum())
            for one, other in (halves, halves[::-1]):
                labels = _log_likelihood(counts[:, one], logs[:, one]).argmax(axis=1)
                ratio = logs[:, other] - population[:, other]
                gained = _log_likelihood(counts[:, other], ratio)
                bits += float(gained[np.arange(len(labels)), labels].sum())
        if n_conditions == 1:
            n_words *= 2
        return bits / n_words

    @property
    def _n_features_out(self) -> int:
        return int(self.n_clusters_)

    def _logs_of_population(self) -> NDArray[np.float64]:
        """Return log2 of the frequencies of words, (n_conditions, n_words)."""
        pooled = self._class_counts.sum(axis=0)
        n_words = pooled.shape[1]
        frequency = (pooled + 1 / n_words) / (pooled.sum(axis=1, keepdims=True) + 1)
        logs: NDArray[np.float64] = np.log2(frequency)
        return logs

    def _logs(self) -> NDArray[np.float64]:
        """Return the same of each class, (n_clusters, n_conditions, n_words)."""
        own = self._class_counts
        prior = _PRIOR * np.exp2(self._logs_of_population())
        logs: NDArray[np.float64] = np.log2(
            (own + prior) / (own.sum(axis=2, keepdims=True) + _PRIOR)
        )
        return logs

    def _blocks(self, X: Any) -> Iterator[NDArray[Any]]:  # noqa: N803
        """Yield counts of some neurons at a time, on three axes."""
        shape = self._class_counts.shape[1:]
        counts = self._check_array(
            X, reset=False, accept_sparse=self._accepted, ensure_min_samples=1
        )
        step = max(1, _AT_ONCE // (shape[0] * shape[1]))
        for first in range(0, counts.shape[0], step):
            block: Any = counts[first : first + step]
            if not isinstance(block, np.ndarray):
                block = block.toarray()
            yield block.reshape(len(block), *shape)


def _log_likelihood(
    counts: NDArray[Any], logs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return bits of the words of each neuron (row) in each class (column)."""
    flat = counts.reshape(len(counts), -1).astype(np.float64)
    bits: NDArray[np.float64] = flat @ logs.reshape(len(logs), -1).T
    return bits
