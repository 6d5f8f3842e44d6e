"""Experiments of the papers on IDE and SPIDE, as far as two cores run them."""
