"""What every package may use: checks, wording, JSON, parallel tasks, atomic files."""
