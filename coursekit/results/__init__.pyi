from .comparing import Contradicted, compare
from .figures import results_table
from .gate import runs_in_full

__all__ = [
    "Contradicted",
    "compare",
    "results_table",
    "runs_in_full",
]
