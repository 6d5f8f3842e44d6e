"""What is measured where the truth is known: docs/validation.md, rebuilt from seeds."""
