"""Compare a source distribution and a wheel with the files that they must hold.

    python .ci/check_dist.py SDIST WHEEL

Input: the two files, and the tree in the working directory. Output: exit status 1, and
a line for each file that is missing or should not be there.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

_NOT_IN_SDIST = (".github/",)  # of the repository, not of the package
_BUILT = ("build/", "dist/", "docs/_build/", "docs/api/", "docs/gallery/", ".venv/")
_SKIPPED = (
    "__pycache__",
    ".egg-info",
    ".hypothesis/",
    ".ipynb_checkpoints",
    "_cache/",
)
_NEEDED = ("Name", "Version", "Summary", "License-Expression", "Requires-Python")


def tree_files(root: Path) -> set[str]:
    """Return the files of the tree that belong to the project."""
    names = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    return {
        name
        for name in names
        if not name.startswith((*_BUILT, *_NOT_IN_SDIST, ".git/", ".cache/"))
        and not any(part in name for part in _SKIPPED)
    }


def faults_of(sdist: Path, wheel: Path, root: Path) -> list[str]:
    """Return what is missing, too much or not said, a line each."""
    wanted = tree_files(root)
    with tarfile.open(sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    faults = [f"{sdist.name} lacks {name}" for name in sorted(wanted - held)]
    package = {name for name in wanted if name.startswith("neuroclass/")}
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        (metadata,) = [name for name in files if name.endswith(".dist-info/METADATA")]
        said = HeaderParser().parsestr(archive.read(metadata).decode("utf-8"))
    installed = {name for name in files if ".dist-info/" not in name}
    faults += [f"{wheel.name} lacks {name}" for name in sorted(package - installed)]
    faults += [f"{wheel.name} should not hold {n}" for n in sorted(installed - package)]
    faults += [f"{wheel.name} does not say {key}" for key in _NEEDED if not said[key]]
    if not str(said.get_payload()).strip():
        faults.append(f"{wheel.name} has no description")
    return faults


def main() -> int:
    """Print the faults of the two files, and return how the program ends."""
    faults = faults_of(Path(sys.argv[1]), Path(sys.argv[2]), Path.cwd())
    for fault in faults:
        print(fault)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
