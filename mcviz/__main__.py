"""`python -m mcviz` is the command `mcviz`."""

from mcviz.cli import main

raise SystemExit(main())
