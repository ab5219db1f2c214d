"""``python -m tamis.study`` is the command ``tamis-study``."""

import sys

from .commands import main

sys.exit(main())
