"""Layouts of spike times among named arrays, as Matlab, numpy and tables have them."""
