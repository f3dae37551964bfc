from .comparing import Contradicted, compare

__all__ = [
    "Contradicted",
    "compare",
]
