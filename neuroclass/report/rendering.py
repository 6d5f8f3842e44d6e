"""Pages of result folders: the frame that all pages share, and its rendering.

Input: a result folder, its `PageFrame` and the contents of its page. Output:
``report.html``, one file with its figures and its style, which needs no network and
runs no script.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jinja2

from neuroclass._lib.atomic import write_beside
from neuroclass._lib.wording import estimate, rounded
from neuroclass.exceptions import RecordingError
from neuroclass.report.json_parts import FORMAT_VERSION
from neuroclass.report.methods import setting, time_text
from neuroclass.report.result_schema import check_against, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "PageFrame",
    "as_interval",
    "as_percent",
    "existing",
    "read_result",
    "write_page",
]

_MOST_FIGURE_BYTES = 1 << 26
_PNG = b"\x89PNG\r\n\x1a\n"
# What no figure of ours has: a browser that opens one by itself would obey it.
_ACTIVE = re.compile(
    rb"<\s*(script|foreignobject|iframe|embed|object|!entity)|\son\w+\s*=|javascript:"
    rb"|href\s*=\s*[\"'](?!#|data:image/png)",
    re.IGNORECASE,
)
_DASH = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class PageFrame:
    """The parts of a page that the pages of all commands share.

    Attributes
    ----------
    folder : pathlib.Path
        Result folder.
    command : str
        Command that made it.
    template : str
        Name of the template.
    captions : mapping of str to tuple of str
        Title, caption and place ("half" of the width, "alone" or "wide") of each
        figure, by the name of its file.
    source : str, default "result.json"
        File with the result.
    figures : str, default "figures/"
        Folder of the figures.
    """

    folder: Path
    command: str
    template: str
    captions: Mapping[str, tuple[str, str, str]]
    source: str = "result.json"
    figures: str = "figures/"


def existing(folder: Path, *names: str, command: str) -> Path:
    """Return the first of these files that exists in a result folder of `command`.

    Raises
    ------
    FileNotFoundError
        If none does.
    RecordingError
        If it is a link out of the folder, whose content is none of its own.
    """
    for name in names:
        path = folder / name
        if path.is_symlink() or path.exists():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise RecordingError(
                    f"{path} must lie in the result folder; it is a link to "
                    f"{path.resolve()}, which is not read. Copy the file in its place."
                )
            if path.is_file():
                return path
    raise FileNotFoundError(
        f"folder must be a result folder of `neuroclass {command}`; {folder} has no "
        f"{names[0]}. Run `neuroclass {command} RECORDING -o {folder}` to make it."
    )


def read_result(
    folder: Path, name: str, schema: Any, *, command: str
) -> dict[str, Any]:
    """Return the content of a JSON file of a result folder of `command`.

    Parameters
    ----------
    folder : pathlib.Path
        Result folder.
    name : str
        Name of the file.
    schema : object
        What its keys must be: :mod:`neuroclass.report.result_schema`.
    command : str
        Command that made the folder.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    RecordingError
        If it cannot be read, is of another format, or does not fit the schema.
    """
    path = existing(folder, name, command=command)
    result = read_json(path)
    version = result.get("format_version") if isinstance(result, dict) else None
    if version is None:
        raise RecordingError(
            f"{path} must be the {path.name} of neuroclass; it has no format_version. "
            f"Run `neuroclass {command}` again."
        )
    if version != FORMAT_VERSION:
        raise RecordingError(
            f"{path} must have format_version {FORMAT_VERSION}; got "
            f"{str(version)[:20]}, of another version of neuroclass. Run `neuroclass "
            f"{command}` again."
        )
    check_against(result, schema, path, command=command)
    return dict(result)


def write_page(
    frame: PageFrame, result: dict[str, Any], contents: Callable[[], dict[str, Any]]
) -> Path:
    """Write report.html, whole or not at all.

    Parameters
    ----------
    frame : PageFrame
        Folder, template and captions.
    result : dict
        Content of the source file.
    contents : callable
        Returns what the template needs besides the frame: ``title, headline,
        issue_texts`` and its own variables.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If a figure is missing.
    RecordingError
        If the result lacks a key that the page needs.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("neuroclass.report"),
        autoescape=True,  # names of units and stimuli are any text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "percent": as_percent,
        "share": _share,
        "interval": as_interval,
        "beside": _beside,
        "around": _around,
        "time": time_text,
        "count": _count,
        "seconds": _seconds,
    }
    try:
        page = environment.get_template(frame.template).render(
            **_frame_context(frame, result), **contents()
        )
    except RecordingError:
        raise
    except (
        *(KeyError, TypeError, ValueError, AttributeError, IndexError),
        *(ArithmeticError, jinja2.UndefinedError),
    ) as error:
        # Each value fits the schema, but not the others: as many rows, known labels.
        raise RecordingError(
            f"{frame.folder / frame.source} must hold all keys that neuroclass writes; "
            f"missing or changed: {error}. Run `neuroclass {frame.command}` again."
        ) from error
    path = frame.folder / "report.html"
    with write_beside(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")
    return path


def _frame_context(frame: PageFrame, result: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of ``frame.html`` and ``parts.html``."""
    return {
        "result": result,
        "captions": frame.captions,
        "figures": _figures(frame),
        "settings": _settings_as_text(result),
    }


def _figures(frame: PageFrame) -> dict[str, str]:
    """Return the address of each figure; nothing of a result without figures."""
    place = frame.folder / frame.figures
    if not any(next(place.glob(f"{name}.*"), None) for name in frame.captions):
        return {}
    return {name: _figure_address(frame, name) for name in frame.captions}


def _figure_address(frame: PageFrame, name: str) -> str:
    """Return a figure as a data address, so that the page is one file."""
    names = [f"{frame.figures}{name}.{suffix}" for suffix in ("svg", "png")]
    path = existing(frame.folder, *names, command=frame.command)
    is_svg = path.suffix == ".svg"
    if path.stat().st_size > _MOST_FIGURE_BYTES:
        raise RecordingError(
            f"{path} must be a figure of at most {_MOST_FIGURE_BYTES} bytes; it is "
            f"larger. Run `neuroclass {frame.command}` again."
        )
    content = path.read_bytes()
    starts = (b"<?xml", b"<svg ") if is_svg else (_PNG,)
    is_ours = content.lstrip().startswith(starts)
    if not is_ours or (is_svg and _ACTIVE.search(content)):
        raise RecordingError(
            f"{path} must be a figure that neuroclass drew; it is none, or can act by "
            f"itself. Run `neuroclass {frame.command}` again."
        )
    text = base64.b64encode(content).decode("ascii")
    return f"data:image/{'svg+xml' if is_svg else 'png'};base64,{text}"


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


def _beside(value: float | None, interval: Sequence[float | None]) -> str:
    """Return an estimate to as many digits as its interval has."""
    if value is None:
        return _DASH
    return estimate(value, *interval)[0].replace("-", "\N{MINUS SIGN}")


def _around(interval: Sequence[float | None], value: float | None) -> str:
    """Return the interval of an estimate, to digits that keep them apart."""
    if value is None:
        return as_interval(interval)
    return estimate(value, *interval)[1].replace("-", "\N{MINUS SIGN}")


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


def _settings_as_text(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, value and the reason of an automatic choice of each setting."""
    return [
        (name, *_setting_text(name, *setting(result, name)))
        for name in result["settings"]
    ]


def _setting_text(name: str, value: Any, why: str) -> tuple[str, str]:
    if value is None:
        return _DASH, why
    if isinstance(value, float) and name in ("bin_size", "trial_duration"):
        return time_text(value), why
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False), why
    return str(value), why
