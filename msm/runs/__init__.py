"""A run on disk: its folder, the schema of run.json, and a monitor that reads it while it is trained.

`folder` writes and reads the files, `schema` checks run.json, `monitor` follows a run from outside.
"""
