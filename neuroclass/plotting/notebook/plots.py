"""Figures of a result as methods of its attribute ``plot``.

Input: the record that they draw. Output: matplotlib axes and figures. Calling ``plot``
itself draws the figure that says most.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroclass import plotting  # each figure is loaded when it is drawn

if TYPE_CHECKING:
    from typing import Literal

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = [
    "ClassPlots",
    "ComparisonPlots",
    "FamilyPlots",
    "PairPlots",
    "ScanPlots",
]


class _Plots:
    """The record whose figures are drawn."""

    def __init__(self, record: Any) -> None:
        self._record = record

    def __repr__(self) -> str:
        names = [name for name in dir(type(self)) if not name.startswith("_")]
        return f"{type(self).__name__}({', '.join(names)})"


class ClassPlots(_Plots):
    """Figures of a `Classification`: ``classes.plot()``, ``classes.plot.merge_tree()``.

    Parameters
    ----------
    record : ClassificationResult
        Record of the classes.
    """

    def __call__(self, path: str | Path | None = None) -> Figure:
        """Draw the result on one page: curve, tree, sizes and responses by class.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.
        """
        return _written(plotting.plot_overview(self._record), path)

    def information_curve(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_information_curve`."""
        return plotting.plot_information_curve(self._record, ax=ax)

    def merge_tree(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_merge_tree`."""
        return plotting.plot_merge_tree(self._record, ax=ax)

    def class_responses(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_class_responses`."""
        return plotting.plot_class_responses(self._record, ax=ax)

    def rasters(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_rasters`."""
        return plotting.plot_rasters(self._record, ax=ax)

    def class_sizes(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_class_sizes`."""
        return plotting.plot_class_sizes(self._record, ax=ax)

    def pairwise_loss(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_pairwise_loss`."""
        return plotting.plot_pairwise_loss(self._record, ax=ax)

    def co_clustering(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_co_clustering`, of classes whose stability was measured."""
        return plotting.plot_co_clustering(self._record, ax=ax)

    def class_maps(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_class_maps`, of cells whose positions are known."""
        return plotting.plot_class_maps(self._record, ax=ax)

    def recovery_profiles(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_recovery_profiles`, of cells whose positions are known."""
        return plotting.plot_recovery_profiles(self._record, ax=ax)

    def autocorrelograms(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_autocorrelograms`, of classes that are described."""
        return plotting.plot_autocorrelograms(self._record, ax=ax)

    def stimulus_filters(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_stimulus_filters`, of classes under a flicker that is known."""
        return plotting.plot_stimulus_filters(self._record, ax=ax)

    def cuts(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_cuts`, of classes by timing."""
        return plotting.plot_cuts(self._record, ax=ax)

    def time_resolution(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_time_resolution`, of classes by timing."""
        return plotting.plot_time_resolution(self._record, ax=ax)

    def confidence(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_confidence`, of classes by timing."""
        return plotting.plot_confidence(self._record, ax=ax)


class PairPlots(_Plots):
    """Figures of a `Discrimination`: ``pairs.plot()``, ``pairs.plot.decoder_curves()``.

    Parameters
    ----------
    record : DiscriminationResult
        Record of the pairs.
    """

    def __call__(self, path: str | Path | None = None) -> Figure:
        """Draw the observation times of all pairs, `discrimination_times`.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.
        """
        return _written(self.discrimination_times().figure, path)

    def discrimination_times(
        self, ax: Axes | None = None, *, accuracy: float = 0.9
    ) -> Axes:
        """Draw `plot_discrimination_times`."""
        return plotting.plot_discrimination_times(
            self._record, accuracy=accuracy, ax=ax
        )

    def pairwise_divergence(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_pairwise_divergence`."""
        return plotting.plot_pairwise_divergence(self._record, ax=ax)

    def decoder_curves(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_decoder_curves`."""
        return plotting.plot_decoder_curves(self._record, ax=ax)


class ScanPlots(_Plots):
    """Figures of an `InformationScan`: ``scan.plot()``, ``scan.plot.stimulus()``.

    Parameters
    ----------
    record : InformationScan
        Record of the scan.
    """

    def __call__(self, path: str | Path | None = None) -> Figure:
        """Draw the rates of identity information, `identity`.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.
        """
        return _written(self.identity().figure, path)

    def identity(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_scan` about the neuron identity."""
        return self._about("identity", ax)

    def stimulus(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_scan` about the stimulus."""
        return self._about("stimulus", ax)

    def _about(self, about: Literal["identity", "stimulus"], ax: Axes | None) -> Axes:
        return plotting.plot_scan(self._record, about=about, ax=ax)


class FamilyPlots(_Plots):
    """Figures of the classes of several recordings: ``families.plot()``.

    Parameters
    ----------
    record : WithinRecordings
        Record of the classes and families.
    """

    def __call__(self, path: str | Path | None = None) -> Figure:
        """Draw the responses of the families, `families`.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.
        """
        return _written(self.families().figure, path)

    def families(self, ax: Axes | None = None) -> Axes:
        """Draw `plot_families`."""
        return plotting.plot_families(self._record, ax=ax)


class ComparisonPlots(_Plots):
    """Figures of a `Comparison`: ``comparison.plot()``.

    Parameters
    ----------
    record : GroupingComparison
        Record of the groupings.
    """

    def __call__(self, path: str | Path | None = None) -> Figure:
        """Draw the contingency of our classes with every grouping.

        Parameters
        ----------
        path : str or Path, optional
            File to write the figure to, as well.
        """
        return _written(self.contingencies(), path)

    def contingencies(self, figure: Figure | None = None) -> Figure:
        """Draw `plot_contingencies`."""
        return plotting.plot_contingencies(self._record, figure=figure)


def _written(figure: Any, path: str | Path | None) -> Figure:
    """Write a figure where a path is given, and return it."""
    if path is not None:
        figure.savefig(path)
    drawn: Figure = figure
    return drawn
