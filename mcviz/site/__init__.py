"""The site: pages that any browser opens without an install, the explorer among them. `mcviz site` builds it.

    runtime  Python for the browser, checked     bundle  mcviz for it        compiled  and code for the source of both
    python   both, as they lie on the site       front/kept.js               what keeps them in the browser
    player   what it answers there               play    the explorer        frame   what all pages share
    learn    the notebooks as pages              steppers  what theirs show  api     the reference
    build    all of it, into a folder

`front/` is what the browser loads as it is, styles and scripts; `reference/` has the templates of the reference.
"""
