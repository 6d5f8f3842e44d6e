"""One call for each question about a recording."""
