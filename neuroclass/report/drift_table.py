"""What a result says of drift over the repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neuroclass.responses.stationarity import describe_drift

if TYPE_CHECKING:
    from neuroclass.responses.stationarity import Drift

__all__ = ["drift_of_units"]


def drift_of_units(drift: Drift) -> dict[str, Any]:
    """Return the keys that the result files of `cluster` and `discriminate` share.

    Parameters
    ----------
    drift : Drift
        From `neuroclass.responses.stationarity.drift_test`.

    Returns
    -------
    dict
        ``n_tested, n_drifting, n_unsafe, summary``; ``p_value, q_value, rate_change,
        is_drifting, is_unsafe`` of each unit.
    """
    return {
        "n_tested": drift.n_tested,
        "n_drifting": drift.is_drifting.sum(),
        "n_unsafe": drift.is_unsafe.sum(),
        "summary": describe_drift(drift),
        "p_value": drift.p_value,
        "q_value": drift.q_value,
        "rate_change": drift.rate_change,
        "is_drifting": drift.is_drifting,
        "is_unsafe": drift.is_unsafe,
    }
