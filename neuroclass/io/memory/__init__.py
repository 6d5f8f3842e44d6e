"""Recordings from objects of other packages, and from arrays, in memory."""
