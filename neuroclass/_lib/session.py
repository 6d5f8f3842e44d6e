"""Options of a session: how results are computed and written.

Input: keywords. Output: what holds for calls that do not say otherwise.
"""

from __future__ import annotations

from dataclasses import fields, replace
from types import TracebackType
from typing import Any, Unpack

from neuroclass._lib.checks import as_bytes, check_choice
from neuroclass._lib.running import (
    FIGURE_FORMATS,
    RunSettings,
    SessionOptions,
    session,
)

__all__ = ["set_options"]


class _Restoring:
    """Gives the options back that held before, at the end of a ``with`` block."""

    def __init__(self, run: RunSettings, figure_formats: tuple[str, ...]) -> None:
        self._before = run, figure_formats

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session.run, session.figure_formats = self._before


def set_options(**options: Unpack[SessionOptions]) -> _Restoring:
    """Set how results are computed and written, for the session or a ``with`` block.

    Calls that give a keyword themselves keep it. What a result *is* (bins, repeats,
    `random_state`) is no option: it belongs to the call, and stands in the result.

    Parameters
    ----------
    **options
        Keywords of `RunSettings`: `n_jobs` (processes), `cache` (a folder, or None),
        `memory` (bytes, or text such as ``"4GB"``), `progress` (bool),
        `spikes_at_once`; and `figure_formats`, of the figures of result folders: some
        of ``("png", "svg")``, or none.

    Returns
    -------
    context manager
        Restores the options at the end of a ``with`` block.

    Raises
    ------
    TypeError
        If an option is unknown.
    ValueError
        If `memory` is no size, or a format another one.

    Examples
    --------
    >>> import neuroclass
    >>> with neuroclass.set_options(progress=False, figure_formats=("svg",)):
    ...     neuroclass.simulate_retina(2, 4, 3, duration="1s").name
    'simulated_retina'
    """
    known = [*(field.name for field in fields(RunSettings)), "figure_formats"]
    for name in options:
        if name not in known:
            raise TypeError(
                f"set_options() got an unexpected keyword argument {name!r}. Its "
                f"options are: {', '.join(known)}."
            )
    before = _Restoring(session.run, session.figure_formats)
    formats = options.get("figure_formats", session.figure_formats)
    of_run: dict[str, Any] = {
        name: value for name, value in options.items() if name != "figure_formats"
    }
    for name in formats:
        check_choice(name, "figure_formats", FIGURE_FORMATS)
    if "memory" in options:
        as_bytes(options["memory"], "memory")
    session.run = replace(session.run, **of_run)
    session.figure_formats = tuple(formats)
    return before
