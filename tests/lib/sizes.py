"""What `ukc size` says of an image that a test has built: every byte is in one line."""

import os

from lib.project import expect

BY = {"instance": "instances", "file": "files", "symbol": "symbols", "section": "sections"}


def lines(p, image, by="instance"):
    """name: bytes; names that are there several times (of several instances) are added up."""
    said = p.ukc("size", "--json", "--by", by, image).json
    sums = {}
    for line in said[BY[by]]:
        expect(line["name"] and line["bytes"] > 0, "each line has a name and bytes", line)
        sums[line["name"]] = sums.get(line["name"], 0) + line["bytes"]
    size = os.path.getsize(p.file(image))
    expect(said["bytes"] == size and sum(sums.values()) == size, f"{by}: the sum is the file's size", size, said["bytes"], sum(sums.values()))
    return sums


def check(p, image, share=20):
    """What nobody is known to have made is little, at most such a share of the image: words that the linker merged, and tables of the optimiser."""
    image = os.path.relpath(p.file(image), p.path)
    sums = lines(p, image)
    unknown = sums.get("(constants)", 0)
    expect(unknown * share <= os.path.getsize(p.file(image)) or b".debug_info" in p.read(image), "of nearly all bytes it is known whose they are", sums)
    return sums
