"""Why a run predicts what it does: surprise, influence of visible shots, attention, and less context.

Each file is one question about a `msm.inference.reconstruction.Run`; `guess` makes a game of a fill-in.
"""
