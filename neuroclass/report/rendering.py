"""A page from a template and what lies in a result folder.

Takes a folder and what a template needs, writes report.html: one file with its figures
and its style, that needs no network and runs no script.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jinja2

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.wording import rounded
from neuroclass.exceptions import RecordingError
from neuroclass.report.methods import setting, time_text
from neuroclass.report.origin import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "as_interval",
    "as_percent",
    "existing",
    "figure_address",
    "read_result",
    "settings_as_text",
    "write_page",
]

_DASH = "\N{EN DASH}"


def existing(folder: Path, *names: str, command: str) -> Path:
    """Return the first of these files that exists in the folder that `command` made."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"folder must be a result folder of `neuroclass {command}`; {folder} has no "
        f"{names[0]}. Run `neuroclass {command} RECORDING -o {folder}` to make it."
    )


def read_result(path: Path) -> dict[str, Any]:
    """Return what a JSON file of a result folder holds.

    Raises
    ------
    RecordingError
        If it cannot be read, or is of another format.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        found = result["format_version"]
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{path} must be the {path.name} of neuroclass; it cannot be read "
            f"({error}). Run `neuroclass cluster` again."
        ) from error
    if found != FORMAT_VERSION:
        raise RecordingError(
            f"{path} must have format_version {FORMAT_VERSION}; got {found}, of "
            "another version of neuroclass. Run its command again."
        )
    return dict(result)


def figure_address(folder: Path, name: str, *, command: str) -> str:
    """Return a figure as a data address, so that the page is one file.

    Parameters
    ----------
    folder : Path
        Where it is.
    name : str
        Without suffix.
    command : str
        What makes such a folder, for the message where the figure is missing.
    """
    path = existing(folder, f"{name}.svg", f"{name}.png", command=command)
    kind = "svg+xml" if path.suffix == ".svg" else "png"
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:image/{kind};base64,{content}"


def write_page(
    folder: Path, source: str, template: str, context: Callable[[], dict[str, Any]]
) -> Path:
    """Write report.html, whole or not at all.

    Parameters
    ----------
    folder : Path
        The result folder.
    source : str
        Name of the file in it that the page is made of.
    template : str
        Name of the template.
    context : callable
        Returns what the template needs.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    RecordingError
        If the source lacks what the page says.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neuroclass.report"),
        autoescape=True,  # names of units and stimuli are anybody's text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": as_percent,
        "share": _share,
        "interval": as_interval,
        "time": time_text,
        "count": _count,
        "seconds": _seconds,
    }
    try:
        page = environment.get_template(template).render(**context())
    except (KeyError, TypeError, IndexError, jinja2.UndefinedError) as error:
        raise RecordingError(
            f"{folder / source} must hold all that neuroclass wrote; missing "
            f"or changed: {error}. Run `neuroclass cluster` again."
        ) from error
    path = folder / "report.html"
    with write_beside(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    return path


def _number(value: float | str | None, digits: int = 3) -> str:
    """Return a number to so many digits, a dash where there is none."""
    if value is None or value == "":
        return _DASH
    return rounded(float(value), digits).replace("-", "\N{MINUS SIGN}")


def as_interval(bounds: Sequence[float | str | None]) -> str:
    """Return "low to high", or nothing."""
    if any(bound is None or bound == "" for bound in bounds):
        return ""
    return " to ".join(map(_number, bounds))


def _seconds(seconds: float | str | None) -> str:
    """Return a time, a dash where there is none."""
    if seconds is None or seconds == "":
        return _DASH
    return f"{float(seconds):.3g}\N{NO-BREAK SPACE}s"


def as_percent(share: float | None) -> str:
    """Return a share in percent."""
    return _DASH if share is None else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _share(value: float | None) -> str:
    """Return a number between -1 and 1 to two places."""
    return _DASH if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _count(number: int, thing: str) -> str:
    """Return "1 class", "3 classes" or "3 families"."""
    if thing.endswith("y"):
        many = thing[:-1] + "ies"
    else:
        many = thing + ("es" if thing.endswith("s") else "s")
    return f"{number} {thing if number == 1 else many}"


def settings_as_text(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, value, and why it was chosen, of each setting."""
    return [
        (name, *_setting_text(name, *setting(result, name)))
        for name in result["settings"]
    ]


def _setting_text(name: str, value: Any, why: str) -> tuple[str, str]:
    if value is None:
        return _DASH, why
    if isinstance(value, float) and name in ("bin_size", "trial_duration"):
        return time_text(value), why
    if name == "memory":
        return f"{value / 1e9:g} GB", why
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False), why
    return str(value), why
