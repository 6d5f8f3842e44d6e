"""Recording systems: readers of ``neo.rawio``, with what these leave out."""
