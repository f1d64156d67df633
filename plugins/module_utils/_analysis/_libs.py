# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""The one place that imports the HTTP client. Private: other collections must not import it.

A missing library must become a sentence, not a traceback, and Ansible's sanity tests import every file
without any library installed: so the import may fail here, and `require` says so when a task needs it.
"""

from __future__ import annotations

import sys

from .._errors import DeliveryError

try:
    import requests
    import urllib3.exceptions
    from requests.adapters import HTTPAdapter
    from requests.auth import AuthBase
    from urllib3.util import Retry

    IMPORT_PROBLEM = ""
except ImportError as error:  # pragma: no cover - the test environments have the library
    IMPORT_PROBLEM = str(error)

__all__ = ["AuthBase", "HTTPAdapter", "Retry", "requests", "require", "urllib3"]


def require() -> None:
    """Raise DeliveryError when the Python package ``requests`` cannot be imported."""
    if IMPORT_PROBLEM:
        raise DeliveryError(
            f"the Python package requests cannot be imported by {sys.executable}: {IMPORT_PROBLEM}",
            reason="MissingLibrary",
            hint="install requests (2.32 or newer) for this interpreter, or set ansible_python_interpreter to one that has it",
        )
