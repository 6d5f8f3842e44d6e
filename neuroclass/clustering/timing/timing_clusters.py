"""Information bottleneck clustering of neurons by timing, without scikit-learn.

Input: spike counts of neurons in time bins, with their repeats.
Output: classes of the neurons whose response repeats, the merge tree that they are a
cut of, the supported numbers of classes, and the class of all other neurons.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.checks import check_positive_int
from neuroclass.clustering.bottleneck_fit import BottleneckFit, information_of_cuts
from neuroclass.clustering.merge_tree import (
    MergeTree,
    build_merge_tree,
    relabel_by_size,
)
from neuroclass.clustering.micro_clusters import (
    find_micro_clusters,
    gather_micro_clusters,
    refine_sparse,
)
from neuroclass.clustering.pairwise_loss import PairLosses, pairwise_losses
from neuroclass.clustering.reassignment import refine, refine_with_restarts
from neuroclass.clustering.timing.cluster_cuts import ClusterCuts, find_cluster_cuts
from neuroclass.clustering.timing.confidence import assign_neurons
from neuroclass.clustering.timing.participation import (
    Participation,
    find_participants,
)
from neuroclass.clustering.timing.posterior import class_posterior
from neuroclass.clustering.timing.spike_counts import SpikeCounts
from neuroclass.clustering.timing.timing_matrix import TimingMatrix

__all__ = ["TimingClusters"]

_LEAST = 6  # neurons that take part; with fewer, all that fire make the classes
_MAX_JUDGED = 2000  # neurons whose cuts are tested, of very many


class TimingClusters(BottleneckFit):
    """Classes of neurons by the timing of their spikes: `TimingBottleneck`.

    The fit of spike counts that were checked, with the parameters and the attributes
    of that estimator.
    """

    def __init__(
        self,
        n_clusters: Any = "auto",
        *,
        rate_weight: float = 0.0,
        cut: int | None = None,
        n_micro: int | None = None,
        n_restarts: int = 8,
        n_jobs: int | None = None,
        random_state: Any = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.rate_weight = rate_weight
        self.cut = cut
        self.n_micro = n_micro
        self.n_restarts = n_restarts
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit_spikes(self, spikes: SpikeCounts) -> Self:
        """Find the classes of neurons, of which at least two fire.

        Parameters
        ----------
        spikes : SpikeCounts
            Spike counts of the neurons.

        Raises
        ------
        ValueError
            If fewer than two neurons fire, or a parameter is out of range.
        """
        self._check_parameters()
        self.n_features_in_ = spikes.counts.shape[1]
        if (spikes.counts.sum(axis=1) > 0).sum() < 2:
            raise ValueError("X must hold at least two neurons with spikes.")
        is_firing = spikes.counts.sum(axis=1) > 0
        self.participation_: Participation | None = None
        part = is_firing
        if spikes.odd is not None:
            self.participation_ = find_participants(spikes)
            part = self.participation_.takes_part
        elif self.n_clusters == "auto":
            raise ValueError(
                "n_clusters must be given for counts without repeats. Give X the axes "
                "neuron, repeat, bin."
            )
        if part.sum() < min(_LEAST, is_firing.sum()):
            part = is_firing
        self._check_n_clusters(int(part.sum()))
        own = spikes.of(part)
        matrix = TimingMatrix.from_spikes(own, rate_weight=self.rate_weight)
        rng = self._generator()
        n_micro = (
            None
            if self.n_micro is None
            else check_positive_int(self.n_micro, "n_micro", minimum=2)
        )
        if n_micro is not None and n_micro < len(matrix.counts):
            labels, leaves, pairs, leaf_labels = self._of_micro_clusters(
                own, matrix, n_micro, rng
            )
        else:
            leaves, pairs = matrix, pairwise_losses(matrix)
            tree = build_merge_tree(matrix, pairs)
            self.cuts_ = self._find_cuts(own, matrix, tree)
            labels = leaf_labels = self._choose(matrix, tree, rng)
        labels = relabel_by_size(labels)
        self.takes_part_ = part
        self.matrix_ = matrix
        self.labels_ = np.full(len(part), -1)
        self.labels_[part] = labels
        self.confidence_ = np.zeros(len(part))
        every = TimingMatrix.from_spikes(
            spikes, half_weight=matrix.half_weight, rate_weight=self.rate_weight
        )
        self.labels_, self.confidence_ = assign_neurons(every, labels, part)
        self._set_hierarchy(leaves, pairs, leaf_labels)
        return self

    def _check_parameters(self) -> None:
        check_positive_int(self.n_restarts, "n_restarts", minimum=0)
        rate_weight: Any = self.rate_weight
        if not (isinstance(rate_weight, Real) and 0 <= float(rate_weight) < np.inf):
            raise ValueError(
                f"rate_weight must be a number that is not negative; got "
                f"{self.rate_weight!r}."
            )

    def _check_n_clusters(self, n_neurons: int) -> None:
        n_clusters = self.n_clusters
        if isinstance(n_clusters, Integral) and int(n_clusters) > n_neurons:
            raise ValueError(
                f"n_clusters must be at most the number of neurons that take part "
                f"({n_neurons}); got {n_clusters}."
            )
        super()._check_n_clusters(n_neurons)

    def _find_cuts(
        self, spikes: SpikeCounts, matrix: TimingMatrix, tree: MergeTree | None
    ) -> ClusterCuts | None:
        if spikes.odd is None:
            return None
        return find_cluster_cuts(spikes, matrix, tree)

    def _choose(
        self, matrix: TimingMatrix, tree: MergeTree, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return the partition into the number of classes that is asked for."""
        if self.n_clusters == "auto":
            return self._labels_of_cut()
        labels, _ = refine_with_restarts(
            matrix,
            tree.labels(self._number(matrix, tree)),
            n_restarts=self.n_restarts,
            random_state=rng,
            n_jobs=self.n_jobs,
        )
        return labels

    def _labels_of_cut(self) -> NDArray[np.intp]:
        """Return the partition of the cut that is asked for, or of that to show."""
        cuts = cast("ClusterCuts", self.cuts_)  # else refused before
        if self.cut is None:
            return cuts.labels
        tested = {cut.n_clusters: cut.labels for cut in cuts.cuts}
        if self.cut not in tested:
            raise ValueError(
                f"cut must be one of the tested numbers of classes "
                f"({', '.join(map(str, sorted(tested)))}); got {self.cut}."
            )
        return tested[self.cut]

    def _number(self, matrix: TimingMatrix, tree: MergeTree) -> int:
        if isinstance(self.n_clusters, Integral):
            return int(self.n_clusters)
        kept = information_of_cuts(matrix, tree)
        return 1 + int(np.argmax(kept >= float(self.n_clusters) * kept.max()))

    def _of_micro_clusters(
        self,
        spikes: SpikeCounts,
        matrix: TimingMatrix,
        n_micro: int,
        rng: np.random.Generator,
    ) -> tuple[NDArray[np.intp], TimingMatrix, PairLosses, NDArray[np.intp]]:
        """Return labels of neurons, micro-clusters, their pairs and their labels."""
        if isinstance(self.n_clusters, Integral):
            n_micro = max(n_micro, int(self.n_clusters))
        micro = find_micro_clusters(
            matrix, n_micro, random_state=rng, n_jobs=self.n_jobs
        )
        leaves = matrix.merged(micro)
        pairs = pairwise_losses(leaves)
        spread = np.argsort(micro, kind="stable")
        n_judged = min(len(micro), _MAX_JUDGED)
        sample = np.sort(
            spread[((np.arange(n_judged) + 0.5) * len(micro) / n_judged).astype(int)]
        )
        judged = matrix.of(sample)
        self.cuts_ = self._find_cuts(spikes.of(sample), judged, None)
        if self.n_clusters == "auto":
            labels = np.empty(len(micro), np.intp)
            labels[sample] = self._labels_of_cut()
            rest = np.setdiff1d(np.arange(len(micro)), sample)
            if len(rest):
                odds = class_posterior(judged, labels[sample], matrix.of(rest))
                labels[rest] = odds.argmax(axis=1)
        else:
            tree = build_merge_tree(leaves, pairs)
            labels, _ = refine_sparse(matrix, self._choose(leaves, tree, rng)[micro])
        gathered = gather_micro_clusters(matrix, micro, labels)
        if not np.array_equal(gathered, micro):
            micro = gathered
            leaves = matrix.merged(micro)
            pairs = pairwise_losses(leaves)
        self.micro_labels_ = micro
        _, first = np.unique(micro, return_index=True)
        return labels, leaves, pairs, labels[first]

    def partition(self, n_clusters: Any) -> NDArray[np.intp]:
        """Return the refined partition of those that take part into another number.

        The cut of the hierarchy, reassigned; not nested in `labels_`.
        """
        if hasattr(self, "micro_labels_"):
            cut = self._cut(n_clusters, "micro-clusters")[self.micro_labels_]
            return relabel_by_size(refine_sparse(self.matrix_, cut)[0])
        return relabel_by_size(
            refine(self.matrix_, self._cut(n_clusters, "neurons"))[0]
        )
