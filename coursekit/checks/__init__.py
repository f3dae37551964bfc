"""The questions of the exercises, one module a lesson, named for the lesson's slug.

Each module holds ``exercise``, an :class:`coursekit.grading.Exercise`. A check knows only the answers that it
asks for and what it expects of them; how the learner's code is reached is the business of ``coursekit.grading``.
"""
