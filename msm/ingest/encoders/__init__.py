"""Encoders: what turns a shot's frames, sound and words into vectors. One small interface, a file an implementation.

`registry` holds `Encoder` and finds one by its name; plug-ins are found through entry points.
"""
