"""Information bottleneck clustering of neurons by timing, as a scikit-learn estimator.

Input: spike counts of neurons in time bins, with their repeats. Output: those of
`TimingClusters`.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from neuroclass.clustering.bottleneck import InformationBottleneck
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.timing_clusters import TimingClusters

__all__ = ["TimingBottleneck"]


class TimingBottleneck(InformationBottleneck, TimingClusters):
    """Information bottleneck clustering of neurons by the timing of their spikes.

    Classes keep the most information between the class of a neuron and the time of a
    spike, at all time scales, each neuron weighted by the reliability of its profile
    (`TimingMatrix`).  Neurons whose response does not repeat take no part in making
    the classes and are assigned afterwards.  An automatic number is that of
    `find_cluster_cuts`, with its partition; a given number is the cut of the tree,
    reassigned from disturbed restarts.

    Parameters
    ----------
    n_clusters : "auto", int or float, default "auto"
        Number of classes: found, given, or (a fraction between 0 and 1) the fewest
        that keep this fraction of the timing information of the neurons.
    rate_weight : float, default 0
        Weight of the mean firing rate beside the time scales.
    cut : int, optional
        Number of classes of the tested cut to take, for an automatic number.
    n_micro : int, optional
        Number of micro-clusters that are the leaves of the tree, for very many
        neurons; by default each neuron is a leaf.
    n_restarts : int, default 8
        Number of disturbed restarts of the reassignment.
    n_jobs : int, optional
        Number of processes, as in joblib.  The result does not depend on it.
    random_state : int, RandomState or None, default 0
        Seed or generator of the restarts and micro-clusters.

    Attributes
    ----------
    labels_ : ndarray of int, (n_neurons,)
        Classes from 0, largest first, ties by lowest neuron; -1 for silent neurons.
    n_clusters_ : int
        Number of classes.
    takes_part_ : ndarray of bool, (n_neurons,)
        Which neurons make the classes: the leaves of the tree, in their order, unless
        there are micro-clusters.
    participation_ : Participation or None
        Why; None for counts without repeats.
    confidence_ : ndarray, (n_neurons,)
        Probability of the class of each neuron rather than the second best:
        `class_confidence`; 0 for silent ones.
    cuts_ : ClusterCuts or None
        The supported numbers of classes; None for counts without repeats.
    children_, distances_, information_, pairwise_losses_, leaf_order_ : ndarray
        As in `AgglomerativeBottleneck`, of the neurons that take part, in bits per
        spike.
    micro_labels_ : ndarray of int, (n_that_take_part,)
        Micro-cluster of each; only with `n_micro`.
    matrix_ : TimingMatrix
        Of the neurons that take part.
    n_features_in_ : int
        Number of time bins.

    Notes
    -----
    With fewer than six neurons that take part, all that fire make the classes, for
    orientation only: the number is not determined.  Of more than 2000 neurons with
    micro-clusters the cuts are tested on 2000, and the others are assigned.

    References
    ----------
    .. [1] Schneidman, Bialek & Berry (2002), NIPS 15, arXiv:physics/0212114.

    Examples
    --------
    >>> rate = np.repeat([[9.0, 1, 1, 1], [1, 1, 9, 1]], 6, axis=0).repeat(10, axis=1)
    >>> spikes = np.random.default_rng(0).poisson(rate[:, None] / 9, (12, 20, 40))
    >>> TimingBottleneck().fit(spikes).labels_.tolist()
    [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    """

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803
        """Find the classes.

        Parameters
        ----------
        X : SpikeCounts or array_like
            Spike counts: (n_neurons, n_repeats, n_bins), nan where a neuron was not
            recorded, or sums over repeats, (n_neurons, n_bins), for which a number of
            classes must be given.
        y : ignored

        Raises
        ------
        ValueError
            If `X` holds negative or infinite numbers, fewer than two neurons that
            fire, or a parameter is out of range.
        """
        self._check_parameters()
        spikes = X if isinstance(X, SpikeCounts) else self._check_spikes(X)
        return self.fit_spikes(spikes)

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the refined partition of those that take part into another number.

        The cut of the hierarchy, reassigned; not nested in `labels_`.
        """
        check_is_fitted(self)
        return super().partition(n_clusters)

    def _check_spikes(self, X: Any) -> SpikeCounts:  # noqa: N803
        counts = validate_data(
            self,
            X,
            dtype=np.float64,
            allow_nd=True,
            ensure_min_samples=2,
            ensure_non_negative=True,
            ensure_all_finite=np.ndim(X) != 3 or "allow-nan",
        )
        if counts.ndim == 3:
            return SpikeCounts.from_repeats(counts)
        if counts.ndim == 2:
            return SpikeCounts.from_sums(counts, None, 1)
        raise ValueError(
            f"X must have the axes neuron, repeat, bin; got {counts.ndim} axes."
        )
