from .analysis import Classification as Classification
from .analysis import Comparison as Comparison
from .analysis import Discrimination as Discrimination
from .analysis import Responses as Responses
from .analysis import classify_neurons as classify_neurons
from .analysis import compare_groupings as compare_groupings
from .analysis import discriminate_neurons as discriminate_neurons
from .analysis import measure_information as measure_information
from .analysis import prepare_responses as prepare_responses
from .analysis import scan_information as scan_information
from .clustering import AgglomerativeBottleneck as AgglomerativeBottleneck
from .clustering import SequentialBottleneck as SequentialBottleneck
from .exceptions import RecordingError as RecordingError
from .information import identity_information as identity_information
from .io import from_events as from_events
from .io import from_raster as from_raster
from .io import load_recording as load_recording
from .presentations import Presentations as Presentations
from .presentations import select_presentations as select_presentations
from .responses import ResponseCounts as ResponseCounts
from .responses import ResponseSettings as ResponseSettings
from .responses import Words as Words
from .responses import bin_words as bin_words
from .responses import count_words as count_words
from .results import read_result as read_result
from .simulation import simulate_retina as simulate_retina

__version__: str
