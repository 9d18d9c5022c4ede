"""Write the shots of a catalog, or a selection of them, in the form that another tool opens.

`shots` reads what is exported (a table, vectors, thumbnails), `layout` gives every shot a place in two dimensions, `choosing`
reads which shots were selected, and `writing` writes a folder for one of the tools, each of them a module of `tools`.
"""
