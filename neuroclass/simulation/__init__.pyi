from .cells import CELL_TYPES as CELL_TYPES
from .retina import RetinaSettings as RetinaSettings
from .retina import simulate_retina as simulate_retina
