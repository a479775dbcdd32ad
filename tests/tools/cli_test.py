#!/usr/bin/env python3
"""The tessera binary as a user meets it, on the default model."""

import contextlib
import glob
import json
import os
import pty
import select
import signal
import subprocess
import tempfile
import time
import unittest

TESSERA = os.path.abspath("tools/tessera")
(MODEL,) = glob.glob("external/default_model/*.gguf") or glob.glob(
    "../default_model/*.gguf")
MODEL = os.path.abspath(MODEL)
PROMPT = "The capital of France is"


def run(*arguments, stdin="", check=True):
    """Runs tessera and returns (exit status, standard output, standard error)."""
    done = subprocess.run([TESSERA, *arguments], input=stdin.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=240)
    if check and done.returncode != 0:
        raise AssertionError(f"tessera {arguments}: {done.stderr.decode()}")
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def complete(*arguments, prompt=PROMPT):
    output = run("complete", "--model", MODEL, "-p", prompt, "--json",
                 *arguments)[1]
    return json.loads(output)


class HelpTest(unittest.TestCase):
    def test_every_command_has_help(self):
        listing = run("--help")[1]
        commands = [line.split()[0] for line in listing.splitlines()
                    if line.startswith("  ")]
        self.assertIn("complete", commands)
        for command in commands:
            text = run(command, "--help")[1]
            self.assertIn(f"usage: tessera {command}", text)
            self.assertIn("--config FILE", text)

    def test_mistakes_are_named(self):
        status, _, error = run("compleat", check=False)
        self.assertEqual(2, status)
        self.assertIn("did you mean complete?", error)
        status, _, error = run("complete", "--temprature=1", check=False)
        self.assertEqual(1, status)
        self.assertIn("did you mean --temperature?", error)
        status, _, error = run("complete", "-p", "x", "--model", "/none.gguf",
                               check=False)
        self.assertEqual(1, status)
        self.assertIn("/none.gguf", error)
        self.assertIn("tools/up", error)


class TokenizeTest(unittest.TestCase):
    def test_ids_and_pieces(self):
        text = "Hello, world! 123 <|im_start|>"
        self.assertEqual("19556 28 905 17 216 33 34 35 216 1\n",
                         run("tokenize", "--model", MODEL, stdin=text)[1])
        found = json.loads(run("tokenize", "--model", MODEL, "--json",
                               "--parse-special=false", stdin=text)[1])
        self.assertEqual(text, "".join(found["pieces"]))
        self.assertNotIn(1, found["tokens"])


class InspectTest(unittest.TestCase):
    def test_the_default_model_would_run(self):
        found = json.loads(run("inspect", "--json", MODEL)[1])
        self.assertEqual([], found["refused"])
        self.assertEqual(272, len(found["tensors"]))
        self.assertEqual(134515008, found["num_parameters"])
        fields = {f["key"]: f["value"] for f in found["metadata"]}
        self.assertEqual(8192, fields["llama.context_length"])
        self.assertIn("This file would run.", run("inspect", MODEL)[1])

    def test_a_damaged_file_is_refused_with_its_reason(self):
        with open(MODEL, "rb") as file:
            head = file.read(1 << 20)
        with tempfile.NamedTemporaryFile(suffix=".gguf") as cut:
            cut.write(head)
            cut.flush()
            for command in ("inspect", "tokenize", "bench", "complete"):
                file = [cut.name] if command == "inspect" else ["-m", cut.name]
                status, _, error = run(command, *file, check=False)
                self.assertEqual(1, status, error)
                self.assertIn(cut.name, error)

    def test_a_missing_tensor_is_named(self):
        with open(MODEL, "rb") as file:
            data = file.read()
        # The name in the list of tensors; lengths stay as they are.
        data = data.replace(b"blk.7.attn_q.weight", b"blk.7.attn_z.weight", 1)
        with tempfile.NamedTemporaryFile(suffix=".gguf") as other:
            other.write(data)
            other.flush()
            (refusal,) = json.loads(run("inspect", "--json", other.name)[1])["refused"]
            self.assertIn("blk.7.attn_q.weight", refusal)

    def test_another_architecture_is_refused_by_name(self):
        with open(MODEL, "rb") as file:
            data = file.read()
        # The first string of that length is the value of general.architecture.
        self.assertEqual(b"llama", data[data.index(b"llama"):][:5])
        data = data.replace(b"llama", b"mamba", 1)
        with tempfile.NamedTemporaryFile(suffix=".gguf") as other:
            other.write(data)
            other.flush()
            (refusal,) = json.loads(run("inspect", "--json", other.name)[1])["refused"]
            self.assertIn("mamba", refusal)
            self.assertIn("llama, qwen2 and qwen3", refusal)


class CompleteTest(unittest.TestCase):
    def test_greedy_text_does_not_depend_on_threads(self):
        texts = {str(complete("-n", "24", "-t", threads)["token_ids"])
                 for threads in ("1", "2", "3")}
        self.assertEqual(1, len(texts), texts)

    def test_an_answer_that_a_person_expects(self):
        found = complete("-n", "3")
        self.assertTrue(found["text"].startswith(" Paris."), found)
        self.assertEqual("length", found["finish_reason"])
        self.assertEqual({"prompt_tokens": 5, "completion_tokens": 3,
                          "total_tokens": 8}, found["usage"])

    def test_a_seed_gives_the_same_draws_and_another_seed_others(self):
        def draw(seed):
            return complete("-n", "16", "--temperature=1", "--seed", seed)["token_ids"]
        self.assertEqual(draw("7"), draw("7"))
        self.assertNotEqual(draw("7"), draw("8"))

    def test_a_configuration_file_is_the_same_as_flags(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("max_tokens: 6\nstop: ['.', zebra]\ntemperature: 0\n")
            config.flush()
            self.assertEqual(
                complete("-n", "6", "--stop", ".", "--stop", "zebra")["text"],
                complete("--config", config.name)["text"])
            config.write("max_tokenz: 6\n")
            config.flush()
            error = run("complete", "--config", config.name, check=False)[2]
            self.assertIn(f"{config.name}:4: max_tokenz", error)

    def test_standard_output_is_the_text_alone(self):
        _, text, speeds = run("complete", "-m", MODEL, "-n", "3", stdin=PROMPT)
        self.assertEqual(complete("-n", "3")["text"] + "\n", text)
        self.assertRegex(speeds, r"tok/s")


class ConvertTest(unittest.TestCase):
    def test_there_and_back(self):
        text = "It's 123 <|im_start|> caf\u00e9s\n"
        ids = run("tokenize", "-m", MODEL, stdin=text)[1]
        with tempfile.TemporaryDirectory() as folder:
            there, back = folder + "/there", folder + "/back.gguf"
            run("convert", MODEL, there)
            run("convert", there, back)
            answers = set()
            for model in (there, back):
                self.assertEqual(ids, run("tokenize", "-m", model, stdin=text)[1])
                found = run("complete", "-m", model, "-p", PROMPT, "-n", "12")
                answers.add(found[1])
            # The same weights in both, so the same bits.
            self.assertEqual(1, len(answers), answers)
            self.assertTrue(answers.pop().startswith(" Paris."))

    def test_refuses_what_a_format_cannot_hold(self):
        error = run("convert", MODEL, "/tmp/never", "--dtype", "q8_0",
                    check=False)[2]
        self.assertIn("safetensors cannot hold Q8_0", error)


class Terminal:
    """tessera in a terminal of its own."""

    def __init__(self, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(TESSERA, [TESSERA, *arguments])
        self.seen = ""

    def read_until(self, words, seconds=120):
        """What came, up to and with `words`."""
        end = time.monotonic() + seconds
        while words not in self.seen:
            if not select.select([self.fd], [], [], end - time.monotonic())[0]:
                raise AssertionError(f"no {words!r} in {self.seen!r}")
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
        found, self.seen = self.seen.split(words, 1)
        return found + words

    def write(self, text):
        os.write(self.fd, text.encode())

    def exit_status(self):
        with contextlib.suppress(OSError):  # its end closes the terminal
            while os.read(self.fd, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class ChatTest(unittest.TestCase):
    def test_without_a_terminal_answers_one_question_and_ends(self):
        output = run("chat", "-m", MODEL, "-n", "24")[1].splitlines()
        self.assertRegex(output[0], r"^> .*\?$")
        self.assertRegex(output[1], r"\w+ \w+")
        self.assertRegex(output[-2], r"prompt \d+ tokens, .* tok/s; first token")
        self.assertRegex(output[-1], r"loaded in .* s; load to first token")

    def test_talks_in_a_terminal(self):
        chat = Terminal("chat", "-m", MODEL, "-n", "16", "--temperature=0")
        chat.read_until("> ")
        chat.write("Say hello.\n")
        first = chat.read_until("tok/s]")
        self.assertIn("first token", first)
        chat.read_until("> ")
        chat.write("And again.\n")
        # Only what is new is computed.
        self.assertRegex(chat.read_until("tok/s]"), r"\(\d+ cached\)")
        chat.read_until("> ")
        chat.write("/quit\n")
        self.assertEqual(0, chat.exit_status())

    def test_control_c_ends_the_answer_and_then_the_program(self):
        chat = Terminal("chat", "-m", MODEL, "--ignore-eos", "-n", "8000")
        chat.read_until("> ")
        chat.write("Tell me a long story.\n")
        chat.read_until("story.\r\n")
        time.sleep(1)
        chat.write("\x03")
        chat.read_until("tok/s]")
        chat.read_until("> ")
        chat.write("\x03")
        self.assertEqual(-signal.SIGINT, chat.exit_status())


class PerplexityTest(unittest.TestCase):
    def test_of_plain_prose(self):
        text = ("It was a bright cold day in the village, and the children "
                "went down to the river to see the boats. ") * 4
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            found = json.loads(run("perplexity", "-m", MODEL, "--file", file.name,
                                   "--context", "24", "--json")[1])
        self.assertEqual(found["num_windows"] * 23, found["num_tokens"])
        self.assertTrue(1 < found["perplexity"] < 100, found)


class BenchTest(unittest.TestCase):
    def test_json_has_a_result_for_each_test(self):
        found = json.loads(run("bench", "-m", MODEL, "-p", "8,16", "-n", "4",
                               "-d", "0,32", "-r", "2", "-o", "json")[1])
        self.assertEqual([(8, 0, 0), (16, 0, 0), (0, 4, 0),
                          (8, 0, 32), (16, 0, 32), (0, 4, 32)],
                         [(r["n_prompt"], r["n_gen"], r["n_depth"]) for r in found])
        for result in found:
            self.assertGreater(result["avg_ts"], 0)
            self.assertGreaterEqual(result["stddev_ts"], 0)
            self.assertEqual(2, len(result["samples_ns"]))


if __name__ == "__main__":
    unittest.main()
