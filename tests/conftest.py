"""Every test here keeps its own progress file, and runs outside of nbgrader."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def progress_file(tmp_path, monkeypatch):
    """The progress file of this test."""
    for name in ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING", "COURSEKIT_WORKER"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "progress" / "progress.json"
    monkeypatch.setenv("COURSEKIT_PROGRESS", str(file))
    return file


@pytest.fixture
def demo_lesson(monkeypatch):
    """The demo exercise as the course's second lesson."""
    import sys
    import types

    import grading_demo

    from coursekit import course

    lesson = course.Lesson(99, "demo", "A demo", 1, 1, 5)
    monkeypatch.setattr(course, "LESSONS", (*course.LESSONS, lesson))
    module = types.ModuleType("coursekit.checks.demo")
    module.exercise = grading_demo.exercise
    monkeypatch.setitem(sys.modules, "coursekit.checks.demo", module)
    return lesson
