"""Figure files of result folders.

Input: records. Output: PNG and SVG files.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neuroclass._lib.checks import check_choice
from neuroclass.plotting import class_families as families
from neuroclass.plotting import class_responses as responses
from neuroclass.plotting import class_sizes as sizes
from neuroclass.plotting import (
    contingency,
    descriptions,
    mosaics,
    ranked_cuts,
    time_resolution,
    tree,
    unit_confidence,
    word_scan,
)
from neuroclass.plotting import information_curve as curve
from neuroclass.plotting import pair_matrices as matrices
from neuroclass.plotting import pair_times as times
from neuroclass.plotting.figure_names import (
    DESCRIPTION_FIGURE_NAMES,
    FIGURE_FORMATS,
    FIGURE_NAMES,
    MOSAIC_FIGURE_NAMES,
    PAIR_FIGURE_NAMES,
    TIMING_FIGURE_NAMES,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from neuroclass.results import (
        ClassificationResult,
        DiscriminationResult,
        GroupingComparison,
        InformationScan,
        WithinRecordings,
    )

__all__ = [
    "FILE_STYLE",
    "new_figure",
    "write_comparison",
    "write_discrimination",
    "write_families",
    "write_figures",
    "write_scan",
]

# Text stays text, and the ids in an SVG do not change from run to run.
FILE_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "neuroclass"}


def write_figures(
    classification: ClassificationResult,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = FIGURE_FORMATS,
) -> list[Path]:
    """Write every figure as ``<name>.png`` and ``<name>.svg``.

    The same classification gives the same bytes: no date, no random ids. Text stays
    text in the SVG, and dense drawings become pictures inside it.

    Parameters
    ----------
    classification : ClassificationResult
        Record of the classes.
    folder : path
        Folder to write into; made if it does not exist.
    formats : sequence of str, default ("png", "svg")
        Formats of the files.

    Returns
    -------
    list of pathlib.Path
        Files written, one in each format for each of `FIGURE_NAMES`;
        ``co_clustering`` only with the stability of the classes, ``class_maps`` and
        ``recovery_profiles`` only with positions, ``autocorrelograms`` only with a
        description and ``stimulus_filters`` with that of a flicker, ``cuts``,
        ``time_resolution`` and ``confidence`` only of classes by timing.

    Raises
    ------
    ValueError
        If a format is another one.
    """
    _check_formats(formats)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in FIGURE_NAMES:
        if not _is_drawn(name, classification):
            continue
        size, plot = _drawing(name, classification)
        written += _write_figure(folder / name, size, plot, classification, formats)
    return written


def _is_drawn(name: str, classification: ClassificationResult) -> bool:
    """Return whether a result has what a figure is of."""
    described = classification.description
    if name == "co_clustering":
        return classification.stability is not None
    if name in TIMING_FIGURE_NAMES:
        return classification.timing is not None
    if name in MOSAIC_FIGURE_NAMES:
        return classification.mosaics is not None
    if name == "stimulus_filters":
        return described is not None and described.average is not None
    return name not in DESCRIPTION_FIGURE_NAMES or described is not None


def write_families(
    within: WithinRecordings,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = FIGURE_FORMATS,
) -> list[Path]:
    """Write ``families.png`` and ``families.svg``, as `write_figures` does."""
    _check_formats(formats)
    size, plot = families.families_size(within), families.plot_families
    return _write_figure(Path(folder) / "families", size, plot, within, formats)


def write_comparison(
    comparison: GroupingComparison,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = FIGURE_FORMATS,
) -> list[Path]:
    """Write ``contingency.png`` and ``contingency.svg``, as `write_figures` does."""
    _check_formats(formats)
    path = Path(folder) / "contingency"
    path.parent.mkdir(parents=True, exist_ok=True)
    with _file_style():
        figure = new_figure(contingency.contingencies_size(comparison))
        contingency.plot_contingencies(comparison, figure=figure)
        return _save(figure, path, formats)


def write_discrimination(
    discrimination: DiscriminationResult,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = FIGURE_FORMATS,
) -> list[Path]:
    """Write the figures of a `DiscriminationResult`, as `write_figures` does.

    Their names are `PAIR_FIGURE_NAMES`.
    """
    _check_formats(formats)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    drawings: tuple[tuple[tuple[float, float], Callable[..., Axes]], ...] = (
        ((5.6, 4.7), matrices.plot_pairwise_divergence),
        ((5.6, 3.6), times.plot_discrimination_times),
        ((5.6, 3.9), times.plot_decoder_curves),
    )
    return [
        path
        for name, (size, plot) in zip(PAIR_FIGURE_NAMES, drawings, strict=True)
        for path in _write_figure(folder / name, size, plot, discrimination, formats)
    ]


def write_scan(scan: InformationScan, path: str | os.PathLike[str]) -> Path:
    """Write `plot_scan` of the identity and of the stimulus, side by side.

    Parameters
    ----------
    scan : InformationScan
        Record of the scan.
    path : path
        File to write, ``.png`` or ``.svg``; its folder is made if it does not exist.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        If `path` has another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in _FORMATS:
        raise ValueError(f"path must end in .png or .svg; got {path.name!r}.")
    dpi, metadata = _FORMATS[suffix]
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.style.context(["default", FILE_STYLE]):
        has_stimulus = bool(scan.extrapolations)
        figure = new_figure((9.6 if has_stimulus else 5.6, 3.9))
        axes = figure.subplots(1, 1 + has_stimulus, squeeze=False)[0]
        word_scan.plot_scan(scan, ax=axes[0])
        if has_stimulus:
            word_scan.plot_scan(scan, about="stimulus", ax=axes[1])
        figure.savefig(path, dpi=dpi, metadata=metadata)
    return path


def _check_formats(formats: Sequence[str]) -> None:
    for name in formats:
        check_choice(name, "formats", FIGURE_FORMATS)


def _write_figure(
    path: Path,
    size: tuple[float, float],
    plot: Callable[..., Axes],
    drawn: object,
    formats: Sequence[str],
) -> list[Path]:
    """Write one figure in some formats; `path` is without suffix."""
    with _file_style():
        figure = new_figure(size)
        plot(drawn, ax=figure.subplots())
        return _save(figure, path, formats)


@contextmanager
def _file_style() -> Iterator[None]:
    with matplotlib.style.context(["default", FILE_STYLE]), warnings.catch_warnings():
        # A glyph that the font lacks is still text in the SVG.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def _save(figure: Figure, path: Path, formats: Sequence[str]) -> list[Path]:
    # Laid out once: each savefig would solve the layout again.
    figure.set_dpi(_FORMATS["png"][0])
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
    figure.set_layout_engine(None)
    written = []
    for suffix in formats:
        dpi, metadata = _FORMATS[suffix]
        written.append(path.with_suffix(f".{suffix}"))
        # An eighth larger than by the default of 6, in half the time.
        how: dict[str, Any] = (
            {"pil_kwargs": {"compress_level": 3}} if suffix == "png" else {}
        )
        figure.savefig(written[-1], dpi=dpi, metadata=metadata, **how)
    return written


# Resolution (of what is a picture inside the SVG, there) and metadata left out.
_FORMATS: dict[str, tuple[int, dict[str, None]]] = {
    "png": (200, {"Software": None}),
    "svg": (144, {"Date": None, "Creator": None}),
}


def new_figure(size: tuple[float, float]) -> Figure:
    """Return a figure of `size` inches that pyplot does not know."""
    figure = Figure(figsize=size, layout="compressed")
    FigureCanvasAgg(figure)
    return figure


def _drawing(
    name: str, classification: ClassificationResult
) -> tuple[tuple[float, float], Callable[..., Axes]]:
    """Return the size in inches and the function of a figure."""
    if name == "cuts":
        return ranked_cuts.cuts_size(classification), ranked_cuts.plot_cuts
    if name == "class_maps":
        return mosaics.maps_size(classification), mosaics.plot_class_maps
    if name == "recovery_profiles":
        return mosaics.profiles_size(classification), mosaics.plot_recovery_profiles
    if name == "autocorrelograms":
        size = descriptions.autocorrelograms_size(classification)
        return size, descriptions.plot_autocorrelograms
    if name == "stimulus_filters":
        size = descriptions.filters_size(classification)
        return size, descriptions.plot_stimulus_filters
    n_neurons = len(classification.tree.leaf_order)
    drawings: dict[str, tuple[tuple[float, float], Callable[..., Axes]]] = {
        "information_curve": ((5.6, 3.9), curve.plot_information_curve),
        "time_resolution": ((5.6, 3.9), time_resolution.plot_time_resolution),
        "merge_tree": (tree.tree_size(n_neurons), tree.plot_merge_tree),
        "pairwise_loss": ((5.6, 4.7), matrices.plot_pairwise_loss),
        "co_clustering": ((5.6, 4.7), matrices.plot_co_clustering),
        "class_responses": (
            responses.responses_size(classification),
            responses.plot_class_responses,
        ),
        "rasters": (responses.rasters_size(classification), responses.plot_rasters),
        "confidence": (
            unit_confidence.confidence_size(classification),
            unit_confidence.plot_confidence,
        ),
        "class_sizes": (
            sizes.sizes_size(classification),
            sizes.plot_class_sizes,
        ),
    }
    return drawings[name]
