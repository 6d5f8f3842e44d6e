"""Result folder of `cluster --within`: classes of each recording, and their families.

Input: `WithinRecordings`. Output: a folder:

======================  ============================================================
``RECORDING/``          the result folder of each recording: `save_results`
``labels.csv``          one row per unit of all recordings: the columns of each
                        recording's labels.csv and ``family``, empty where left out
``families.json``       ``recordings`` (``name, path, folder, n_neurons, n_clusters``),
                        ``settings`` (``bin_size, word_length, response``),
                        ``families`` (``family, n_neurons`` and ``classes`` by
                        recording, ``distance, nearest``), ``agreement`` and
                        ``p_value`` between every two recordings, ``command``,
                        ``neuroclass_version, format_version``
``families.png, .svg``  mean responses of matched classes
``report.html``         all of it on one page, which links those of the recordings
======================  ============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass._lib.running import session_formats
from neuroclass.plotting import write_families
from neuroclass.report.class_folder import write_result
from neuroclass.report.csv_files import LABEL_COLUMNS, write_table
from neuroclass.report.family_page import write_family_page
from neuroclass.report.json_parts import result_header
from neuroclass.report.result_folder import write_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from neuroclass.results import WithinRecordings

__all__ = ["save_families"]

_SHARED = ("bin_size", "word_length", "response")  # settings, by all recordings


def save_families(
    within: WithinRecordings,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
    formats: Sequence[str] | None = None,
) -> Path:
    """Write the classes of each recording, and their families, into a folder.

    Parameters
    ----------
    within : WithinRecordings
        Record of the classes and families.
    folder, force, command, formats : as in `save_results`

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    formats = session_formats() if formats is None else formats
    with write_folder(folder, "cluster --within", force=force) as (target, finished):
        places = [name.replace("/", "_") for name in within.recordings]
        for place, classification in zip(places, within.classifications, strict=True):
            place_of_one = finished / place
            write_result(classification, place_of_one, command=command, formats=formats)
        frame = within.to_frame()[[*LABEL_COLUMNS, "family"]]
        write_table(frame, finished / "labels.csv")
        text = json_text(_describe(within, places, command))
        (finished / "families.json").write_text(text, encoding="utf-8")
        write_families(within, finished, formats=formats)
        write_family_page(finished)
    return target


def _describe(
    within: WithinRecordings, places: list[str], command: str | None
) -> dict[str, Any]:
    settings = within.classifications[0].settings
    families = []
    for row in within.summary().to_dict("records"):
        family = int(row["family"])
        families.append(
            {
                "family": family,
                "n_neurons": {name: int(row[name]) for name in within.recordings},
                "classes": {
                    name: np.flatnonzero(of == family).tolist()
                    for name, of in zip(within.recordings, within.families, strict=True)
                },
                "distance": row["distance"],
                "nearest": row["nearest"],
            }
        )
    return {
        **result_header(command),
        "recordings": [
            {
                "name": name,
                "path": c.recording.file_origin and str(c.recording.file_origin),
                "folder": place,
                "n_neurons": len(c.classified),
                "n_clusters": c.n_clusters,
            }
            for name, place, c in zip(
                within.recordings, places, within.classifications, strict=True
            )
        ],
        "settings": {name: settings[name] for name in _SHARED},
        "families": families,
        "agreement": within.agreement,
        "p_value": within.p_value,
    }
