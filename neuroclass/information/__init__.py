"""Information of words about the neuron, its class and the stimulus."""
