"""The three reasons for masked-shot models over whole titles, each measured: `python -m benchmarks.why` writes docs/why.md's figures."""
