from .events import from_events as from_events
from .labels import write_labels as write_labels
from .loading import load_recording as load_recording
from .loading import recording_sha256 as recording_sha256
from .nwb_write import write_recording as write_recording
from .rasters import from_raster as from_raster
