"""Published systems run from their own code, beside ours: `python -m benchmarks.peers`. None of their code is in this repository."""
