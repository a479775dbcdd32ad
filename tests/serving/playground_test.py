#!/usr/bin/env python3
"""The playground page in a real browser, without a window.

usage: playground_test.py FILES [TESSERA]

FILES: the page's index.html. With TESSERA the binary serves the page and the
default model answers; otherwise a fake does both.

Over 500 lines: each test is a few clicks on the one page, and all share a browser
and the ways to find things on it.
"""

import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judges  # noqa: E402

if __name__ == "__main__":
    judges.enter()

from fake_server import FakeServer  # noqa: E402
from server_process import Served  # noqa: E402

selenium = judges.package("selenium")
if selenium:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

ARGUMENTS = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
SECONDS = 60  # that anything may take
PHONE = (390, 844)
DESKTOP = (1200, 800)


def start_browser():
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--disable-gpu"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL",
                                                 "performance": "ALL"})
    # With its path given, selenium looks for no driver elsewhere.
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=service)


def contrast(one, other):
    """Of two colours as the browser computes them, as WCAG 2.1 defines it."""
    def luminance(colour):
        channels = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
                  for value in channels]
        return sum(map(float.__mul__, (0.2126, 0.7152, 0.0722), linear))
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


class Page:
    """What a person does with the page."""

    def __init__(self, browser, url, size=DESKTOP):
        self.browser = browser
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1,
            "mobile": size == PHONE})
        browser.get(url)
        self.until(lambda: self.get("#server").get_attribute("data-state") != "unknown")

    def get(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def until(self, is_so, words="it never happened"):
        end = time.monotonic() + SECONDS
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError(words)
            time.sleep(0.02)

    def press(self, *keys):
        """On whatever has the focus; SHIFT and CONTROL hold until NULL."""
        self.focused().send_keys(*keys)

    def focused(self):
        return self.browser.switch_to.active_element

    def set(self, name, value):
        field = self.get(f"#parameter-{name}")
        field.clear()
        field.send_keys(value)

    def is_busy(self):
        return self.run("return document.body.classList.contains('busy')")

    def answer(self):
        """The last answer's text, as shown."""
        return self.all(".answer .text")[-1].get_attribute("textContent")

    def ask(self, text):
        self.get("#message").send_keys(text, Keys.ENTER)

    def ask_and_wait(self, text):
        self.ask(text)
        self.until(lambda: self.answer() != "" and not self.is_busy())


@judges.needs(packages=["selenium"], programs=["chromium", "chromedriver"])
class PlaygroundTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.fake = None
        if len(ARGUMENTS) > 1:
            cls.served = Served(os.path.abspath(ARGUMENTS[1]))
            cls.url = cls.served.url
            cls.addClassCleanup(cls.served.close)
        else:
            cls.fake = FakeServer(os.path.dirname(ARGUMENTS[0])).start()
            cls.url = cls.fake.url
            cls.addClassCleanup(cls.fake.shutdown)
        cls.browser = start_browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        if self.fake:
            self.fake.key, self.fake.health, self.fake.pace = None, 200, 0.01
        self.page = Page(self.browser, self.url)
        self.page.run("sessionStorage.clear(); localStorage.clear()")
        self.page = Page(self.browser, self.url)
        if not self.fake:
            # Small models ramble.
            self.page.set("max_tokens", "48")
            self.page.get("#message").click()

    def only_the_fake(self, why):
        if not self.fake:
            self.skipTest(f"only the fake can {why}")

    def test_a_message_is_answered_as_it_is_computed(self):
        self.page.ask("Why is the sky blue?")
        self.page.until(lambda: self.page.answer() != "")
        first = self.page.answer()
        self.page.until(lambda: not self.page.is_busy())
        whole = self.page.answer()
        self.assertTrue(whole.startswith(first))
        self.assertLess(len(first), len(whole), "it came all at once")
        figures = self.page.get(".figures").text
        self.assertRegex(figures, r"[\d.]+ tok/s")
        self.assertRegex(figures, r"first token [\d.]+ m?s")
        self.assertRegex(figures, r"\d+ of \d+ prompt tokens? cached")
        self.assertRegex(figures, r"prefill [\d.]+ m?s")

    def test_characters_of_several_tokens_are_whole(self):
        self.only_the_fake("be sure to say one")
        self.page.ask_and_wait("And the sun?")
        self.assertIn("itself \U0001f31e keeps", self.page.answer())
        self.assertNotIn("\ufffd", self.page.answer())
        spans = [span.get_attribute("textContent") for span in
                 self.page.all(".answer .token")]
        self.assertIn("\U0001f31e", spans)
        self.assertEqual("".join(spans), self.page.answer())

    def test_stop_keeps_what_came(self):
        if self.fake:
            self.fake.pace, before = 0.2, self.fake.hang_ups
        else:
            self.page.set("max_tokens", "4000")
        self.page.ask("Tell me a long story.")
        self.page.until(lambda: self.page.answer() != "")
        self.page.get("#stop").click()
        self.page.until(lambda: not self.page.is_busy())
        self.assertNotEqual("", self.page.answer())
        self.assertIn("stopped", self.page.get(".figures").text)
        self.page.all(".answer .buttons button")[3].click()
        self.page.until(lambda: self.page.all(".prompt-token"))
        self.assertRegex(self.page.get(".prompt .note").text, r"^\d+ tokens$",
                         "nobody said what was cached")
        if self.fake:
            self.page.until(lambda: self.fake.hang_ups > before,
                            "the server was not hung up on")
        else:
            self.page.until(lambda: self.served.client.metrics()[
                "tessera_num_requests_running"] == 0, "it still runs")

    def test_escape_stops(self):
        if self.fake:
            self.fake.pace = 0.2
        else:
            self.page.set("max_tokens", "4000")
        self.page.ask("Tell me a long story.")
        self.page.until(lambda: self.page.answer() != "")
        self.page.press(Keys.ESCAPE)
        self.page.until(lambda: not self.page.is_busy())
        self.assertIn("stopped", self.page.get(".figures").text)

    def test_alternatives_of_the_token_under_the_pointer(self):
        self.page.ask_and_wait("Why is the sky blue?")
        token = self.page.all(".answer .token")[2]
        ActionChains(self.browser).move_to_element(token).perform()
        self.page.until(self.page.get("#alternatives").is_displayed)
        rows = self.page.all("#alternatives .alternative")
        self.assertGreaterEqual(len(rows), 5)
        (chosen,) = self.page.all("#alternatives .chosen .token-text")
        self.assertEqual(token.get_attribute("textContent").replace(" ", "\u00b7"),
                         chosen.text)
        shares = [float(share.text.strip("<>%")) for share in
                  self.page.all("#alternatives .share")]
        self.assertLessEqual(sum(shares), 101)
        ActionChains(self.browser).move_to_element(self.page.get("h1")).perform()
        self.page.until(lambda: not self.page.get("#alternatives").is_displayed())

    def test_alternatives_by_keyboard(self):
        self.page.ask_and_wait("Why is the sky blue?")
        tokens = self.page.all(".answer .token")
        # From the message backwards: four buttons, then the tokens.
        self.page.get("#message").click()
        for _ in range(20):
            self.page.press(Keys.SHIFT, Keys.TAB)
            if self.page.focused() == tokens[0]:
                break
        self.assertEqual(tokens[0], self.page.focused())
        self.assertTrue(self.page.get("#alternatives").is_displayed())
        self.page.press(Keys.ARROW_RIGHT)
        self.assertEqual(tokens[1], self.page.focused())
        self.assertEqual("alternatives", tokens[1].get_attribute("aria-describedby"))
        self.page.press(Keys.END)
        self.assertEqual(tokens[-1], self.page.focused())
        self.page.press(Keys.HOME)
        self.assertEqual(tokens[0], self.page.focused())
        self.page.press(Keys.ESCAPE)
        self.assertFalse(self.page.get("#alternatives").is_displayed())

    def marked(self, source):
        """The texts of the last answer's tokens with this source."""
        return [token.get_attribute("textContent") for token in
                self.page.all(f".answer:last-child .text [data-source={source}]")]

    def test_drafted_tokens_are_marked_by_source(self):
        self.only_the_fake("say what is drafted")
        self.page.ask_and_wait("Why is the sky blue?")
        self.assertEqual([" sky", " looks", "\U0001f31e"], self.marked("text"))
        self.assertEqual([" because", " air", " sc"], self.marked("prediction"))
        self.assertEqual(["atters", " short"], self.marked("draft_model"))
        self.assertEqual(["drafted from the conversation", "drafted from the prediction",
                          "drafted by the draft model"],
                         [item.text for item in self.page.all(".answer .legend li")])
        # Not by colour alone.
        lines = self.page.run("""
            return ['text', 'prediction', 'draft_model'].map((source) => getComputedStyle(
                document.querySelector(`.text [data-source=${source}]`)).textDecorationStyle)""")
        self.assertEqual(3, len(set(lines)), lines)
        figures = self.page.get(".figures").text
        self.assertIn("drafts kept: conversation 3 of 4, draft model 2 of 2", figures)
        self.assertIn("2 of 5 prompt tokens cached (2 from memory, loaded in 3.2 ms)",
                      figures)
        # Told to who cannot see it, with the alternatives.
        ActionChains(self.browser).move_to_element(
            self.page.get(".text [data-source=prediction]")).perform()
        self.page.until(self.page.get("#alternatives").is_displayed)
        self.assertIn("drafted from the prediction", self.page.get("#alternatives").text)

    def test_marks_can_be_read_in_light_and_dark(self):
        self.only_the_fake("say what is drafted")
        self.page.ask_and_wait("Why is the sky blue?")
        for theme in ("light", "dark"):
            self.page.run("document.documentElement.dataset.theme = arguments[0]", theme)
            for source in ("text", "prediction", "draft_model"):
                ink, wash = self.page.run("""
                    const style = getComputedStyle(document.querySelector(
                        `.text [data-source=${arguments[0]}]`));
                    return [style.color, style.backgroundColor];""", source)
                self.assertGreater(contrast(ink, wash), 7, (theme, source))
            ground = self.page.run("return getComputedStyle(document.body.parentElement)"
                                   ".backgroundColor")
            line = self.page.run("""return getComputedStyle(document.querySelector(
                '.text [data-source=text]')).textDecorationColor""")
            self.assertGreater(contrast(line, ground), 3, theme)

    def test_a_repeated_text_is_drafted_from_the_conversation(self):
        if self.fake:
            self.skipTest("only a model repeats what it is told")
        self.page.set("temperature", "0")
        self.page.set("max_tokens", "96")
        self.page.get("#message").click()
        self.page.ask_and_wait("Repeat exactly: one amber basket, two cedar bowls, three "
                               "dapple horses, four ember fires, five fallow fields, six "
                               "gather songs, seven harbour lights, eight inlet boats.")
        self.assertNotEqual([], self.marked("text"))
        self.assertRegex(self.page.get(".figures").text,
                         r"drafts kept: conversation [1-9]\d* of \d+")
        said = self.page.answer()
        self.page.get("#parameter-prediction").send_keys(said)
        self.page.all(".answer .buttons button")[1].click()
        self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        self.assertEqual(said, self.page.answer())
        self.assertNotEqual([], self.marked("prediction"))

    def test_the_prompts_tokens_show_what_was_cached(self):
        self.page.ask_and_wait("Why is the sky so blue?")
        if not self.fake:
            self.page.all(".answer .buttons button")[1].click()
            self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        figures = self.page.get(".answer:last-child .figures").text
        cached, total = map(int, re.search(r"(\d+) of (\d+) prompt", figures).groups())
        self.assertGreater(cached, 0)
        button = self.page.all(".answer .buttons button")[3]
        self.assertEqual("false", button.get_attribute("aria-expanded"))
        button.click()
        self.page.until(lambda: self.page.all(".prompt-token"))
        self.assertEqual("true", button.get_attribute("aria-expanded"))
        tokens = self.page.all(".prompt-token")
        self.assertEqual(total, len(tokens))
        self.assertIn("Why is the sky so blue?", self.page.get(".prompt-text").text)
        self.assertEqual(["cached"] * cached + [None] * (total - cached),
                         [token.get_attribute("data-source") for token in tokens])
        self.assertIn(f"{total} tokens, the first {cached} of them cached",
                      self.page.get(".prompt .note").text)
        button.click()
        self.assertFalse(self.page.get(".prompt").is_displayed())

    def test_a_prediction_is_sent_and_its_refusal_marks_its_field(self):
        field = self.page.get("#parameter-prediction")
        field.send_keys(" The sky\nis blue.")
        self.page.get("#show-curl").click()
        self.assertEqual({"type": "content", "content": " The sky\nis blue."},
                         self.curl()[1]["prediction"])
        self.page.press(Keys.ESCAPE)
        self.only_the_fake("refuse one that is short")
        field.clear()
        field.send_keys("refuse me")
        self.page.ask("Anything?")
        self.page.until(lambda: self.page.all(".error"))
        self.assertEqual("true", field.get_attribute("aria-invalid"))

    def test_a_conversation_by_keyboard_alone(self):
        self.assertEqual("message", self.page.focused().get_attribute("id"))
        self.page.press("One", Keys.SHIFT, Keys.ENTER, Keys.NULL, "two")
        self.assertEqual("One\ntwo", self.page.get("#message").get_attribute("value"))
        self.page.press(Keys.ENTER)
        self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        self.assertEqual("message", self.page.focused().get_attribute("id"))
        self.assertEqual("One\ntwo", self.page.get(".question .text").text)
        self.page.press("three", Keys.ENTER)
        self.page.until(lambda: len(self.page.all(".answer")) == 2)
        self.page.until(lambda: not self.page.is_busy())

    def test_every_control_has_a_name(self):
        unnamed = self.page.run("""
            return [...document.querySelectorAll('button, input, textarea')]
                .filter((each) => !(each.labels?.length || each.textContent.trim() ||
                                    each.getAttribute('aria-label')))
                .map((each) => each.outerHTML);""")
        self.assertEqual([], unnamed)

    def curl(self):
        """(address, the body) of the line in the box."""
        line = self.page.get("#curl-line").text
        self.assertTrue(line.startswith("curl -N '"), line)
        body = line.split("-d '", 1)[1].rstrip("'").replace("'\\''", "'")
        return line.split("'")[1], json.loads(body), line

    def test_curl_is_the_request_that_was_sent(self):
        self.page.set("temperature", "0.25")
        self.page.set("seed", "7")
        self.page.get("#parameter-stop").send_keys("END\\n")
        self.page.get("#system").send_keys("It's brief.")
        self.page.ask_and_wait("Don't say \"it\".")
        self.page.all(".answer .buttons button")[2].click()
        address, body, _ = self.curl()
        self.assertEqual(self.url + "/v1/chat/completions", address)
        self.assertEqual([{"role": "system", "content": "It's brief."},
                          {"role": "user", "content": "Don't say \"it\"."}],
                         body["messages"])
        self.assertEqual((0.25, 7, ["END\n"], True),
                         (body["temperature"], body["seed"], body["stop"],
                          body["stream"]))
        self.assertNotIn("top_p", body)
        if self.fake:
            self.assertEqual(self.fake.requests[-1], body)
        self.page.press(Keys.ESCAPE)
        self.assertFalse(self.page.get("#curl").is_displayed())

    def test_the_next_request_holds_the_turns_before_it(self):
        self.page.ask_and_wait("First?")
        first = self.page.answer()
        self.page.get("#message").send_keys("Second?")
        self.page.get("#show-curl").click()
        self.assertEqual(["First?", first, "Second?"],
                         [turn["content"] for turn in self.curl()[1]["messages"]])

    def test_regenerate_and_edit_forget_what_came_after(self):
        self.page.ask_and_wait("First?")
        self.page.ask_and_wait("Second?")
        self.page.all(".answer")[0].find_elements(By.CSS_SELECTOR, "button")[1].click()
        self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        self.assertEqual(1, len(self.page.all(".answer")))
        self.page.get(".question button").click()
        self.page.press(Keys.CONTROL, "a", Keys.NULL, "Changed?", Keys.ENTER)
        self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        self.assertEqual("Changed?", self.page.get(".question .text").text)
        self.assertEqual(1, len(self.page.all(".turn.question")))
        self.page.get("#clear").click()
        self.assertEqual([], self.page.all(".turn"))
        self.assertTrue(self.page.get("#welcome").is_displayed())

    def test_a_refusal_is_shown_and_its_field_marked(self):
        # Past the form's own bounds, as a field that it does not know would be.
        self.page.run("""document.querySelector('#parameter-temperature')
                             .removeAttribute('max')""")
        self.page.set("temperature", "1000")
        self.page.ask("Anything?")
        self.page.until(lambda: self.page.all(".error"))
        self.assertIn("temperature", self.page.get(".error").text)
        self.assertIn("status 400", self.page.get(".error").text)
        self.assertEqual("true", self.page.get("#parameter-temperature")
                         .get_attribute("aria-invalid"))
        self.page.set("temperature", "0")
        self.page.all(".answer .buttons button")[1].click()
        self.page.until(lambda: self.page.answer() != "" and not self.page.is_busy())
        self.assertEqual([], self.page.all(".error"))

    def test_a_value_out_of_bounds_is_not_sent(self):
        self.page.set("top_p", "7")
        self.page.ask("Anything?")
        self.assertEqual([], self.page.all(".turn"))
        self.assertEqual("Anything?", self.page.get("#message").get_attribute("value"))
        self.assertEqual("parameter-top_p", self.page.focused().get_attribute("id"))

    def test_the_model_and_the_servers_state_are_shown(self):
        self.page.until(lambda: self.page.get("#model").text != "")
        self.assertEqual("ready", self.page.get("#server").get_attribute("data-state"))
        self.only_the_fake("be unwell on demand")
        self.fake.health = 503
        self.page.ask("Anything?")
        self.page.until(lambda: self.page.all(".error"))
        self.assertIn("try again in 2 s", self.page.get(".error").text)
        self.page.until(lambda: self.page.get("#server").get_attribute(
            "data-state") == "unready")

    def test_a_key_is_asked_for_and_stays_out_of_the_curl_line(self):
        self.only_the_fake("ask for a key here")
        self.fake.key = "sesame"
        page = Page(self.browser, self.url)
        page.until(lambda: "API key" in page.get("#server-state").text)
        page.ask("Anything?")
        page.until(lambda: page.all(".error"))
        self.assertEqual("key", page.focused().get_attribute("id"))
        page.press("sesame", Keys.TAB)
        page.until(lambda: page.get("#model").text != "")
        page.get("#show-curl").click()
        self.assertIn("Bearer $API_KEY", page.get("#curl-line").text)
        self.assertNotIn("sesame", page.get("#curl-line").text)

    def test_light_and_dark(self):
        def ground():
            return self.page.run(
                "return getComputedStyle(document.documentElement).backgroundColor")

        def system(scheme):
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": "prefers-color-scheme", "value": scheme}]})
        system("light")
        light = ground()
        system("dark")
        dark = ground()
        self.assertNotEqual(light, dark)
        theme = self.page.get("#theme")
        theme.click()
        self.assertEqual(("Colours: light", light),
                         (theme.get_attribute("aria-label"), ground()))
        self.page = Page(self.browser, self.url)  # it is remembered
        self.assertEqual(light, ground())
        system("light")
        self.page.get("#theme").click()
        self.assertEqual(dark, ground())

    def test_on_a_phone_nothing_is_cut_off(self):
        page = Page(self.browser, self.url, PHONE)
        if not self.fake:
            page.get("#toggle-settings").click()
            page.set("max_tokens", "24")
            page.get("#close-settings").click()

        def assert_fits(what):
            width, scroll = page.run("return [innerWidth, Math.max("
                                     "document.documentElement.scrollWidth, "
                                     "document.querySelector('#scroll').scrollWidth)]")
            self.assertLessEqual(scroll, width, what)
            self.assertEqual(PHONE[0], width, what)
        assert_fits("the empty page")
        page.ask_and_wait("A word without end: " + "never" * 40)
        assert_fits("an answer")
        for selector in ("#message", "#send", "#clear", "#theme", "#toggle-settings"):
            box = page.get(selector).rect
            self.assertGreaterEqual(box["x"], 0, selector)
            self.assertLessEqual(box["x"] + box["width"], PHONE[0], selector)
        # The model may end its answer with blank tokens, which have no place to
        # click on.
        token = [t for t in page.all(".answer .token") if t.text.strip()][-1]
        token.click()
        box = page.get("#alternatives").rect
        self.assertLessEqual(box["x"] + box["width"], PHONE[0])
        page.get("#toggle-settings").click()
        assert_fits("settings")
        page.press(Keys.ESCAPE)
        self.assertFalse(page.get("#settings").is_displayed())

    def test_nothing_leaves_this_machine_and_nothing_is_refused_by_the_policy(self):
        self.browser.get_log("performance")
        self.browser.get_log("browser")
        page = Page(self.browser, self.url)
        page.ask_and_wait("Why is the sky blue?")
        urls = set()
        for entry in self.browser.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.add(message["params"]["request"]["url"])
        self.assertIn(self.url + "/v1/chat/completions", urls)
        self.assertEqual(set(), {url for url in urls if not url.startswith(self.url)})
        self.assertEqual([], self.browser.get_log("browser"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + [a for a in sys.argv[1:] if a not in ARGUMENTS],
                  verbosity=2)
