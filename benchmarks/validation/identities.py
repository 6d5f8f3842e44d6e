"""Which tests hold what must be so whatever the data."""

TITLE = "Is the information right?"
_TABLE = """
| what | how | test |
|---|---|---|
| losses and trees | equal a twin of plain loops to 1e-10, ties included | `tests/clustering/test_merge_tree.py` |
| chain rule: identity = between + within classes | to 1e-10, random counts | `tests/information/test_classes.py` |
| chance level | equals all permutations (small), 2,000 shuffles (within 4 standard errors) | `tests/estimators/test_estimators.py`, `tests/discrimination/test_permutation_null.py` |
| estimator biases | the documented -.0234 and -.0045 bits to .001 | `tests/estimators/test_estimators.py` |
| information, by either estimator | within .80-1.05, .93-1.05, .97-1.03 of the truth at 10, 20, 60 repeats | `tests/information/test_identity.py` |
| 95 % intervals | hold the truth of the population in at least .9, of neurons in .93, at 10, 20 and 60 repeats | `tests/information/test_identity.py` |
| two neurons | SciPy's squared Jensen-Shannon distance to 1e-12 | `tests/information/test_identity.py` |
| one continuum cut in two | the null of a split in closed form, against 20,000 draws | `tests/clustering/test_held_out.py` |
"""  # noqa: E501 - a Markdown table has no line breaks


def cases(quick):
    """Return nothing: these are tests."""
    return []


def measure():
    """Measure nothing."""
    return {}


def render(found):
    """Return the table."""
    return _TABLE
