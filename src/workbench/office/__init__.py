"""Tools for the offices: audit, draft of a codebook, queries, new waves, record sheets."""
