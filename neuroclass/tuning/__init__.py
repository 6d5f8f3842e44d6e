"""What neurons respond to: light steps, directions, flicker; how reliably they fire.

Input: PSTHs, counts, spike times and stimuli, as arrays.
Output: ON/OFF index, latency and transience (`step_response`), direction and
orientation selectivity (`direction_selectivity`), spike-triggered average
(`spike_triggered_average`), response reliability (`response_reliability`), refractory
violations and autocorrelogram. These describe classes; none is made with them.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
