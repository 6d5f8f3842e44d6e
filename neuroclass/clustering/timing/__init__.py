"""Classes of neurons by the timing of their spikes, and how many there are.

Input: spike counts in base bins (`SpikeCounts`).
Output: which neurons take part (`find_participants`), the matrix that trees, partitions
and micro-clusters of `neuroclass.clustering` take (`TimingMatrix`), the numbers of
classes that the data support (`find_cluster_cuts`), and the class of every neuron with
its probability (`assign_neurons`).

Examples
--------
>>> import numpy as np
>>> from neuroclass.clustering.timing import (
...     SpikeCounts, find_cluster_cuts, find_participants
... )
>>> rate = np.repeat([[9.0, 1, 1, 1], [1, 1, 9, 1]], 6, axis=0).repeat(10, axis=1)
>>> spikes = np.random.default_rng(0).poisson(rate[:, None] / 9, (12, 20, 40))
>>> counts = SpikeCounts.from_repeats(spikes)
>>> part = find_participants(counts).takes_part
>>> find_cluster_cuts(counts.of(part))
ClusterCuts(12 neurons, 2 classes shown, 2 to 2, determined)
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
