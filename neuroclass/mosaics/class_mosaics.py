"""Mosaics of the classes of a recording: regularity, exclusion, and what they decide.

Input: positions and classes of the recorded cells. Output: `ClassMosaics`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuroclass._lib.checks import check_positive_int, check_rng
from neuroclass._lib.false_discovery import false_discovery
from neuroclass.mosaics.exclusion_power import power_between, power_within
from neuroclass.mosaics.label_shuffling import (
    CellDistances,
    Exclusion,
    exclusion_between,
    exclusion_within,
)
from neuroclass.mosaics.mosaic_verdicts import (
    ALIKE,
    FEWEST_CELLS,
    LEVEL,
    near_p_value,
    verdict_of_class,
    verdict_of_pair,
)
from neuroclass.mosaics.recovery_profile import (
    RecoveryProfile,
    density_recovery_profile,
)
from neuroclass.mosaics.regularity import (
    as_positions,
    coverage,
    nearest_neighbour_index,
    recorded_area,
    voronoi_index,
)

__all__ = [
    "SHARES",
    "ClassMosaic",
    "ClassMosaics",
    "ClassPair",
    "measure_mosaics",
]

SHARES = (1.0, 0.6, 0.3)  # of a type's cells recorded, for which power is stated
_HARDLY = 0.03  # power below which a smaller share is not simulated
_N_RANDOM = 200  # random classes, for the index of cells at random


@dataclass(frozen=True)
class ClassMosaic:
    """The positions of the cells of one class.

    Attributes
    ----------
    label : int
        Class.
    n_cells : int
        Its cells with a position.
    nearest_neighbour_index, voronoi_index : float
        Regularity indices; nan for fewer than 3 cells or whole regions.
    random_index : tuple of float
        95 % of the nearest neighbour indices of as many of the recorded cells at
        random.
    coverage : float
        Coverage factor; nan without radii.
    profile : RecoveryProfile or None
        Density recovery profile, with the effective radius.
    exclusion : Exclusion or None
        Test of the distance that cells keep; None for fewer than `FEWEST_CELLS`.
    q_value : float
        P-value adjusted for the number of classes; nan where not tested.
    power : dict
        Share of simulated mosaics of so many cells that the test finds, by the share
        of the type that was recorded.
    verdict : str
        "mosaic", "mixed" (a mosaic with more near pairs than a few wrong cells
        explain: two types in one), "no mosaic", "undecided" or "too few cells".
    """

    label: int
    n_cells: int
    nearest_neighbour_index: float
    voronoi_index: float
    random_index: tuple[float, float]
    coverage: float
    profile: RecoveryProfile | None = field(repr=False)
    exclusion: Exclusion | None = field(repr=False)
    q_value: float
    power: dict[float, float]
    verdict: str


@dataclass(frozen=True)
class ClassPair:
    """Whether the cells of two classes keep a distance from each other.

    Attributes
    ----------
    labels : tuple of int
        The two classes.
    exclusion : Exclusion or None
        Test; None where a class has too few cells, or there is no third class.
    q_value : float
        P-value adjusted for the number of pairs.
    radius_ratio : float
        Effective radius of both classes together, over the mean of theirs: about 1 for
        one type cut in two, .7 for types that lie independently.
    near_p_value : float
        P-value of more near pairs between the classes than inside of them, at the
        distance that each keeps by itself: small for two types; nan where not tested.
    response_correlation : float
        Timing correlation of the summed responses of the classes; nan where they were
        not given.
    power : dict
        Share of types cut at random into two classes of these sizes that the test
        finds, by the share of the type that was recorded; empty where one was found.
    verdict : str
        "one type" (cut in two: they keep the distance from each other that each keeps
        by itself), "avoid each other" (at a shorter distance, such as ON and OFF),
        "independent", "undecided" (too few cells; or they keep the distance of one
        type, but respond differently) or "not tested".
    """

    labels: tuple[int, int]
    exclusion: Exclusion | None = field(repr=False)
    q_value: float
    radius_ratio: float
    near_p_value: float
    response_correlation: float
    power: dict[float, float]
    verdict: str

    @property
    def responds_differently(self) -> bool:
        """Whether the classes keep the distance of one type, but respond otherwise."""
        return (
            self.verdict == "undecided"
            and self.q_value <= LEVEL
            and self.response_correlation < ALIKE
        )


@dataclass(frozen=True, eq=False)
class ClassMosaics:
    """Mosaics of the classes of a recording.

    Attributes
    ----------
    positions : ndarray, (n_cells, 2)
        Positions of the cells with a class, nan where not known.
    labels : ndarray of int, (n_cells,)
        Their classes.
    area : float
        Area of the convex hull of the cells.
    classes : tuple of ClassMosaic
        One per class.
    pairs : tuple of ClassPair
        One per two classes.
    n_permutations : int
        Number of shuffled labels.
    """

    positions: NDArray[np.float64]
    labels: NDArray[np.intp]
    area: float
    classes: tuple[ClassMosaic, ...]
    pairs: tuple[ClassPair, ...]
    n_permutations: int

    def __repr__(self) -> str:
        n_found = sum(one.verdict == "mosaic" for one in self.classes)
        return f"ClassMosaics({n_found} of {len(self.classes)} classes are mosaics)"


def measure_mosaics(
    positions: ArrayLike,
    labels: ArrayLike,
    *,
    radii: ArrayLike | None = None,
    response_correlations: ArrayLike | None = None,
    n_permutations: int = 4999,
    n_simulations: int = 40,
    random_state: np.random.Generator | int | None = None,
) -> ClassMosaics:
    """Measure and test the mosaics of classes of cells.

    Parameters
    ----------
    positions : array_like, (n_cells, 2)
        Position of each recorded cell, such as the centre of its receptive field; nan
        where not known.
    labels : array_like of int, (n_cells,)
        Class of each; -1 for cells without one, which take no part.
    radii : array_like, (n_cells,), optional
        Radii of the receptive fields, for the coverage.
    response_correlations : array_like, (n_classes, n_classes), optional
        How alike the classes respond, from -1 to 1.
    n_permutations : int, default 4999
        Number of shuffled labels.
    n_simulations : int, default 40
        Number of simulated mosaics for each power; 0 for no power, and no verdict that
        needs one.
    random_state : int, numpy.random.Generator or None
        Seed or generator.

    Returns
    -------
    ClassMosaics

    Raises
    ------
    ValueError
        If fewer than 3 cells have a position and a class, or these lie on a line.

    Notes
    -----
    Two tests, both by shuffling labels among the recorded cells (`exclusion_within`,
    `exclusion_between`), at a false discovery rate of 5 % over classes and over pairs.
    A class is not tested with fewer than 8 cells. Where nothing is found, the power
    decides what that means: "no mosaic" only if a mosaic of which 60 % was recorded
    would have been found in 8 of 10 simulations, else "undecided".

    Two classes that avoid each other are one type cut in two, or two types that do so,
    as ON and OFF cells may. R is the mean of the distances at which each class lacks
    most pairs. Of the pairs nearer than R, O inside the classes and X between them,
    where E_O and E_X are expected of cells at random, X is binomial with E_X / (E_O +
    E_X) if the two are one type: wrong cells among both make near pairs inside and
    between alike. They are called "one type" only if X is not above (p > .05), and
    "undecided" if they respond differently (a correlation below .5).

    Examples
    --------
    >>> from neuroclass.mosaics import draw_mosaic
    >>> rng = np.random.default_rng(0)
    >>> types = [draw_mosaic(30, (600, 600), 70, random_state=rng) for _ in range(3)]
    >>> found = measure_mosaics(np.concatenate(types), np.repeat([0, 1, 2], 30),
    ...                         random_state=0)
    >>> [one.verdict for one in found.classes]
    ['mosaic', 'mosaic', 'mosaic']
    """
    n_permutations = check_positive_int(n_permutations, "n_permutations")
    n_simulations = check_positive_int(n_simulations, "n_simulations", minimum=0)
    xy, label = np.asarray(positions, float), np.asarray(labels, np.intp)
    if label.shape != xy.shape[:1]:
        raise ValueError(
            f"labels must have one entry per position ({len(xy)}); got shape "
            f"{label.shape}."
        )
    rng = check_rng(random_state)
    has_class = label >= 0
    xy, label = xy[has_class], label[has_class]
    radius = None if radii is None else np.asarray(radii, float)[has_class]
    known = np.isfinite(xy).all(axis=1)
    placed, of_placed = as_positions(xy[known]), label[known]
    area = recorded_area(placed) if len(placed) else float("nan")
    if not area > 0:
        raise ValueError(
            "positions must be of 3 cells or more that have a class and do not lie on "
            f"one line; got {len(placed)}."
        )
    alike = None if response_correlations is None else np.asarray(response_correlations)
    cells = CellDistances.from_positions(placed, area)
    n_of = np.bincount(of_placed, minlength=int(label.max()) + 1)
    tested = np.flatnonzero(n_of >= FEWEST_CELLS)
    of_class: dict[int, Exclusion] = {}  # tests
    if len(tested) and len(placed) > n_of.max():
        of_class = {
            int(k): exclusion_within(
                cells,
                np.flatnonzero(of_placed == k),
                n_permutations=n_permutations,
                random_state=rng,
            )
            for k in tested
        }
    of_pair = exclusion_between(
        cells, of_placed, tested, n_permutations=n_permutations, random_state=rng
    )
    q_class = dict(zip(of_class, _adjusted(of_class), strict=True))
    q_pair = dict(zip(of_pair, _adjusted(of_pair), strict=True))

    power = _Power(len(placed), n_simulations, rng)
    classes = []
    for k, n in enumerate(n_of):
        members = np.flatnonzero(of_placed == k)
        own = placed[members]
        exclusion, q = of_class.get(k), q_class.get(k, float("nan"))
        of_n = power.of_class(int(n), len(of_class)) if exclusion else {}
        classes.append(
            ClassMosaic(
                label=k,
                n_cells=int(n),
                nearest_neighbour_index=nearest_neighbour_index(own),
                voronoi_index=voronoi_index(own),
                random_index=_random_index(placed, int(n), rng),
                coverage=float("nan")
                if radius is None
                else coverage(own, radius[known][members], area),
                profile=density_recovery_profile(own, placed) if n > 1 else None,
                exclusion=exclusion,
                q_value=q,
                power=of_n,
                verdict=verdict_of_class(exclusion, q, of_n, int(n)),
            )
        )
    pairs = []
    for a, b in combinations(range(len(n_of)), 2):
        exclusion, q = of_pair.get((a, b)), q_pair.get((a, b), float("nan"))
        sizes = (int(n_of[a]), int(n_of[b]))
        is_open = exclusion is not None and not q <= LEVEL
        of_n = power.of_pair(sizes, len(of_pair)) if is_open else {}
        correlation = float("nan") if alike is None else float(alike[a, b])
        near = float("nan")
        if exclusion is not None:
            radii_of = [one.radius for k in (a, b) if (one := of_class.get(k))]
            near = near_p_value(
                cells, of_placed == a, of_placed == b, float(np.mean(radii_of))
            )
        pairs.append(
            ClassPair(
                labels=(a, b),
                exclusion=exclusion,
                q_value=q,
                radius_ratio=_radius_ratio(placed, of_placed, classes[a], classes[b]),
                near_p_value=near,
                response_correlation=correlation,
                power=of_n,
                verdict=verdict_of_pair(exclusion, q, of_n, near, correlation),
            )
        )
    return ClassMosaics(xy, label, area, tuple(classes), tuple(pairs), n_permutations)


class _Power:
    """Power of the tests, once for each number of cells.

    At a level of 5 % over the number of tests: what is stated holds for one test
    whatever the others give.
    """

    def __init__(
        self, n_cells: int, n_simulations: int, rng: np.random.Generator
    ) -> None:
        self.n_cells = n_cells
        self.n_simulations = n_simulations
        self.rng = rng
        self.found: dict[tuple[int, ...], dict[float, float]] = {}

    def of_class(self, n: int, n_tests: int) -> dict[float, float]:
        return self._of((n,), n_tests)

    def of_pair(self, sizes: tuple[int, int], n_tests: int) -> dict[float, float]:
        return self._of(tuple(sorted(sizes)), n_tests)

    def _of(self, sizes: tuple[int, ...], n_tests: int) -> dict[float, float]:
        if not self.n_simulations or sizes in self.found:
            return self.found.get(sizes, {})
        options: dict[str, Any] = {
            "level": LEVEL / max(n_tests, 1),
            "n_simulations": self.n_simulations,
            "random_state": self.rng,
        }
        power: dict[float, float] = {}
        for share in SHARES:
            if power and power[min(power)] <= _HARDLY:
                power[share] = 0.0  # less was recorded than where hardly any was found
            elif len(sizes) == 1:
                power[share] = power_within(
                    sizes[0], self.n_cells, share=share, **options
                )
            else:
                power[share] = power_between(
                    (sizes[0], sizes[1]), self.n_cells, share=share, **options
                )
        self.found[sizes] = power
        return power


def _adjusted(
    found: dict[int, Exclusion] | dict[tuple[int, int], Exclusion],
) -> list[float]:
    values = [one.p_value for one in found.values()]
    return false_discovery(values).tolist() if values else []


def _random_index(
    placed: NDArray[np.float64], n: int, rng: np.random.Generator
) -> tuple[float, float]:
    if n < 3:
        return float("nan"), float("nan")
    indices = sorted(
        nearest_neighbour_index(placed[rng.permutation(len(placed))[:n]])
        for _ in range(_N_RANDOM)
    )
    # No interpolation: cells of electrodes may all be equally far, with no spread.
    n_below = round(0.025 * _N_RANDOM)
    return indices[n_below], indices[-1 - n_below]


def _radius_ratio(
    placed: NDArray[np.float64],
    labels: NDArray[np.intp],
    one: ClassMosaic,
    other: ClassMosaic,
) -> float:
    if one.profile is None or other.profile is None:
        return float("nan")
    of_both = placed[np.isin(labels, (one.label, other.label))]
    both = density_recovery_profile(of_both, placed).effective_radius
    alone = (one.profile.effective_radius + other.profile.effective_radius) / 2
    return both / alone if alone > 0 else float("nan")
