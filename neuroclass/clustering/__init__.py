"""Losses, merge tree, reassignment, micro-clusters, number and stability of classes."""
