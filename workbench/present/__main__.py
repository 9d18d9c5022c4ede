"""`python -m workbench.present SCRIPT OUT.html`: see workbench/present/export.py."""

import sys

from workbench.present.export import main

sys.exit(main())
