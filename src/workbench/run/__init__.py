"""Which notebooks run and why; their kernels, their execution and the record of a run."""

# in the environment of the kernels' server: what `warm` is to do, as JSON
TO_WARM = "WORKBENCH_WARM"
