from . import pair_loops as pair_loops
