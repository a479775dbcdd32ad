#!/usr/bin/env python3
"""The openai package, unmodified, against the served default model.

usage: openai_client_test.py TESSERA
"""

import concurrent.futures
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judges  # noqa: E402

if __name__ == "__main__":
    judges.enter()

from server_process import Served  # noqa: E402

openai = judges.package("openai")
TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
QUESTION = [{"role": "user", "content": "Name three colours."}]


@judges.needs(packages=["openai"])
class OpenAIClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served(TESSERA)
        cls.addClassCleanup(cls.served.close)
        # An answer that needs a second try is a failure here.
        cls.client = openai.OpenAI(base_url=cls.served.url + "/v1", api_key="none",
                                   max_retries=0, timeout=120)
        (cls.model,) = [model.id for model in cls.client.models.list()]

    def chat(self, messages=QUESTION, **more):
        return self.client.chat.completions.create(
            model=self.model, messages=messages,
            **{"temperature": 0, "max_tokens": 24, **more})

    def test_the_model_is_listed_and_found(self):
        model = self.client.models.retrieve(self.model)
        self.assertEqual((self.model, "model"), (model.id, model.object))

    def test_chat(self):
        reply = self.chat()
        self.assertEqual("chat.completion", reply.object)
        (choice,) = reply.choices
        self.assertEqual("assistant", choice.message.role)
        self.assertGreater(len(choice.message.content), 3)
        self.assertIn(choice.finish_reason, ("stop", "length"))
        self.assertEqual(reply.usage.total_tokens, reply.usage.prompt_tokens +
                         reply.usage.completion_tokens)
        self.assertLess(reply.usage.prompt_tokens_details.cached_tokens,
                        reply.usage.prompt_tokens)

    def test_several_turns_parts_and_roles(self):
        def answer(system, first):
            reply = self.chat([{"role": system, "content": "You are brief."},
                               {"role": "user", "content": first},
                               {"role": "assistant", "content": "Hello, Ada!"},
                               {"role": "user", "content": "Where is Rome?"}])
            return reply.choices[0].message.content, reply.usage.prompt_tokens
        plain = answer("system", "My name is Ada.\nI am lost.")
        self.assertEqual(plain, answer("developer", [
            {"type": "text", "text": "My name is Ada."},
            {"type": "text", "text": "I am lost."}]))
        self.assertNotEqual(plain, answer("system", "My name is Ada."))

    def test_streaming_is_the_whole_answer_in_pieces(self):
        stream = self.chat(stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        self.assertEqual("assistant", chunks[0].choices[0].delta.role)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks
                       if chunk.choices)
        whole = self.chat()
        self.assertEqual(whole.choices[0].message.content, text)
        self.assertEqual([], chunks[-1].choices)
        self.assertEqual(whole.usage.completion_tokens,
                         chunks[-1].usage.completion_tokens)
        self.assertGreater(len(chunks), 5)

    def test_the_packages_own_stream_reader_builds_the_same_message(self):
        with self.client.chat.completions.stream(
                model=self.model, messages=QUESTION, temperature=0,
                max_tokens=24) as stream:
            kinds = {event.type for event in stream}
            final = stream.current_completion_snapshot
        self.assertIn("content.delta", kinds)
        self.assertEqual(self.chat().choices[0].message.content,
                         final.choices[0].message.content)

    def test_completions(self):
        def complete(prompt, **more):
            return self.client.completions.create(
                model=self.model, prompt=prompt, temperature=0, max_tokens=6, **more)
        one = complete("The capital of France is")
        self.assertTrue(one.choices[0].text.startswith(" Paris"), one)
        two = complete(["The capital of France is", "Two plus two is"])
        self.assertEqual([0, 1], [choice.index for choice in two.choices])
        self.assertEqual(one.choices[0].text, two.choices[0].text)
        streamed = "".join(chunk.choices[0].text for chunk in
                           complete("The capital of France is", stream=True))
        self.assertEqual(one.choices[0].text, streamed)
        echo = complete("The capital of France is", echo=True, logprobs=2)
        self.assertTrue(echo.choices[0].text.startswith("The capital of France is P"))
        logprobs = echo.choices[0].logprobs
        self.assertIsNone(logprobs.token_logprobs[0])
        self.assertEqual(len(logprobs.tokens), len(logprobs.token_logprobs))
        self.assertEqual(echo.choices[0].text, "".join(logprobs.tokens))

    def test_logprobs(self):
        reply = self.chat(logprobs=True, top_logprobs=3)
        content = reply.choices[0].logprobs.content
        self.assertTrue(reply.choices[0].message.content.startswith(content[0].token))
        for entry in content:
            self.assertEqual(3, len(entry.top_logprobs))
            self.assertAlmostEqual(entry.logprob, entry.top_logprobs[0].logprob, 5)
        chunks = list(self.chat(logprobs=True, top_logprobs=3, stream=True))
        streamed = [entry.logprob for chunk in chunks if chunk.choices and
                    chunk.choices[0].logprobs
                    for entry in chunk.choices[0].logprobs.content]
        self.assertEqual([entry.logprob for entry in content], streamed)

    def test_predicted_outputs(self):
        plain = self.chat(max_tokens=64)
        text = plain.choices[0].message.content
        # Whether drafts pay is for the server to measure: beside other processes
        # it may take a few requests until it finds that they do.
        for _ in range(20):
            reply = self.chat(max_tokens=64, prediction={
                "type": "content", "content": [{"type": "text", "text": text}]})
            self.assertEqual(text, reply.choices[0].message.content)
            details = reply.usage.completion_tokens_details
            if (details.accepted_prediction_tokens >
                    reply.usage.completion_tokens // 2):
                break
        self.assertGreater(details.accepted_prediction_tokens,
                           reply.usage.completion_tokens // 2)
        self.assertEqual((0, 0), (
            plain.usage.completion_tokens_details.accepted_prediction_tokens,
            plain.usage.completion_tokens_details.rejected_prediction_tokens))

    def test_choices_and_seeds(self):
        def texts(seed):
            reply = self.chat(temperature=1, n=3, seed=seed, max_tokens=12)
            return [choice.message.content for choice in reply.choices]
        self.assertEqual(texts(5), texts(5))
        self.assertNotEqual(texts(5), texts(6))

    def test_extensions_pass_through_extra_body(self):
        reply = self.chat(temperature=1, extra_body={
            "top_k": 1, "return_token_ids": True, "return_timings": True})
        self.assertEqual(self.chat().choices[0].message.content,
                         reply.choices[0].message.content)
        self.assertEqual(reply.usage.completion_tokens,
                         len(reply.choices[0].token_ids))

    def test_errors_are_of_the_packages_types(self):
        for kind, status, param, request in (
                (openai.BadRequestError, 400, "temperature", {"temperature": -1}),
                (openai.BadRequestError, 400, "messages", {"messages": []}),
                (openai.BadRequestError, 400, "n", {"n": 0}),
                (openai.NotFoundError, 404, "model", {"model": "gpt-none"})):
            with self.assertRaises(kind) as caught:
                self.client.chat.completions.create(
                    **{"model": self.model, "messages": QUESTION, **request})
            self.assertEqual((status, param),
                             (caught.exception.status_code, caught.exception.param))
            self.assertIn(param, str(caught.exception))
        with self.assertRaises(openai.NotFoundError):
            self.client.embeddings.create(model=self.model, input="a")

    def test_unsupported_fields_are_named(self):
        for field, value in (
                ("response_format", {"type": "json_object"}),
                ("tools", [{"type": "function", "function": {"name": "f"}}])):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.chat(**{field: value})
            self.assertIn(field, str(caught.exception))
        self.chat(response_format={"type": "text"})

    def test_a_wrong_key_is_an_authentication_error(self):
        keys = os.path.join(os.environ.get("TEST_TMPDIR", "/tmp"), "keys")
        with open(keys, "w", encoding="ascii") as file:
            file.write("open-sesame\n")
        with Served(TESSERA, "--api-keys", keys, key="open-sesame") as served:
            def client(key):
                return openai.OpenAI(base_url=served.url + "/v1", api_key=key,
                                     max_retries=0)
            self.assertEqual(1, len(list(client("open-sesame").models.list())))
            with self.assertRaises(openai.AuthenticationError):
                client("open-barley").chat.completions.create(model=self.model,
                                                       messages=QUESTION)

    def test_leaving_a_stream_ends_its_request(self):
        stream = self.chat(stream=True, max_tokens=4000,
                           extra_body={"ignore_eos": True})
        next(stream)
        stream.close()
        end = time.monotonic() + 30
        while self.served.client.metrics()["tessera_num_requests_running"] > 0:
            self.assertLess(time.monotonic(), end, "it still runs")
            time.sleep(0.05)

    def test_sixty_four_at_once(self):
        def ask(index):
            return self.chat([{"role": "user", "content": f"Tell me about {index}."}],
                             max_tokens=16).choices[0].message.content
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            together = list(pool.map(ask, range(64)))
        self.assertEqual([ask(index) for index in (0, 31, 63)],
                         [together[index] for index in (0, 31, 63)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
