"""The pages of the app, a folder each.

page.py      choose, compute, show
controls.py  the head of the page and its other choices
form.py      forms and buttons that start a job
panels.py    what the page shows; a large panel has a file of its own, NAME_panel.py
cached.py    what is kept between reruns
"""
