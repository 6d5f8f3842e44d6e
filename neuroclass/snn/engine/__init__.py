"""Forward and backward stages: by torch, or event-driven."""
