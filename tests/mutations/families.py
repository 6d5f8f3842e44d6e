"""All families of files that are mutated."""

import contextlib
import io

from tests.mutations.event_recordings import EVENT_FILES
from tests.mutations.formats import FORMATS
from tests.mutations.outputs import OUTPUTS
from tests.mutations.recordings import RECORDINGS

__all__ = ["FAMILIES", "base_of"]

FAMILIES = (*RECORDINGS, *FORMATS, *OUTPUTS, *EVENT_FILES)


def base_of(family, folder):
    """Make the base files of a family in a folder of its own; return the folder."""
    base = folder / family.name.replace(" ", "_")
    base.mkdir()
    with contextlib.redirect_stdout(io.StringIO()):
        family.make(base)
    return base
