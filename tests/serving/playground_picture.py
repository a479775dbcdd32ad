#!/usr/bin/env python3
"""Takes the README's picture of the playground from a running server.

usage: playground_picture.py URL OUT.png    (in the environment of tools/judges)
"""

import sys
import time

import judges

if __name__ == "__main__":
    judges.enter()

from playground_test import ActionChains, Page, start_browser  # noqa: E402

SIZE = (1080, 600)
QUESTION = "Why is the sky blue? Answer in three sentences."
POINT_AT_X = 440  # right of most figures below the answer


def main(url, path):
    browser = start_browser()
    try:
        page = Page(browser, url, SIZE)
        page.set("temperature", "0")
        page.set("max_tokens", "200")
        page.ask_and_wait(QUESTION)
        token = next(token for token in page.all(".answer:last-child .token")
                     if token.rect["x"] > POINT_AT_X)
        ActionChains(browser).move_to_element(token).perform()
        page.until(page.get("#alternatives").is_displayed)
        time.sleep(0.2)  # the pointer's hover is painted
        browser.save_screenshot(path)
    finally:
        browser.quit()


if __name__ == "__main__":
    main(*sys.argv[1:3])
