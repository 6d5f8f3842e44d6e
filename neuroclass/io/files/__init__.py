"""Readers of single file formats, each by its own rules."""
