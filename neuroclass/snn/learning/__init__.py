"""The two learning rules, SPIDE and IDE."""
