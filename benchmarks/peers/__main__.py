"""`python -m benchmarks.peers`: see benchmarks/peers/compare.py, which a training's process can import."""

from benchmarks.peers.compare import main

main()
