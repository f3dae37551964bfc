"""``python -m benchmarks``: the same as ``python benchmarks/bench.py``."""

import sys

from benchmarks.bench import main

sys.exit(1 if main(sys.argv[1:]) else 0)
