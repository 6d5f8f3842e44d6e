"""Very many neurons into some hundreds of micro-classes, without a matrix of pairs.

Takes counts, gives a partition: information-bottleneck k-means in batches, then exact
moves of single neurons.  One sweep over N neurons and K classes costs O(N K), where
all pairs would cost O(N^2).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuroclass._lib.parallel import run_tasks
from neuroclass.clustering.merge_tree import relabel
from neuroclass.clustering.sparse_count_matrix import SparseCounts

__all__ = ["find_micro_classes", "gather", "reassign"]

_BATCH = 2048  # neurons whose scores are taken at a time
_COLUMNS = 2048  # words of a score at a time
_SHORTLIST = 6  # classes by score whose exact gain is looked up
_MAX_SWEEPS = 200
_FEW_MOVES = 1e-2  # share of the neurons: micro-classes need not settle wholly
_FIRST_SEEDS = 16  # of the seeds, one in so many is drawn blindly


@dataclass
class _Classes:
    """The classes as they are while neurons move."""

    words: NDArray[Any]  # summed counts, (n_clusters, n_features)
    repeats: NDArray[Any]  # (n_clusters, n_patterns)
    sizes: NDArray[np.intp]

    @classmethod
    def of(cls, counts: SparseCounts, labels: NDArray[np.intp]) -> "_Classes":
        sizes = np.bincount(labels)
        return cls(*counts.sums(labels, len(sizes)), sizes)

    @classmethod
    def of_seeds(cls, counts: SparseCounts, seeds: NDArray[np.intp]) -> "_Classes":
        words: NDArray[Any] = counts.words[seeds].toarray().astype(counts.sum_type)
        return cls(words, counts.repeats[seeds], np.ones(len(seeds), np.intp))

    def objective(self, counts: SparseCounts) -> float:
        words = sum(float(counts.word_values(row).sum()) for row in self.words)
        return words + float(
            (counts.repeat_values(self.repeats) @ counts.weights).sum()
        )


def find_micro_classes(
    counts: SparseCounts,
    n_micro: int,
    *,
    n_init: int = 1,
    rng: np.random.Generator,
    n_jobs: int | None = None,
) -> NDArray[np.intp]:
    """Divide neurons into at most `n_micro` classes that keep their information.

    Parameters
    ----------
    counts : SparseCounts
        Of the neurons.
    n_micro : int
        How many micro-classes.
    n_init : int, default 1
        How often to begin anew, from other seeds; the best partition is kept.
    rng : numpy.random.Generator
        Draws the seeds.
    n_jobs : int, optional
        Processes for the beginnings, as in joblib.  The result does not depend on it.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Micro-classes, numbered by their lowest neuron.

    Notes
    -----
    J = sum over classes of sum_w G(n_w) + sum_s c(R_s), which the partition is to
    raise, is what is lost when all classes are merged, up to a constant.

    1. Seeds are single neurons, a few drawn blindly, then as many again, round after
       round, in proportion to what each loses by being merged with its best seed.
    2. All neurons of a batch go to the class with the highest score at once.  A word
       spoken n times adds to a class that spoke it m times G(m + n) - G(m), which is
       n times the slope of a chord of G: n (G(m + t) - G(m)) / t exactly where n = t,
       the typical count of this word.  So the scores of all neurons and classes are
       one matrix product.  A sweep that does not raise J is taken back and ends this.
    3. Neurons move one at a time, by the exact gain, among the classes with the
       highest scores: `reassign`.

    So J never falls: ``test_no_sweep_lowers_the_objective``.
    """
    if n_micro >= counts.n_neurons:
        return np.arange(counts.n_neurons)
    streams = rng.spawn(n_init)
    tasks = ((counts, n_micro, stream) for stream in streams)
    found = list(run_tasks(_from_seeds, tasks, n_jobs))
    best = max(range(n_init), key=lambda k: (found[k][1], -k))
    labels: NDArray[np.intp] = found[best][0]
    return labels


def _from_seeds(
    counts: SparseCounts, n_micro: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], float]:
    labels = _assign_to_seeds(counts, n_micro, rng)
    labels = _reassign_batches(counts, labels)
    return reassign(counts, labels, few_moves=_FEW_MOVES)


def _assign_to_seeds(
    counts: SparseCounts, n_micro: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return each neuron's best of `n_micro` seeds; a seed is its own."""
    n_neurons = counts.n_neurons
    alone = counts.values()
    seeds = rng.choice(n_neurons, size=max(1, n_micro // _FIRST_SEEDS), replace=False)
    labels = np.empty(n_neurons, dtype=np.intp)
    lost = np.full(n_neurons, np.inf)
    n_known = 0
    while True:
        # Only the new seeds can be better than the best so far.
        new = seeds[n_known:]
        classes = _Classes.of_seeds(counts, new)
        for batch in _batches(n_neurons):
            best = _scores(counts, classes, batch).argmax(axis=1)
            loss = alone[batch] - _gains(counts, classes, batch, best[:, None])[:, 0]
            closer = loss < lost[batch]
            labels[batch][closer] = n_known + best[closer]
            lost[batch][closer] = loss[closer]
        labels[new], lost[new] = np.arange(n_known, len(seeds)), 0.0
        n_known = len(seeds)
        if n_known == n_micro:
            return labels
        # A race of exponential clocks draws in proportion, none twice.
        race = rng.exponential(size=n_neurons) / np.maximum(lost, 1e-9)
        race[seeds] = np.inf
        n_new = min(n_known, n_micro - n_known)
        seeds = np.append(seeds, np.argpartition(race, n_new - 1)[:n_new])


def _batches(n_neurons: int) -> list[slice]:
    return [
        slice(start, min(start + _BATCH, n_neurons))
        for start in range(0, n_neurons, _BATCH)
    ]


def _reassign_batches(
    counts: SparseCounts, labels: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Put all neurons where their score is highest, again and again, while J rises."""
    labels = relabel(labels)
    classes = _Classes.of(counts, labels)
    objective = classes.objective(counts)
    for _ in range(_MAX_SWEEPS):
        proposed = relabel(
            np.concatenate(
                [
                    _scores(counts, classes, batch).argmax(axis=1)
                    for batch in _batches(counts.n_neurons)
                ]
            )
        )  # a class that everybody left is no more
        candidate = _Classes.of(counts, proposed)
        raised = candidate.objective(counts)
        if raised <= objective:
            break
        labels, classes, objective = proposed, candidate, raised
    return labels


def reassign(
    counts: SparseCounts, labels: NDArray[np.intp], *, few_moves: float = 0.0
) -> tuple[NDArray[np.intp], float]:
    """Move neurons one at a time while J rises, as `refine` does, for many neurons.

    In turn each neuron is taken out of its class and put where the loss is least among
    the classes with the highest scores (see `find_micro_classes`); it stays on ties,
    and the last of a class stays.

    Parameters
    ----------
    counts : SparseCounts
        Of the neurons.
    labels : ndarray of int, (n_neurons,)
        Where to begin.
    few_moves : float, default 0
        Stop after a sweep that moved no more than this share of the neurons.

    Returns
    -------
    labels : ndarray of int, (n_neurons,)
        Classes numbered by their lowest neuron.
    objective : float
        J.
    """
    labels = relabel(labels)
    classes = _Classes.of(counts, labels)
    tolerance = 1e-12 * (
        float(np.abs(classes.objective(counts))) * np.sqrt(classes.words.shape[1]) + 1
    )
    for _ in range(_MAX_SWEEPS if len(classes.sizes) > 1 else 0):
        n_moves = 0
        for batch in _batches(counts.n_neurons):
            candidates = _shortlist(counts, classes, batch, labels[batch])
            gains = _gains(counts, classes, batch, candidates, takes_out=True)
            is_mover = gains[:, 1:].max(axis=1) > gains[:, 0] + tolerance
            for k in np.flatnonzero(is_mover):
                neuron = batch.start + k
                n_moves += _move(
                    counts, classes, labels, neuron, candidates[k], tolerance
                )
        if n_moves <= few_moves * counts.n_neurons:
            break
    return relabel(labels), classes.objective(counts)


def gather(
    counts: SparseCounts, micro: NDArray[np.intp], labels: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return micro-classes that lie within classes, changed as little as possible.

    A micro-class belongs to the class that most of its neurons are in.  Each other
    neuron goes to the micro-class of its own class where its score is highest; if
    there is none, those of one class make a new one.

    Parameters
    ----------
    counts : SparseCounts
        Of the neurons.
    micro : ndarray of int, (n_neurons,)
        Micro-classes, numbered from 0 without gaps.
    labels : ndarray of int, (n_neurons,)
        Classes, numbered from 0 without gaps.

    Returns
    -------
    ndarray of int, (n_neurons,)
        Micro-classes, numbered by their lowest neuron.
    """
    shape = (int(micro.max()) + 1, int(labels.max()) + 1)
    cell = np.ravel_multi_index((micro, labels), shape)
    members = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    class_of = members.argmax(axis=1)
    is_astray = class_of[micro] != labels
    classes = _Classes.of(counts, micro)
    gathered = micro.copy()
    without = np.setdiff1d(np.arange(shape[1]), class_of)
    is_new = is_astray & np.isin(labels, without)
    gathered[is_new] = shape[0] + labels[is_new]
    is_astray &= ~is_new
    for batch in _batches(counts.n_neurons):
        astray = np.flatnonzero(is_astray[batch])
        if len(astray):
            scores = _scores(counts, classes, batch)[astray]
            is_home = class_of == labels[batch][astray][:, None]
            best = np.where(is_home, scores, -np.inf).argmax(axis=1)
            gathered[batch.start + astray] = best
    return relabel(gathered)


def _move(
    counts: SparseCounts,
    classes: _Classes,
    labels: NDArray[np.intp],
    neuron: int,
    candidates: NDArray[np.intp],
    tolerance: float,
) -> bool:
    """Move one neuron to the best candidate as the classes are now, if it gains."""
    own = labels[neuron]
    if classes.sizes[own] == 1:
        return False
    alone = slice(neuron, neuron + 1)
    gains = _gains(counts, classes, alone, candidates[None], takes_out=True)[0]
    best = int(gains.argmax())
    if gains[best] <= gains[0] + tolerance:
        return False
    _, columns, spoken = _entries(counts, alone)
    for place, sign in ((own, -1), (candidates[best], 1)):
        classes.words[place, columns] += sign * spoken
        classes.repeats[place] += sign * counts.repeats[neuron]
        classes.sizes[place] += sign
    labels[neuron] = candidates[best]
    return True


def _shortlist(
    counts: SparseCounts,
    classes: _Classes,
    batch: slice,
    own: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Return each neuron's own class and then those with the highest scores."""
    n_clusters = len(classes.sizes)
    if n_clusters <= _SHORTLIST:
        best = np.tile(np.arange(n_clusters), (len(own), 1))
    else:
        scores = _scores(counts, classes, batch)
        best = np.argpartition(scores, -_SHORTLIST, axis=1)[:, -_SHORTLIST:]
    return np.concatenate([own[:, None], np.sort(best, axis=1)], axis=1)


def _scores(
    counts: SparseCounts, classes: _Classes, batch: slice
) -> NDArray[np.float32]:
    """Return about what J gains with each neuron in each class, (n, n_clusters)."""
    scores = _repeat_gains(counts, classes, batch).astype(np.float32)
    block = counts.words[batch]
    for start in range(0, block.shape[1], _COLUMNS):
        part = slice(start, start + _COLUMNS)
        summed, step = classes.words[:, part], counts.typical[part]
        slope = (counts.word_values(summed + step) - counts.word_values(summed)) / step
        slope -= slope.mean(axis=0)  # common to all classes, but for its rounding
        spoken = block[:, part].toarray().astype(np.float32)
        scores += spoken @ slope.astype(np.float32).T
    return scores


def _repeat_gains(
    counts: SparseCounts, classes: _Classes, batch: slice
) -> NDArray[np.float64]:
    gains = np.zeros((len(counts.repeats[batch]), len(classes.sizes)))
    for k, weight in enumerate(counts.weights):
        distinct, inverse = np.unique(counts.repeats[batch, k], return_inverse=True)
        summed = classes.repeats[:, k]
        both = counts.repeat_values(distinct[:, None] + summed)
        gains += weight * (both - counts.repeat_values(summed))[inverse]
    return gains


def _gains(
    counts: SparseCounts,
    classes: _Classes,
    batch: slice,
    candidates: NDArray[np.intp],
    *,
    takes_out: bool = False,
) -> NDArray[np.float64]:
    """Return exactly what J gains with each neuron in each candidate class.

    With `takes_out` the first candidate is the neuron's own class: without the neuron,
    and out of the question a second time.
    """
    gains = _gains_of_words(counts, classes, batch, candidates, takes_out)
    repeats = counts.repeats[batch]
    for k, places in enumerate(candidates.T):
        recorded = classes.repeats[places]
        if takes_out and k == 0:
            recorded = recorded - repeats
        both = counts.repeat_values(recorded + repeats)
        gains[:, k] += (both - counts.repeat_values(recorded)) @ counts.weights
    if takes_out:
        gains[:, 1:][candidates[:, 1:] == candidates[:, :1]] = -np.inf
    return gains


def _gains_of_words(
    counts: SparseCounts,
    classes: _Classes,
    batch: slice,
    candidates: NDArray[np.intp],
    takes_out: bool,
) -> NDArray[np.float64]:
    starts, columns, spoken = _entries(counts, batch)
    if counts.loops is not None:
        compiled: NDArray[np.float64] = counts.loops.gains(
            counts.word_table,
            starts,
            columns,
            spoken,
            classes.words,
            candidates,
            takes_out,
        )
        return compiled
    row = np.repeat(np.arange(len(candidates)), np.diff(starts))
    all_words = classes.words.reshape(-1)
    gains = np.empty(candidates.shape)
    for k, places in enumerate(candidates.T):
        summed = all_words.take(places[row] * classes.words.shape[1] + columns)
        if takes_out and k == 0:
            summed -= spoken
        change = counts.word_values(summed + spoken) - counts.word_values(summed)
        gains[:, k] = np.bincount(row, change, len(candidates))
    return gains


def _entries(
    counts: SparseCounts, batch: slice
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[Any]]:
    """Return where each neuron's entries begin, and their columns and counts."""
    starts = counts.words.indptr[batch.start : batch.stop + 1]
    part = slice(starts[0], starts[-1])
    return starts - starts[0], counts.words.indices[part], counts.words.data[part]
