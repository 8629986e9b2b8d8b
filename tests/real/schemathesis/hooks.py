"""What the program does not know of this API.

Every right request has an Idempotency-Key of its own, if it has one: the program sends the same short key again and
again, under which all requests but the first are 422, rightly, and without being read any further. What the same key
does is in tests/it/rest.rs.

In a form every field is a text: a title that is made a number, to be wrong, arrives as a text and is right.
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


@schemathesis.hook
def filter_case(context, case):
    if case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return True
    for name, value in case.body.items():
        texts = value if name == "watchers" and isinstance(value, list) else [value]
        if name != "attachments" and not all(isinstance(text, str) for text in texts):
            return False
    return True
