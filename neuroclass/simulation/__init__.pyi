from .cells import CELL_TYPES as CELL_TYPES
from .retina import simulate_retina as simulate_retina
