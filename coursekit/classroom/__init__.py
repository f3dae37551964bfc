"""Marking a whole class: from a folder or an archive of notebooks to marks, feedback pages and an LMS's own formats.

:mod:`~coursekit.classroom.settings` says how a class is graded, :mod:`~coursekit.classroom.pipeline` does it.
The way of a submission: :mod:`~coursekit.classroom.intake.sources` lists files,
:mod:`~coursekit.classroom.intake.submissions` says whose they are and whether they can be used,
:mod:`~coursekit.classroom.marking.engine` has each marked and keeps every mark in the
:mod:`~coursekit.classroom.marking.ledger`; :mod:`~coursekit.classroom.report.grades` turns marks into grades, and
:mod:`~coursekit.classroom.report.outputs` writes them.
"""
