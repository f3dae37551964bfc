"""The course as a web site: what Sphinx is given to build, and how it is called."""
