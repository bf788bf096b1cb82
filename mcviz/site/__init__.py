"""The site: pages that any browser opens without an install, the explorer among them. `mcviz site` builds it.

    runtime  Python for the browser, checked     bundle  mcviz for it        player  what it answers there
    frame    what all pages share                play    the explorer        build   all of it, into a folder
    learn    the notebooks as pages              steppers  what theirs show  api     the reference

`front/` is what the browser loads as it is, styles and scripts; `reference/` has the templates of the reference.
"""
