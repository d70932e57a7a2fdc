"""The `replicate` command, which hears Ctrl-C while what it needs is still being imported."""

import sys


def main() -> None:
    try:
        from replicate.cli import app
    except KeyboardInterrupt:
        sys.exit(130)
    app()


if __name__ == "__main__":
    main()
