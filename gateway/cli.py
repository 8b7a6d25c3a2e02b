"""The command `portico`. Heavy modules are imported by the commands that need them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gateway import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gateway.config import Config, ConfigError

app = typer.Typer(
    name="portico",
    help="One process that opens FTP, S3 and Swift doors onto one tree of objects.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FAILURE = 1

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration in YAML. Without it, defaults and PORTICO_* apply."),
]


def _port(text: str) -> Any:
    return typer.Option(min=0, max=65535, metavar="PORT", help=text)


def main() -> None:
    """The entry point of the command."""
    app()


@app.command()
def serve(
    config: ConfigFile = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Data directory: the embedded store, credentials, run.json.  [./portico-data]"
        ),
    ] = None,
    s3_port: Annotated[int | None, _port("S3 port; 0 picks a free one, for the others too.  [9000]")] = None,
    swift_port: Annotated[int | None, _port("Swift port.  [8080]")] = None,
    ftp_port: Annotated[int | None, _port("FTP control port.  [2121]")] = None,
    admin_port: Annotated[int | None, _port("Admin port.  [9001]")] = None,
) -> None:
    """Serve FTP, S3 and Swift until a signal ends it.

    After SIGTERM or SIGINT running transfers may finish within `drain_seconds`; a second signal stops at once.

    \b
    Where no accounts are configured, the first start makes a user and prints its credentials once, with commands
    for aws, swift, lftp and curl. PORTICO_ROOT_USER and PORTICO_ROOT_SECRET set them instead. The user is an
    `operator` of the account `admin`: it may do everything in every account.

    \b
    Options go before PORTICO_* variables, and those before the file. PORTICO_FRONTENDS__S3__PORT=9100 sets
    `frontends.s3.port`. Relative paths, also in the file, are relative to the working directory.
    The ports in use are printed and stand in DIR/run.json; DIR defaults to where the embedded store lies.

    \b
    Examples:
      portico serve
      portico serve --data /srv/objects --s3-port 9100
      portico serve --config portico.yaml
      PORTICO_ROOT_SECRET=... PORTICO_FRONTENDS__S3__HOST=0.0.0.0 portico serve
    """
    from gateway.config import ConfigError, Option, load

    ports = {"s3": s3_port, "swift": swift_port, "ftp": ftp_port, "admin": admin_port}
    options = [
        Option(f"--{name}-port", ("frontends", name, "port"), port) for name, port in ports.items() if port is not None
    ]
    try:
        loaded = load(config, data=data, options=options)
    except ConfigError as error:
        _refuse(error)
    raise typer.Exit(_serve(loaded, data))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration to check.")],
) -> None:
    """Check a configuration and say what is wrong with it.

    \b
    Prints `ok` and a summary, exit code 0; or every problem with its file, line and column, exit code 1.
    PORTICO_* variables count, as they do for `portico serve`. Secrets are never printed.

    \b
    Examples:
      portico check portico.yaml
      portico check portico.yaml && systemctl restart portico
    """
    from gateway.config import ConfigError, load, summary

    try:
        loaded = load(file)
    except ConfigError as error:
        _refuse(error)
    typer.echo("ok")
    for line in summary(loaded):
        typer.echo(f"  {line}")


caches = typer.Typer(name="cache", help="Look at the metadata cache, or empty it.", no_args_is_help=True)
app.add_typer(caches)


@caches.command()
def stats(config: ConfigFile = None) -> None:
    """Ask the memcached servers how they do, and print a table.

    \b
    Exit code 0 where all of them answer, 1 otherwise. How often the gateway itself finds what it looks for stands
    in its metrics (`portico_cache_lookups_total`).

    \b
    Example:
      portico cache stats --config portico.yaml
    """
    from gateway import upkeep

    _print(lambda: upkeep.stats(_loaded(config)))


@caches.command()
def flush(
    config: ConfigFile = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Data directory of the gateway, where its key lies.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Empty the memcached servers, of what others keep there, too.")
    ] = False,
) -> None:
    """Make the gateways of this configuration forget all metadata that they have cached.

    \b
    That is for a tree that somebody has changed behind the gateway's back, and holds from now on in every replica.
    What others keep on the same servers stays.

    \b
    Example:
      portico cache flush --config portico.yaml
    """
    from gateway import upkeep

    _print(lambda: upkeep.flush(_loaded(config, data), data, everything=everything))


@app.command()
def version() -> None:
    """Print the version.

    \b
    Example:
      portico version
    """
    typer.echo(f"portico {__version__}")


def _loaded(config: Path | None, data: Path | None = None) -> "Config":
    from gateway.config import ConfigError, load

    try:
        return load(config, data=data)
    except ConfigError as error:
        _refuse(error)


def _print(lines: "Callable[[], Iterable[str]]") -> None:
    from gateway.failures import CommandError

    try:
        for line in lines():
            typer.echo(line)
    except CommandError as error:
        for line in error.lines:
            typer.echo(line)
        typer.echo(f"portico: {error}", err=True)
        raise typer.Exit(FAILURE) from None


def _serve(config: "Config", data: Path | None) -> int:
    from gateway.failures import StartError
    from gateway.process import serve

    try:
        return serve(config, data)
    except StartError as error:
        typer.echo(f"portico: {error}", err=True)
        return FAILURE


def _refuse(error: "ConfigError") -> NoReturn:
    for problem in error.problems:
        typer.echo(str(problem), err=True)
    raise typer.Exit(FAILURE)
