"""Populations with known cell types."""
