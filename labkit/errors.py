"""The one exception that users are meant to read."""


class LabError(Exception):
    """A problem that the user can mend: one sentence that names the thing and the way out.

    The command line prints it without a traceback and exits with status 2.
    """
