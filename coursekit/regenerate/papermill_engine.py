"""How papermill runs the cells."""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "coursekit"


class SavedOnce(NBClientEngine):
    """Writes the notebook when it has ended, in whatever way. To write it after each of 200 cells costs ten seconds."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **settings: Any) -> None:
        path, nb_man.output_path = nb_man.output_path, None  # without one, save() writes nothing
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **settings)
        finally:
            nb_man.output_path = path


papermill_engines.register(NAME, SavedOnce)
