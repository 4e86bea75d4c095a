"""`python -m hedgetui`: the same as the `hedgetui` command."""

from __future__ import annotations

import sys

from hedgetui.cli import main

if __name__ == "__main__":
    sys.exit(main())
