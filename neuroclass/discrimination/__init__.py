"""How well a pair of neurons is distinguished: divergence, null, decoder, time."""
