from .bottleneck import AgglomerativeBottleneck as AgglomerativeBottleneck
from .classification import Classification as Classification
from .classify import classify_neurons as classify_neurons
from .counts import ResponseCounts as ResponseCounts
from .counts import count_words as count_words
from .discriminate import discriminate_neurons as discriminate_neurons
from .discrimination import Discrimination as Discrimination
from .exceptions import RecordingError as RecordingError
from .information import identity_information as identity_information
from .io import from_events as from_events
from .io import from_raster as from_raster
from .io import load_recording as load_recording
from .presentations import Presentations as Presentations
from .presentations import select_presentations as select_presentations
from .sequential import SequentialBottleneck as SequentialBottleneck
from .simulation import simulate_retina as simulate_retina
from .words import Words as Words
from .words import bin_words as bin_words

__version__: str
