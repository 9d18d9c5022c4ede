"""Run folders on disk: reading and writing, the schema of run.json, and a monitor of trainings in progress.

`folder` reads and writes the files, `schema` checks run.json, `monitor` reads a run while another process trains it.
"""
