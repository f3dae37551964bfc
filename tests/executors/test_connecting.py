"""Reaching a cluster: with certificates, without, and where there is none."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
import work_for_workers
from dask_processes import Cluster

from coursekit.executors import ExecutorError, Tls, open_executor
from coursekit.executors import cluster as clusters
from coursekit.executors.options import tls_of


@pytest.fixture(autouse=True)
def collected():
    """A client that could not connect is closed when it is collected; while another one starts, Dask waits for ever."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A certificate authority, and a certificate that it has signed."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj"]
    openssl(folder, "req", "-x509", *new, "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, "req", *new, "/CN=cluster", "-keyout", "key.pem", "-out", "request.pem")
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
    openssl(folder, "x509", "-req", "-in", "request.pem", *signed, "-out", "cert.pem")
    return folder


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def sealed(certificates, tmp_path_factory):
    """A cluster of one worker that takes nobody without a certificate."""
    names = {"--tls-ca-file": "ca.pem", "--tls-cert": "cert.pem", "--tls-key": "key.pem"}
    options = [word for option, name in names.items() for word in (option, str(certificates / name))]
    made = Cluster(tmp_path_factory.mktemp("sealed"), *options, "--protocol", "tls")
    try:
        made.start_worker()
        yield made
    finally:
        made.close()


@pytest.mark.slow
def test_work_goes_over_tls(sealed, certificates):
    tls = tls_of(sealed.address, *(certificates / name for name in ("ca.pem", "cert.pem", "key.pem")))
    assert sealed.address.startswith("tls://")

    with open_executor(scheduler=sealed.address.removeprefix("tls://"), tls=tls) as executor:
        assert executor.submit(work_for_workers.double, {"title": "x", "x": 4}).result(timeout=60)["twice"] == 8


@pytest.mark.slow
def test_certificates_of_dasks_own_configuration_will_do(sealed, certificates):
    import dask

    files = {"ca-file": "ca.pem", "client.cert": "cert.pem", "client.key": "key.pem"}
    settings = {f"distributed.comm.tls.{name}": str(certificates / file) for name, file in files.items()}
    with dask.config.set(settings), open_executor(scheduler=sealed.address) as executor:
        assert executor.submit(work_for_workers.double, {"title": "x", "x": 4}).result(timeout=60)["twice"] == 8


@pytest.mark.slow
@pytest.mark.parametrize("own", ["none", "another authority's"])
def test_nobody_gets_in_without_a_certificate(sealed, certificates, tmp_path, monkeypatch, own):
    monkeypatch.setattr(clusters, "CONNECTING", 3)
    new = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"]
    openssl(tmp_path, "req", "-x509", *new, "-keyout", "k.pem", "-out", "c.pem")
    tls = None if own == "none" else Tls(certificates / "ca.pem", tmp_path / "c.pem", tmp_path / "k.pem")

    with (
        pytest.raises(ExecutorError, match=r"No Dask scheduler can be reached at tls://.*needs certificates"),
        open_executor(scheduler=sealed.address, tls=tls),
    ):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:notaport"])
def test_a_wrong_address_is_explained(monkeypatch, address):
    monkeypatch.setattr(clusters, "CONNECTING", 1)

    with pytest.raises(ExecutorError, match="No Dask scheduler can be reached at"), open_executor(scheduler=address):
        pass


def test_without_dask_the_command_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with (
        pytest.raises(ExecutorError, match=r'pip install -e "\.\[cluster\]"'),
        open_executor(scheduler="tcp://127.0.0.1:1"),
    ):
        pass
