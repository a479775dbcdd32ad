#!/usr/bin/env python3
"""What extract_prose.py keeps of a page, and how it writes a corpus."""

import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import extract_prose

PAGE = """<html><head><title>13.1.&#160;Introduction</title></head><body>
<div class="navheader"><table><tr><td>Prev</td></tr></table></div>
<div class="sect1"><h2 class="title">13.1. Introduction</h2>
<a id="x" class="indexterm"></a>
<p>Data is kept
   <em class="firstterm">consistent</em> by versions &amp; locks.</p>
<pre class="programlisting">SELECT <b>1</b>;</pre>
<p>After the code<br />and a line.</p>
<div class="table"><p class="title">Table 1</p><table><tr><td>cell</td></tr></table></div>
<ul><li><p>One</p></li><li>Two</li></ul>
<dl class="toc"><dt>Contents</dt></dl>
<dl><dt><span class="term">term</span></dt><dd>what it is</dd></dl>
</div><div class="navfooter"><hr /><p>Next</p></div></body></html>"""


class ProseTest(unittest.TestCase):

    def test_keeps_paragraphs_without_navigation_code_and_tables(self):
        title, text = extract_prose.prose(PAGE)
        self.assertEqual(title, "13.1. Introduction")
        self.assertEqual(text.split("\n\n"), [
            "13.1. Introduction",
            "Data is kept consistent by versions & locks.",
            "After the code",
            "and a line.",
            "One",
            "Two",
            "term",
            "what it is",
        ])

    def test_an_element_without_its_end_hides_no_more_than_its_parent(self):
        _, text = extract_prose.prose(
            "<div class='toc'><p>hidden<span>hidden</div><p>shown</p>")
        self.assertEqual(text, "shown")

    def test_a_void_tag_inside_what_is_skipped_does_not_wait_for_its_end(self):
        _, text = extract_prose.prose("<pre>a<br>b<img src='x'></pre><p>c</p>")
        self.assertEqual(text, "c")


class CorpusTest(unittest.TestCase):

    def test_writes_the_same_documents_as_lines_and_as_text(self):
        with tempfile.TemporaryDirectory() as folder:
            pages = os.path.join(folder, "html")
            corpus = os.path.join(folder, "corpus")
            os.mkdir(pages)
            for name in "abcd":
                with open(os.path.join(pages, name + ".html"), "w") as file:
                    file.write(f"<p>{name} {'word ' * 60}</p>")
            with open(os.path.join(pages, "stub.html"), "w") as file:
                file.write("<p>stub</p>")
            extract_prose.main([pages, corpus])
            with open(os.path.join(corpus, "documents.jsonl")) as file:
                documents = [json.loads(line) for line in file]
            with open(os.path.join(corpus, "text.txt")) as file:
                text = file.read()
        names = [document["name"] for document in documents]
        self.assertEqual(sorted(names), ["a", "b", "c", "d"])
        self.assertNotEqual(names, sorted(names))  # a sample from the start
        self.assertEqual(
            text, "".join(document["text"] + "\n\n" for document in documents))

    def test_a_folder_without_prose_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(SystemExit):
                extract_prose.main([folder, os.path.join(folder, "corpus")])


if __name__ == "__main__":
    unittest.main()
