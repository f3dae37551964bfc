"""Options of every command that can send its work to a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from coursekit.executors.cluster import Tls

Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp://host:8786: its workers do the work."),
]
_PEM: dict[str, Any] = {"metavar": "PEM", "exists": True, "dir_okay": False}
TlsCa = Annotated[Path | None, typer.Option("--tls-ca", help="Certificate authority of the cluster, for TLS.", **_PEM)]
TlsCert = Annotated[Path | None, typer.Option("--tls-cert", help="Your certificate for the cluster.", **_PEM)]
TlsKey = Annotated[Path | None, typer.Option("--tls-key", help="The key of your certificate.", **_PEM)]


def tls_of(scheduler: str | None, ca: Path | None, cert: Path | None, key: Path | None) -> Tls | None:
    """The certificates that were named, or none for those of Dask's own configuration.

    Raises:
        typer.BadParameter: some are missing, or there is no scheduler to use them with.
    """
    if not (ca or cert or key):
        return None
    if not scheduler:
        raise typer.BadParameter("certificates are for a cluster: name its --scheduler as well")
    if ca is None or cert is None:
        raise typer.BadParameter("TLS needs --tls-ca and --tls-cert; --tls-key unless it is in the certificate's file")
    return Tls(ca, cert, key)
