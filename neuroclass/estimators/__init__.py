"""Entropy of words from few repeats: estimators on batches of count vectors.

Takes counts of words, gives bits.  One idea a file:

* `additive`: what a word and a repeat add to an entropy, on which losses of merges,
  informations and three of the estimators stand;
* `chance`: the exact chance level of a count;
* `distinct`: count vectors that differ only in order are evaluated once;
* `panzeri_treves`, `extrapolation`, `grassberger`, `chao_shen`, `james_stein`, `nsb`:
  an estimator each;
* `entropies`: entropy, conditional entropy, mutual information and Jensen-Shannon
  divergence by any of them.
"""

from neuroclass.estimators.additive import (
    ESTIMATORS,
    Estimator,
    check_counts,
    repeat_term,
    word_term,
    xlog2x,
)
from neuroclass.estimators.entropies import (
    ENTROPY_ESTIMATORS,
    EntropyEstimator,
    conditional_entropy,
    entropy,
    jensen_shannon,
    mutual_information,
)
from neuroclass.estimators.hypergeometric import expected_xlog2x
from neuroclass.estimators.james_stein import shrunk_counts

__all__ = [
    "ENTROPY_ESTIMATORS",
    "ESTIMATORS",
    "EntropyEstimator",
    "Estimator",
    "check_counts",
    "conditional_entropy",
    "entropy",
    "expected_xlog2x",
    "jensen_shannon",
    "mutual_information",
    "repeat_term",
    "shrunk_counts",
    "word_term",
    "xlog2x",
]
