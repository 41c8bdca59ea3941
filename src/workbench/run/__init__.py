"""Which notebooks run and why; their kernels, their execution and the record of a run."""
