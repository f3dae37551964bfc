"""The package behind the course: data, plots, checks and the command ``coursekit``.

Importing it is instant, loads nothing heavy and changes nothing outside of it.
"""

__version__ = "0.2.0"
