"""Make the NWB files of this folder from the .mat files of the Dryad deposit.

    python data/make_salamander.py FOLDER_WITH_THE_MAT_FILES

FOLDER is ``NeuralData/Spikes`` of doi:10.5061/dryad.4ch10. The same input gives the
same bytes.
"""

import datetime
import sys
from pathlib import Path

import neo
import numpy as np
import quantities as pq
import scipy.io

from neuroclass.io import write_recording

FILES = {
    "salamander_small.nwb": ("Movie1Exp1.mat", "movie1", "recording1"),
    "salamander_movie1.nwb": ("Movie1Exp2.mat", "movie1", "recording2"),
    "salamander_movie2.nwb": ("Movie2Exp2.mat", "movie2", "recording2"),
}
DURATION = 18.0  # s, of one repeat
ONSET_TO_ONSET = 20.0  # s; the 2 s between repeats are ours
CITATION = (
    "Onken A, Liu JK, Karunasekara PPCR, Delis I, Gollisch T, Panzeri S (2016). Using "
    "matrix and tensor factorizations for the single-trial analysis of population "
    "spike trains. PLoS Computational Biology 12(11): e1005189. "
    "doi:10.1371/journal.pcbi.1005189"
)
DEPOSIT = "Data: Dryad, doi:10.5061/dryad.4ch10"


def main(folder: Path) -> None:
    """Write all files beside this script."""
    for name, (source, stimulus, session) in FILES.items():
        recording = recording_of(folder / source, stimulus, session)
        path = Path(__file__).parent / name
        write_recording(recording, path)
        print(f"{path}: {path.stat().st_size} bytes")


def recording_of(path: Path, stimulus: str, session: str) -> neo.Block:
    """Put the repeats of one .mat file on one clock, in seconds."""
    cells = scipy.io.loadmat(path)["Spikes"]  # (n_neurons, n_presentations), ms
    n_neurons, n_presentations = cells.shape
    onsets = ONSET_TO_ONSET * np.arange(n_presentations)
    segment = neo.Segment()
    for unit_id in range(n_neurons):
        times = [
            # One division of whole numbers: the nearest double to each millisecond.
            (1000.0 * onset + cells[unit_id, repeat].ravel()) / 1000.0
            for repeat, onset in enumerate(onsets)
        ]
        spiketrain = neo.SpikeTrain(
            np.concatenate(times), units=pq.s, t_stop=onsets[-1] + ONSET_TO_ONSET
        )
        spiketrain.annotations["unit_id"] = unit_id
        segment.spiketrains.append(spiketrain)
    trials = neo.Epoch(
        times=onsets * pq.s,
        durations=np.full(n_presentations, DURATION) * pq.s,
        name="trials",
        description="Repeats of one natural movie, 18 s each.",
    )
    trials.array_annotations["stimulus"] = np.full(n_presentations, stimulus)
    trials.array_annotations["repeat"] = np.arange(n_presentations)
    segment.epochs.append(trials)
    block = neo.Block(
        name=path.stem,
        # The day of the recording is not published; NWB wants a date.
        rec_datetime=datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC),
    )
    block.annotations.update(
        identifier=f"dryad.4ch10/{path.name}",
        session_id=session,
        session_description=(
            f"Spike trains of {n_neurons} salamander retinal ganglion cells during "
            f"{n_presentations} repeats of 18 s of a natural movie ({stimulus}; file "
            f"{path.name} of the deposit)."
        ),
        experiment_description=(
            "Retinal ganglion cells recorded at the same time in the "
            "salamander retina under repeated natural movies."
        ),
        notes=(
            "Spike times were published in whole milliseconds after stimulus onset. "
            "Onsets are placed 20 s apart here: the true pauses between repeats, the "
            "date of the recording and the types of the cells are not published. "
            "The session start time 1970-01-01 stands for an unknown date. Unit ids "
            "are the rows of the published cell array, from 0; units of the same "
            "session have the same ids."
        ),
        data_collection="Licence: CC0 1.0 (Dryad's policy for all deposits).",
        keywords=["retina", "retinal ganglion cells", "natural movie", "salamander"],
        related_publications=[CITATION, DEPOSIT],
        subject={
            "subject_id": f"dryad.4ch10-{session}",
            "description": (
                "Salamander. Species, age and sex are not given in the deposit."
            ),
        },
    )
    block.segments.append(segment)
    return block


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
