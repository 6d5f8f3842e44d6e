"""Datasets, presets, the training loop and its files."""
