"""The formats of `msm import --format`, one file each; an underscore in the file name is a plus in the format's name.

To add one, add a file that defines `NAME`, `SUFFIXES` and `open_source(options)`, and its test (`msm.importers.format`).
"""
