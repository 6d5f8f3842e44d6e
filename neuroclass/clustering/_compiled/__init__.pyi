from . import loops as loops
from . import timing_loops as timing_loops
