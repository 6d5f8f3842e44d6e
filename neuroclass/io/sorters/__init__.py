"""Readers of what sorters and recording systems write into folders."""
