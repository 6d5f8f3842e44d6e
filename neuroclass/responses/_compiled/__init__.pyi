from . import spike_loops as spike_loops
