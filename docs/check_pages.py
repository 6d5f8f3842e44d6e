"""Run every command of the pages and compare what it prints with what they show.

    python docs/check_pages.py [PAGE ...] [--show]

Without pages: the quickstart and all of howto/. The blocks of a page run in order, in a
temporary folder that holds `data/`; a ``text`` block behind one is what that prints, or
a part of it, with ``...`` for what is left out. A comment ``<!-- not run: why -->``
leaves a block out. ``--show`` prints what every block gives.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>.+?) -->\s*\n)?"
    r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block of a page: where it begins, its language and text."""

    line: int
    language: str
    text: str
    is_run: bool


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    content = page.read_text(encoding="utf-8")
    return [
        Block(
            content.count("\n", 0, match.start("language")) + 1,
            match["language"],
            match["text"],
            match["why"] is None,
        )
        for match in _BLOCK.finditer(content)
    ]


def run_block(block: Block, folder: Path, names: dict[str, object]) -> str:
    """Run a block in `folder`, and return what it prints."""
    if block.language == "python":
        printed = io.StringIO()
        with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
            exec(compile(block.text, f"line {block.line}", "exec"), names)
        return printed.getvalue()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text],
        cwd=folder,
        env=os.environ | {"COLUMNS": "80", "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def missing_part(shown: str, printed: str) -> str:
    """Return the first part of `shown` that is not in `printed`; empty if all is."""
    rest = "\n" + "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"
    for part in re.split(r"^\.\.\.$\n?", shown, flags=re.MULTILINE):
        lines = "\n" + "\n".join(line.rstrip() for line in part.splitlines())
        if not lines.strip():
            continue
        if lines.rstrip() + "\n" not in rest:
            return part
        rest = rest[rest.index(lines.rstrip()) + len(lines.rstrip()) :]
    return ""


def check_page(page: Path, folder: Path, is_shown: bool = False) -> list[str]:
    """Run a page in `folder`, and return what is wrong with it, a line each."""
    (folder / "data").symlink_to(DOCS.parent / "data")
    wrong, printed, names = [], "", {}
    for block in blocks_of(page):
        where = f"{page.name}:{block.line}"
        if block.language == "text":
            if block.is_run and (part := missing_part(block.text, printed)):
                wrong.append(f"{where}: shown, but not printed:\n{part}\n{printed}")
        elif block.language in ("bash", "python"):
            printed = ""
            if not block.is_run:
                continue
            try:
                printed = run_block(block, folder, names)
            except Exception as error:  # any failure of a page is what is looked for
                wrong.append(f"{where}: {type(error).__name__}: {error}")
            if is_shown:
                print(f"-- {where}\n{block.text}{printed}")
    return wrong


def main(argv: list[str] | None = None) -> int:
    """Check the pages that are named, or all that can be run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--show", action="store_true")
    args = parser.parse_args(argv)
    pages = args.pages or [DOCS / "quickstart.md", *sorted(DOCS.glob("howto/*.md"))]
    wrong = []
    for page in pages:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = check_page(page.resolve(), Path(folder), args.show)
        print(f"{page.name}: {len(found)} wrong, {time.monotonic() - start:.0f} s")
        wrong += found
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
