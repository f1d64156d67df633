# Copyright: TradeSense Delivery contributors
# SPDX-License-Identifier: Apache-2.0
"""What may be repeated of the API server's words about a Secret. Pure functions. Private to this collection.

The server quotes the values it rejects, in many shapes, and so may any webhook. So nothing is cut out of its words: only
what is known to hold no value is taken over.
"""

from __future__ import annotations

import re

_KNOWN = re.compile(
    "|".join(
        (
            # Who may not do what, and what there is not.
            r'User "[^"]*" cannot \w+ resource "[^"]+" in API group "[^"]*"',
            r'namespaces "[^"]+" not found',
            r'secrets "[^"]+" (?:not found|already exists)',
            r"404 page not found|the server could not find the requested resource",
            r"unable to create new content in namespace \S+ because it is being terminated",
            r"exceeded quota: [^,\s]+(?:, (?:requested|used|limited): [\w./-]+=\d+)*",
            r'admission webhook "[^"]+" denied the request',
            # What is wrong with a field: its path and a phrase, never what it holds.
            r"failed to (?:create typed patch|convert new) object",
            r"\.[\w./\[\]-]+: (?:field not declared in schema|expected \w+)",
            r'(?:unknown|duplicate) field "[\w./\[\]-]+"',
            r"field is immutable(?: when `immutable` is set)?",
            r"illegal base64 data at input byte \d+",
            r"may not be more than \d+ bytes|must be no more than \d+ (?:bytes|characters)",
            r"a valid config key must consist of alphanumeric characters, '-', '_' or '\.'",
            r"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '\.'",
            r"^(?:Required value|Forbidden|Duplicate value|Too long|Too many|Unsupported value|Invalid value)\b",
            # Conflicts and what passes by itself.
            r'conflict with "[^"]+"(?: with subresource "\w+")?',
            r"the object has been modified|does not match the (?:UID|ResourceVersion) in record",
            r"Too many requests|the server is currently unable to handle the request",
            r"^HTTP status \d+",
        )
    )
)
_NOTHING = "its words are not repeated, because they may hold values of the Secret"


def harmless(message: str) -> str:
    """Return what of a message about a Secret holds none of its values, or a sentence that says so when nothing does."""
    found = list(dict.fromkeys(match.group(0) for match in _KNOWN.finditer(message)))
    return ", ".join(found) or _NOTHING
