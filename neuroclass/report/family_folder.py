"""The result folder of recordings that were classified apart.

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
``report.html``         all of it on one page, which leads to those of the recordings
======================  ============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neuroclass._lib.json_text import json_text
from neuroclass._version import __version__
from neuroclass.plotting import write_families
from neuroclass.report.class_folder import write_result, written_whole
from neuroclass.report.family_page import write_family_page
from neuroclass.report.origin import FORMAT_VERSION
from neuroclass.report.tables import LABEL_COLUMNS, write_table

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from neuroclass.results.recordings import WithinRecordings

__all__ = ["save_families"]

_SHARED = ("bin_size", "word_length", "response")  # settings, by all recordings


def save_families(
    found: WithinRecordings,
    folder: str | os.PathLike[str],
    *,
    force: bool = False,
    command: str | None = None,
) -> Path:
    """Write the classes of each recording, and which are the same, into a folder.

    Parameters
    ----------
    found : WithinRecordings
        What `neuroclass.analysis.across_recordings.classify_within` returns.
    folder, force, command
        As in `save_results`.

    Returns
    -------
    pathlib.Path
        `folder`.
    """
    with written_whole(folder, "cluster --within", force=force) as (target, finished):
        places = [name.replace("/", "_") for name in found.recordings]
        for place, classification in zip(places, found.classifications, strict=True):
            write_result(classification, finished / place, command=command)
        frame = found.to_frame()[[*LABEL_COLUMNS, "family"]]
        write_table(frame, finished / "labels.csv")
        text = json_text(_describe(found, places, command))
        (finished / "families.json").write_text(text, encoding="utf-8")
        write_families(found, finished)
        write_family_page(finished)
    return target


def _describe(
    found: WithinRecordings, places: list[str], command: str | None
) -> dict[str, Any]:
    settings = found.classifications[0].settings
    families = []
    for row in found.summary().to_dict("records"):
        family = int(row["family"])
        families.append(
            {
                "family": family,
                "n_neurons": {name: int(row[name]) for name in found.recordings},
                "classes": {
                    name: np.flatnonzero(of == family).tolist()
                    for name, of in zip(found.recordings, found.families, strict=True)
                },
                "distance": row["distance"],
                "nearest": row["nearest"],
            }
        )
    return {
        "format_version": FORMAT_VERSION,
        "neuroclass_version": __version__,
        "command": command,
        "recordings": [
            {
                "name": name,
                "path": c.recording.file_origin and str(c.recording.file_origin),
                "folder": place,
                "n_neurons": len(c.classified),
                "n_clusters": c.n_clusters,
            }
            for name, place, c in zip(
                found.recordings, places, found.classifications, strict=True
            )
        ],
        "settings": {name: settings[name] for name in _SHARED},
        "families": families,
        "agreement": found.agreement,
        "p_value": found.p_value,
    }
