"""How Sphinx builds the site from what build_site.py put together. Nothing is executed, nothing is fetched."""

import os

import coursekit

project = "Deep learning with Keras 3"
author = "The coursekit authors"
copyright = "The coursekit authors. Code: MIT; prose and figures: CC BY 4.0"
version = release = coursekit.__version__
language = "en"

REPOSITORY = os.environ.get("COURSE_REPOSITORY", "")  # the one setting that download and launch buttons follow

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "coursesite.terms"]
exclude_patterns = ["pictures"]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}  # not all that it stands for
autodoc_member_order = "bysource"
napoleon_google_docstring, napoleon_numpy_docstring = True, False

html_theme = "sphinx_book_theme"
html_title = "Deep learning with Keras 3"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"**": ["search-button-field.html", "sbt-sidebar-nav.html"]}  # no title outside of all landmarks
html_show_sphinx = html_use_index = html_domain_indices = False  # the search finds more than lists of names
html_copy_source = html_show_sourcelink = True
html_sourcelink_suffix = ""
mathjax_path = "mathjax/tex-svg-full.js"  # kept beside the sources: with its letters inside, at every depth the same
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # a second field to search, in a bar of its own
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if REPOSITORY:
    html_theme_options |= {
        "repository_url": REPOSITORY,
        "repository_branch": "main",
        "path_to_docs": "",
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
    }
if REPOSITORY.startswith("https://github.com/"):  # Colab reads no other
    html_theme_options["launch_buttons"]["colab_url"] = "https://colab.research.google.com"
