"""Loops compiled by numba where it is installed and the work is large."""
