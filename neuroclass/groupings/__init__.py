"""Classical groupings of neurons, and how they agree with other labels.

Input: PSTHs, features or distances of neurons, as arrays.
Output: the scaled PSTHs (`scale_psth`), partitions by k-means, Gaussian mixtures,
linkage and the sequential information bottleneck of IBM, with a given number of
groups or one of their own (`Partition`), and differences of Rand indices with their
standard errors.

Examples
--------
>>> import numpy as np
>>> from neuroclass.groupings import k_means_partition, scale_psth
>>> rate = np.repeat([[9.0, 1, 1, 1], [1, 1, 9, 1]], 6, axis=0).repeat(10, axis=1)
>>> psth = np.random.default_rng(0).poisson(20 * rate / 9)
>>> k_means_partition(scale_psth(psth, "z-scored"))
Partition(12 neurons, 2 groups by silhouette 0.73)
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
