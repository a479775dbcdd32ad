#!/usr/bin/env python3
"""Takes the prose out of a manual in HTML: no navigation, contents, code, tables.

usage: extract_prose.py HTML_FOLDER OUTPUT_FOLDER

Writes OUTPUT_FOLDER/documents.jsonl, one object a page with its name, title and
text, and OUTPUT_FOLDER/text.txt, the same texts one after another. A text is
paragraphs with an empty line between them, spaces and line ends collapsed.

Pages stand in the order of their names' SHA-256: any part of the corpus is a
sample of the whole, and the same one when a page elsewhere changes. Made for
the manuals that DocBook's stylesheets write, such as PostgreSQL's.
"""

import hashlib
import html.parser
import json
import os
import sys

# With everything inside them. refsynopsisdiv: a command's syntax.
SKIPPED_TAGS = {"head", "pre", "script", "style", "table"}
SKIPPED_CLASSES = {"navheader", "navfooter", "toc", "table", "refsynopsisdiv",
                   "index", "indexterm", "footnotes"}
# What starts and ends a paragraph.
BLOCKS = {"blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4",
          "h5", "h6", "hr", "li", "ol", "p", "ul"}
# Tags that are never closed.
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}
# Shorter pages are stubs: a title, a list of chapters.
MIN_CHARACTERS = 200


class ProseParser(html.parser.HTMLParser):
    """Collects the paragraphs of one page."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.paragraphs = []
        self.title = ""
        self._words = []
        self._skipped = []  # the tags open inside a skipped element, it included
        self._in_title = False

    def handle_starttag(self, tag, attrs):
        if tag == "title":
            self._in_title = True
        classes = set((dict(attrs).get("class") or "").split())
        if self._skipped or tag in SKIPPED_TAGS or classes & SKIPPED_CLASSES:
            if tag not in VOID:
                self._skipped.append(tag)
        elif tag in BLOCKS:
            self._end_paragraph()

    def handle_startendtag(self, tag, attrs):
        if not self._skipped and tag in BLOCKS:
            self._end_paragraph()

    def handle_endtag(self, tag):
        if tag == "title":
            self._in_title = False
        if self._skipped:
            # Up to the innermost of that name, should one inside lack its end.
            if tag in self._skipped:
                while self._skipped.pop() != tag:
                    pass
        elif tag in BLOCKS:
            self._end_paragraph()

    def handle_data(self, data):
        if self._in_title:
            self.title += data
        if not self._skipped:
            self._words.append(data)

    def close(self):
        super().close()
        self._end_paragraph()

    def _end_paragraph(self):
        paragraph = " ".join("".join(self._words).split())
        if paragraph:
            self.paragraphs.append(paragraph)
        self._words = []


def prose(page):
    """(title, text) of a page's HTML."""
    parser = ProseParser()
    parser.feed(page)
    parser.close()
    return " ".join(parser.title.split()), "\n\n".join(parser.paragraphs)


def documents(folder):
    """The pages of a folder with enough text, in their order."""
    names = [name[:-len(".html")] for name in os.listdir(folder)
             if name.endswith(".html")]
    for name in sorted(names, key=lambda n: hashlib.sha256(n.encode()).digest()):
        path = os.path.join(folder, name + ".html")
        with open(path, encoding="utf-8", errors="replace") as file:
            title, text = prose(file.read())
        if len(text) >= MIN_CHARACTERS:
            yield {"name": name, "title": title, "text": text}


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    source, target = arguments
    os.makedirs(target, exist_ok=True)
    with open(os.path.join(target, "documents.jsonl"), "w", encoding="utf-8") as lines, \
            open(os.path.join(target, "text.txt"), "w", encoding="utf-8") as text:
        count = 0
        for document in documents(source):
            lines.write(json.dumps(document, ensure_ascii=False) + "\n")
            text.write(document["text"] + "\n\n")
            count += 1
    if count == 0:
        sys.exit(f"{source}: no page with prose")


if __name__ == "__main__":
    main(sys.argv[1:])
