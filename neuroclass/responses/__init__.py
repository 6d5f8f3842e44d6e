"""Spike trains to words and counts."""
