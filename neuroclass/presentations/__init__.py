"""Which stretches of a recording repeat which stimulus."""
