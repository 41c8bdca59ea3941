"""What runs the notebooks and carries their results, and the tools for the offices."""
