"""Records of results, their tables and headlines."""
