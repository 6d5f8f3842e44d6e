"""Record of the classes of each of several recordings, matched into families.

Input: classifications, families and agreement of `classify_within`. Output:
`WithinRecordings` and its tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neuroclass._lib.notebook_html import as_html
from neuroclass._lib.wording import plural
from neuroclass.results.classification import ClassificationResult

__all__ = ["WithinRecordings"]


@dataclass(frozen=True, repr=False)
class WithinRecordings:
    """Classes of several recordings, each classified separately, matched into families.

    Attributes
    ----------
    recordings : tuple of str, (n_recordings,)
        Names.
    classifications : tuple of ClassificationResult, (n_recordings,)
        Of each recording, all with the same stimuli and words.
    families : tuple of ndarray of int, (n_clusters,)
        Of each recording: the family of each class; family 0 has the most neurons.
    distance : tuple of ndarray of float, (n_clusters,)
        Of each recording: normalized divergence of each class from the rest of its
        family (`match_classes`); nan for a class that is a family by itself.
    nearest : ndarray of float, (n_families,)
        The same between each family and the nearest other one.
    agreement : ndarray of shape (n_recordings, n_recordings)
        Adjusted mutual information, over the neurons of the second recording, of
        their classes with those of the first: each neuron put where it loses least.
    p_value : ndarray of shape (n_recordings, n_recordings)
        Of `agreement`, by permutation.
    """

    recordings: tuple[str, ...]
    classifications: tuple[ClassificationResult, ...] = field(repr=False)
    families: tuple[NDArray[np.intp], ...]
    distance: tuple[NDArray[np.float64], ...] = field(repr=False)
    nearest: NDArray[np.float64] = field(repr=False)
    agreement: NDArray[np.float64]
    p_value: NDArray[np.float64] = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"WithinRecordings({plural(self.n_families, 'family', 'families')} of "
            f"classes of {len(self.recordings)} recordings)"
        )

    @property
    def n_families(self) -> int:
        """Number of families."""
        return len(self.nearest)

    def family_of_units(self, recording: int) -> NDArray[np.intp]:
        """Return the family of each unit of a recording, -1 for units left out."""
        labels = self.classifications[recording].labels
        return np.where(labels < 0, -1, self.families[recording][labels])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per unit: recording, unit, class there, family."""
        frames = []
        for k, (name, found) in enumerate(
            zip(self.recordings, self.classifications, strict=True)
        ):
            frame = found.to_frame()
            family = self.family_of_units(k)
            of_unit = pd.Series(family, dtype="Int64").mask(pd.Series(family < 0))
            frames.append(frame.assign(recording=name, family=of_unit))
        return pd.concat(frames, ignore_index=True)

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.summary())

    def summary(self) -> pd.DataFrame:
        """Return one row per family: its neurons in each recording, its distances.

        ``distance`` is the largest between one of its classes and the rest, ``nearest``
        that to the nearest other family.
        """
        rows = []
        for family in range(self.n_families):
            row: dict[str, Any] = {"family": family}
            distances = [np.nan]
            for k, name in enumerate(self.recordings):
                row[name] = int((self.family_of_units(k) == family).sum())
                distances += self.distance[k][self.families[k] == family].tolist()
            known = [d for d in distances if np.isfinite(d)]
            row["distance"] = max(known) if known else np.nan
            row["nearest"] = self.nearest[family]
            rows.append(row)
        return pd.DataFrame(rows)
