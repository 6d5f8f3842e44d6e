"""Our classes beside classical groupings of the same neurons.

Input: a recording, or its `Responses`.
Output: `Comparison`: number of groups, cost, information kept, stability and agreement
of each grouping (`compare_groupings`).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
