"""``python -m cxml.cli``."""

import sys

from cxml.cli import main

if __name__ == "__main__":
    sys.exit(main())
