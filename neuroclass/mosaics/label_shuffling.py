"""Exclusion within and between classes, tested by shuffling labels among the cells.

Input: positions and classes of all recorded cells. Output: `Exclusion`: pairs nearer
than a distance, those expected, and the p-value.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy
from numpy.typing import NDArray

from neuroclass._lib.checks import check_rng

__all__ = ["CellDistances", "Exclusion", "exclusion_between", "exclusion_within"]

_N_RADII = 16
_BLOCK = 1 << 19  # entries at a time


@dataclass(frozen=True)
class Exclusion:
    """Lack of near pairs of cells, over labels that are shuffled.

    Attributes
    ----------
    p_value : float
        Share of shuffled labels whose lack of pairs, the maximum over distances in
        standard deviations, is as large.
    radius : float
        Distance of that maximum.
    n_pairs : int
        Pairs nearer than that.
    expected : float
        Mean of shuffled labels.
    lack : float
        That lack, in standard deviations over shuffled labels.
    shuffled : ndarray, (n_permutations,)
        The same of each shuffling.
    """

    p_value: float
    radius: float
    n_pairs: int
    expected: float
    lack: float = field(repr=False)
    shuffled: NDArray[np.float64] = field(repr=False, compare=False)

    @property
    def pair_ratio(self) -> float:
        """Pairs over those expected: 0 for a pure mosaic, 1 at random."""
        return self.n_pairs / self.expected if self.expected > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class CellDistances:
    """Distances between all recorded cells, and the area that they lie in.

    Attributes
    ----------
    distances : ndarray, (n_cells, n_cells)
        Distances.
    area : float
        Area of the window.
    """

    distances: NDArray[np.float32]
    area: float

    @classmethod
    def from_positions(
        cls, positions: NDArray[np.float64], area: float
    ) -> CellDistances:
        """Measure the distances of positions, (n_cells, 2)."""
        apart = scipy.spatial.distance.cdist(positions, positions).astype(np.float32)
        np.fill_diagonal(apart, np.inf)
        return cls(apart, area)

    def edges(self, n_cells: int) -> NDArray[np.float64]:
        """Return the distances that are tested: to 1 / sqrt(density of the class)."""
        spacing = np.sqrt(self.area / n_cells)
        edges: NDArray[np.float64] = spacing * np.arange(1, _N_RADII + 1) / _N_RADII
        return edges


def exclusion_within(
    cells: CellDistances,
    members: NDArray[np.intp],
    *,
    n_permutations: int,
    random_state: np.random.Generator | int | None = None,
) -> Exclusion:
    """Test whether the cells of a class keep a distance from each other.

    Parameters
    ----------
    cells : CellDistances
        Of all recorded cells with a class.
    members : ndarray of int, (n_members,)
        Cells of the class.
    n_permutations : int
        Number of random classes of the same size among the recorded cells.
    random_state : int, numpy.random.Generator or None
        Seed or generator.

    Notes
    -----
    Which cells were recorded, and where the recording ends, is the same for all
    labels: no correction of edges, of gaps or of an uneven density is needed.
    """
    rng = check_rng(random_state)
    edges = cells.edges(len(members))
    place = _places(cells.distances, edges)
    n, n_cells = len(members), len(place)
    found = _cumulative(place[np.ix_(members, members)].ravel()[None])[0] // 2
    shuffled = np.empty((n_permutations, _N_RADII))
    step = max(1, _BLOCK // max(n * n, n_cells))
    for start in range(0, n_permutations, step):
        count = min(step, n_permutations - start)
        drawn = _subsets(rng, n_cells, n, count)
        inside = place[drawn[:, :, None], drawn[:, None, :]].reshape(count, -1)
        shuffled[start : start + count] = _cumulative(inside) // 2
    return _lack(found, shuffled, edges)


def exclusion_between(
    cells: CellDistances,
    labels: NDArray[np.intp],
    classes: NDArray[np.intp],
    *,
    n_permutations: int,
    random_state: np.random.Generator | int | None = None,
) -> dict[tuple[int, int], Exclusion]:
    """Test whether the cells of each two classes keep a distance from each other.

    Parameters
    ----------
    cells : CellDistances
        Of all recorded cells with a class.
    labels : ndarray of int, (n_cells,)
        Their classes.
    classes : ndarray of int
        Classes that are tested.
    n_permutations : int
        Number of shuffled labels.
    random_state : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    dict
        Of each two classes (a, b), a < b. Not of two classes that are all there are:
        then no other cells say where cells may lie.

    Notes
    -----
    The cells of the larger class stay, and the labels of all others are shuffled:
    around a cell of the first class, cells of the second should be as frequent as cells
    of all others. Classes that are mosaics and independent have fewer chance deviations
    than shuffled labels, so that false alarms are rarer than the p-value says.
    """
    rng = check_rng(random_state)
    found: dict[tuple[int, int], Exclusion] = {}
    if len(np.unique(labels)) < 3:
        return found
    n_of = {int(k): int((labels == k).sum()) for k in np.unique(labels)}
    for a in map(int, classes):
        edges = cells.edges(n_of[a])
        others = np.flatnonzero(labels != a)
        own = np.flatnonzero(labels == a)
        near = _cumulative(_places(cells.distances[np.ix_(others, own)], edges))
        order = np.argsort(labels[others], kind="stable")
        near = near[order].astype(np.float32)
        kinds, first = np.unique(labels[others][order], return_index=True)
        observed = np.add.reduceat(near, first, axis=0)
        shuffled = np.empty((n_permutations, len(kinds), _N_RADII), np.float32)
        step = max(1, _BLOCK // near.size)
        for start in range(0, n_permutations, step):
            count = min(step, n_permutations - start)
            order = np.argsort(rng.random((count, len(near)), dtype=np.float32), axis=1)
            drawn = near[order]  # (count, n_others, n_radii)
            np.add.reduceat(drawn, first, axis=1, out=shuffled[start : start + count])
        for k, b in enumerate(map(int, kinds)):
            is_larger = (n_of[a], -a) > (n_of[b], -b)
            if b not in classes or not is_larger:
                continue
            used = edges <= np.sqrt(cells.area / (n_of[a] + n_of[b])) * (1 + 1e-9)
            used[0] = True
            lack = _lack(observed[k, used], shuffled[:, k, used], edges[used])
            found[min(a, b), max(a, b)] = lack
    return dict(sorted(found.items()))


def _places(
    distances: NDArray[np.float32], edges: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return the first radius that is larger than each distance, `_N_RADII` if none."""
    return np.searchsorted(edges, distances, side="right").astype(np.uint8)


def _cumulative(places: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many places of each row lie below each radius, (n_rows, n_radii)."""
    n_rows = len(places)
    row = np.arange(n_rows)[:, None] * (_N_RADII + 1)
    counts = np.bincount((row + places).ravel(), minlength=n_rows * (_N_RADII + 1))
    counts = counts.reshape(n_rows, -1)[:, :_N_RADII]
    cumulative: NDArray[np.int64] = counts.cumsum(axis=1)
    return cumulative


def _subsets(
    rng: np.random.Generator, n_cells: int, n: int, count: int
) -> NDArray[np.intp]:
    """Draw `count` subsets of `n` cells, without repetition inside one."""
    order = rng.random((count, n_cells), dtype=np.float32)
    drawn: NDArray[np.intp] = np.argpartition(order, n - 1, axis=1)[:, :n]
    return drawn


def _lack(
    found: NDArray[np.generic],
    shuffled: NDArray[np.generic],
    edges: NDArray[np.float64],
) -> Exclusion:
    """Return the largest lack of pairs over distances, and its p-value."""
    values = np.asarray(shuffled, dtype=np.float64)
    observed = np.asarray(found, dtype=np.float64)
    mean, sd = values.mean(axis=0), values.std(axis=0)
    spread = np.where(sd > 0, sd, np.inf)
    lack = (mean - observed) / spread
    most = ((mean - values) / spread).max(axis=1)
    best = int(lack.argmax())
    # Ties by rounding count as equal.
    n_as_large = int((most >= lack[best] - 1e-9).sum())
    return Exclusion(
        p_value=(1 + n_as_large) / (1 + len(values)),
        radius=float(edges[best]),
        n_pairs=int(observed[best]),
        expected=float(mean[best]),
        lack=float(lack[best]),
        shuffled=most,
    )
