"""`python -m workbench`, where the command itself is not on the path of the shell."""

import sys

from workbench.cli import main

if __name__ == "__main__":
    sys.exit(main())
