from .cells import CELL_TYPES as CELL_TYPES
from .pairs import draw_pair_rates as draw_pair_rates
from .retina import RetinaSettings as RetinaSettings
from .retina import simulate_retina as simulate_retina
from .retina import simulate_salamander as simulate_salamander
from .salamander import SALAMANDER_SUBTYPES as SALAMANDER_SUBTYPES
