"""MLflow, and the only room that imports it - inside functions, so that scoring never pays for it.

It writes what a training yields and reads models back. What is worth writing is decided elsewhere; how MLflow wants
it is known here alone.
"""

from cxml.tracking.models import MODEL_NAME, load
from cxml.tracking.registered import Holder, aliased, aliases, holder, point, register, version_numbers
from cxml.tracking.runs import HELD_OUT, RunLog, check_no_open_run, log_runs, read_held_out, search_runs
from cxml.tracking.serving import _load_pyfunc  # noqa: F401 - MLflow finds it in the module that a model names

__all__ = [
    "HELD_OUT",
    "MODEL_NAME",
    "Holder",
    "RunLog",
    "aliased",
    "aliases",
    "check_no_open_run",
    "holder",
    "load",
    "log_runs",
    "point",
    "read_held_out",
    "register",
    "search_runs",
    "version_numbers",
]
