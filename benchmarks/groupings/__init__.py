"""Our classes and classical groupings on populations of known types."""
