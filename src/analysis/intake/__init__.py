"""Files as received become one table of cells, each with its address."""
