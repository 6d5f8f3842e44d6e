from .analysis.classify import classify_neurons as classify_neurons
from .analysis.discriminate import discriminate_neurons as discriminate_neurons
from .clustering import AgglomerativeBottleneck as AgglomerativeBottleneck
from .clustering import SequentialBottleneck as SequentialBottleneck
from .exceptions import RecordingError as RecordingError
from .information.identity import identity_information as identity_information
from .io import from_events as from_events
from .io import from_raster as from_raster
from .io import load_recording as load_recording
from .presentations import Presentations as Presentations
from .presentations import select_presentations as select_presentations
from .responses.counts import ResponseCounts as ResponseCounts
from .responses.counts import count_words as count_words
from .responses.words import Words as Words
from .responses.words import bin_words as bin_words
from .results.classification import Classification as Classification
from .results.discrimination import Discrimination as Discrimination
from .simulation.retina import simulate_retina as simulate_retina

__version__: str
