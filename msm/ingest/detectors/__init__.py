"""The shot detectors of `--detector`, one file each; `msm.ingest.detector` holds their interface.

To add one, add a file that defines `DESCRIPTION`, `NEEDS_WEIGHTS` and `make(weights)`, or `THRESHOLD` and
`make(weights, threshold)` too, and its test.
"""
