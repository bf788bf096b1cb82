"""The site: pages that any browser opens without an install, the explorer among them. `mcviz site` builds it.

    runtime  Python for the browser, checked     bundle  mcviz for it        player  what it answers there
    frame    what all pages share                play    the explorer        build   all of it, into a folder

`front/` is what the browser loads as it is: a style, and the scripts of the explorer's page.
"""
