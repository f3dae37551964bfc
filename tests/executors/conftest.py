"""A cluster for the tests of executors, and notebooks to run on it."""

from __future__ import annotations

import nbformat
import pytest
from dask_processes import Cluster
from nbformat.v4 import new_code_cell, new_notebook

from coursekit import regenerate
from coursekit.executors import open_executor


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler with two workers."""
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(2):
            made.start_worker()
        yield made
    finally:
        made.close()


@pytest.fixture
def executor(cluster):
    """An executor that is connected to the cluster when its two workers are there."""
    cluster.reap()
    while len(cluster.workers) < 2:
        cluster.start_worker()
    with open_executor(scheduler=cluster.address) as connected:
        connected._client.wait_for_workers(2, timeout=60)
        yield connected


@pytest.fixture
def jobs(tmp_path):
    """Plans runs of notebooks of the given cells, one notebook for each argument."""

    def make(*notebooks, **options):
        paths = [tmp_path / "notebooks" / f"{number}.ipynb" for number in range(len(notebooks))]
        for path, sources in zip(paths, notebooks):
            cells = [new_code_cell(source) for source in sources]
            cells[0].metadata.tags = ["parameters"]
            path.parent.mkdir(exist_ok=True)
            nbformat.write(new_notebook(cells=cells), path)
        return regenerate.plan(list(map(str, paths)), out=tmp_path / "build", **options)

    return make
