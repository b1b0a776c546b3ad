"""Every public header compiles alone, twice, with both compilers; rooms call downwards only: see tests/headers.py."""

import headers

ORDER = 5


def tests(context):
    for compiler in headers.COMPILERS:
        for header in headers.public_headers():
            yield f"{compiler}/{header}", lambda c=compiler, h=header: headers.check(c, h)
    for room in headers.rooms():
        yield f"rooms/{room}", lambda r=room: headers.check_room(r)
