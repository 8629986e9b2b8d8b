"""Every right request has an Idempotency-Key of its own, if it has one.

The program sends the same short key again and again, under which all requests but the first are 422:
rightly, and without being read any further. What the same key does is in tests/it/rest.rs.
"""

import itertools

import schemathesis

NUMBERS = itertools.count(1)
KEY = "Idempotency-Key"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for headers in (case.headers, kwargs.get("headers")):
        if headers and KEY in headers:
            headers[KEY] = f"{headers[KEY][:200]}-{next(NUMBERS)}"
