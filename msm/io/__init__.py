"""Files that appear whole or not at all, array headers read safely, and the progress of long work.

`files` writes and locks, `arrays` reads `.npy` and `.npz`, `progress` reports to a terminal and to a small file, `programs` runs
other programs, `ffmpeg` that one.
"""
