from neuroclass.bottleneck import AgglomerativeBottleneck as AgglomerativeBottleneck
from neuroclass.classification import Classification as Classification
from neuroclass.classification import classify_neurons as classify_neurons
from neuroclass.exceptions import RecordingError as RecordingError
from neuroclass.information import identity_information as identity_information
from neuroclass.io import from_events as from_events
from neuroclass.io import from_raster as from_raster
from neuroclass.io import load_recording as load_recording
from neuroclass.presentations import Presentations as Presentations
from neuroclass.presentations import select_presentations as select_presentations
from neuroclass.simulation import simulate_retina as simulate_retina
from neuroclass.words import ResponseCounts as ResponseCounts
from neuroclass.words import Words as Words
from neuroclass.words import bin_words as bin_words
from neuroclass.words import count_words as count_words

__version__: str
