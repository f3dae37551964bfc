"""What every lesson draws. Functions return Matplotlib objects and describe them in words; :func:`show` shows both.

>>> from coursekit.plotting import plot_class_balance, show, use_course_style
>>> use_course_style()
>>> show(plot_class_balance([0, 1, 1, 2, 1], class_names=["cat", "dog", "owl"]))
Bar chart of the class balance of 5 labels in 3 classes. Most frequent: dog, 3 (60.0 %).
Least frequent: cat, 1 (20.0 %).

Each name is loaded when it is first asked for. ``LiveHistory``, a Keras callback, brings Keras along, which takes
seconds.
"""

import lazy_loader

from coursekit.quiet import hush_in_notebook

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

hush_in_notebook()
