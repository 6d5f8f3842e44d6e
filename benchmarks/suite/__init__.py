"""Time and memory of every stage, and of its peers: `python -m benchmarks.suite`."""
