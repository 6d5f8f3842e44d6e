"""The discrimination of a recording's neurons as a user holds it.

Input: `DiscriminationResult`. Output: `Discrimination`, which also saves itself.
"""

from pathlib import Path

from neuroclass import report
from neuroclass.results.discrimination import DiscriminationResult

__all__ = ["Discrimination"]


class Discrimination(DiscriminationResult):
    """How well pairs of neurons are distinguished: `DiscriminationResult`.

    Made by `discriminate_neurons`.
    """

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write the pairs and figures into a folder: `save_pairs`."""
        return report.save_pairs(self, Path(folder), force=force)
