"""`python -m deploy.local`: what `./runonce` runs inside its environment."""

from __future__ import annotations

import sys

from deploy.local.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
