"""`python -m msm` is the command `msm`: for `torchrun -m msm train …`, and where no script is installed."""

from __future__ import annotations

from msm.cli import main

main()
