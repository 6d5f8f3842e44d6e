"""Neurons, layers and how they are connected."""
