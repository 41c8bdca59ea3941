"""Two runs, waves or revisions: what changed in the results, and what it was made of."""
