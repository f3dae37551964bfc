"""Marking a whole class: from a folder or an archive of notebooks to marks, feedback pages and an LMS's own formats.

The way of a submission: :mod:`~coursekit.grading.batch.sources` lists files,
:mod:`~coursekit.grading.batch.submissions` says whose they are and whether they can be used,
:mod:`~coursekit.grading.batch.engine` has each marked and keeps every mark in the
:mod:`~coursekit.grading.batch.ledger`; :mod:`~coursekit.grading.batch.grades` turns marks into grades, and
:mod:`~coursekit.grading.batch.outputs` writes them.
"""
