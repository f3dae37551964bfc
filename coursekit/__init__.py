"""The package behind the course: data, plots, checks and the command ``coursekit``.

Importing it is instant and loads nothing heavy. Import it before TensorFlow or Keras, and
TensorFlow starts without its start-up messages.
"""

from coursekit import quiet

__version__ = "0.1.0"

quiet.hush_tensorflow()
