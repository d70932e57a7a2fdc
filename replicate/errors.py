"""What a person can put right is told in one line, on the command line and in a notebook alike."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)  # of a disk that is full, or read-only


class OneLineError(Exception):
    """Something that a person can put right: the message is one line and says what to do."""

    status = 2  # with which the command ends

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback, in JupyterLab and in papermill's copy."""
        return [f"{type(self).__name__}: {self}"]


class ParameterError(OneLineError, ValueError):
    """A parameter that a person gave wrongly; the message is one line and says what to do."""


class MissingParameter(ParameterError, KeyError):
    """A parameter that a notebook asks for, and its parameters cell does not assign."""

    __str__ = Exception.__str__  # a KeyError would put it in quotation marks


class SettingError(OneLineError, ValueError):
    """A setting that a person gave wrongly; the message is one line and says what is wrong."""
