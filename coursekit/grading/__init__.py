"""Questions, answers and checks.

For check modules: :class:`Exercise`, whose questions get ``answers`` (:class:`Answers`) and ``expect``
(:class:`Expect`). For notebooks: :func:`open_exercise`. Each name is loaded when it is first asked for:
a worker, whose notebook opens the exercise as well, gets nothing that knows what is expected.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
