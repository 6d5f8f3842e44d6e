"""What classes respond to: light steps, flicker, direction; how reliably.

Input: a recording, or its `Responses`, and what is known of its stimulus.
Output: `ResponseDescription` (`describe_classes`).
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
