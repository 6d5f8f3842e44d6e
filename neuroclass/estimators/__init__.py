"""Entropy of words from few repeats, by estimators on batches of count vectors.

Input: counts of words.  Output: bits.  One idea a file:

* `additive`: terms of a word and of a repeat in an entropy, on which losses of merges,
  informations and three of the estimators stand;
* `hypergeometric`: the exact chance level of a count;
* `deduplication`: count vectors that differ only in order are evaluated once;
* `panzeri_treves`, `extrapolation`, `grassberger`, `chao_shen`, `james_stein`, `nsb`:
  an estimator each;
* `entropies`: entropy, conditional entropy, mutual information and Jensen-Shannon
  divergence by any of them;
* `jackknife`: intervals from leaving out groups of repeats.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
