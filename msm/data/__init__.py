"""The catalog format: titles and shots on disk, how modalities are fused, scenes, and shots named as text.

`catalog` opens and writes, `schema` holds the rules, `fusion` makes one vector of a shot, `selection` is what a link holds.
"""
