"""The functional classes of a recording as a user holds them.

Input: `ClassificationResult`. Output: `Classification`, which also plots, saves and
shows itself in a notebook.
"""

from html import escape
from pathlib import Path
from typing import Any

from neuroclass import plotting, report
from neuroclass.results.classification import ClassificationResult

__all__ = ["Classification"]


class Classification(ClassificationResult):
    """The functional classes of the neurons of a recording: `ClassificationResult`.

    Made by `classify_neurons`. Printing it gives the table of classes.
    """

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw the result on one page: curve, tree, sizes and responses by class.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.

        Returns
        -------
        matplotlib.figure.Figure
        """
        figure = plotting.plot_overview(self)
        if path is not None:
            figure.savefig(path)
        return figure

    def save(self, folder: str | Path, *, force: bool = False) -> Path:
        """Write labels, figures and report into a folder: `save_results`."""
        return report.save_results(self, Path(folder), force=force)

    def _repr_html_(self) -> str:
        table = self.short_summary().to_html(
            index=False, float_format="{:.3g}".format, border=0
        )
        return (
            f"<div><p><b>{escape(self.headline())}</b></p>"
            f"{plotting.information_curve_svg(self)}{table}</div>"
        )
