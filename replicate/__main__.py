"""The `replicate` command, which hears Ctrl-C while what it needs is still being imported."""

import sys

from replicate.telling import open_closed_streams


def main() -> None:
    open_closed_streams()
    try:
        from replicate.cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
