"""Benchmarks of spiking networks: steps of both rules, rules side by side, accuracy."""
