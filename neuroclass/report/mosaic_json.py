"""Mosaics of classes as JSON: the key ``mosaics`` of result.json.

Input: `CellMosaics`. Output: plain values. Lengths are in micrometres; its keys:

========================  ==========================================================
``source``                columns or file of the positions
``is_of_electrodes``      whether they are those of electrodes
``n_cells``               units with a class and a position
``area_um2``              area of their convex hull
``n_permutations``        shuffled labels
``sentences``             what the positions say
``classes``               of each: ``label, n_cells, verdict``;
                          ``nearest_neighbour_index`` and its ``random_index`` (95 %
                          of random classes), ``voronoi_index, coverage``;
                          ``effective_radius_um``; ``exclusion``; ``power`` by the
                          share of the type that was recorded; ``profile``:
                          ``edges_um, density_per_mm2``
``pairs``                 of each two classes: ``labels, verdict, radius_ratio``
                          (effective radius of both together over theirs),
                          ``near_p_value`` (of more near pairs between than inside),
                          ``response_correlation, exclusion, power``
``exclusion``             ``p_value, q_value, radius_um, n_pairs, expected``, or null
========================  ==========================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from neuroclass.mosaics import ClassMosaic, ClassPair
    from neuroclass.results import CellMosaics

__all__ = ["describe_mosaics"]

_UM2_PER_MM2 = 1e6


def describe_mosaics(cells: CellMosaics | None) -> dict[str, Any] | None:
    """Return everything under the keys of the module's table."""
    if cells is None:
        return None
    mosaics = cells.mosaics
    placed = np.isfinite(mosaics.positions).all(axis=1)
    return {
        "source": cells.source,
        "is_of_electrodes": cells.is_of_electrodes,
        "n_cells": int(placed.sum()),
        "area_um2": mosaics.area,
        "n_permutations": mosaics.n_permutations,
        "sentences": cells.sentences(),
        "classes": [_describe_class(one) for one in mosaics.classes],
        "pairs": [
            {
                "labels": one.labels,
                "verdict": one.verdict,
                "radius_ratio": one.radius_ratio,
                "near_p_value": one.near_p_value,
                "response_correlation": one.response_correlation,
                "exclusion": _describe_exclusion(one),
                "power": one.power,
            }
            for one in mosaics.pairs
        ],
    }


def _describe_class(one: ClassMosaic) -> dict[str, Any]:
    profile = one.profile
    return {
        "label": one.label,
        "n_cells": one.n_cells,
        "verdict": one.verdict,
        "nearest_neighbour_index": one.nearest_neighbour_index,
        "random_index": one.random_index,
        "voronoi_index": one.voronoi_index,
        "coverage": one.coverage,
        "effective_radius_um": profile.effective_radius if profile else None,
        "exclusion": _describe_exclusion(one),
        "power": one.power,
        "profile": {
            "edges_um": profile.edges,
            "density_per_mm2": profile.density * _UM2_PER_MM2,
        }
        if profile
        else None,
    }


def _describe_exclusion(one: ClassMosaic | ClassPair) -> dict[str, Any] | None:
    if one.exclusion is None:
        return None
    return {
        "p_value": one.exclusion.p_value,
        "q_value": one.q_value,
        "radius_um": one.exclusion.radius,
        "n_pairs": one.exclusion.n_pairs,
        "expected": one.exclusion.expected,
    }
