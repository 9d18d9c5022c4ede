"""The encoders of `--encoders`, one file each; `msm.ingest.encoder` holds their interface and finds them by file name.

To add one, add a file that defines `load(model) -> list[Encoder]`, and its test.
"""
