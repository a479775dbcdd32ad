#!/usr/bin/env python3
"""What `tessera convert` writes loads in safetensors, transformers and llama.cpp, and answers alike.

The judges are Python packages; a case is skipped, saying so, where its own is not installed. To run
them all, name a virtual environment that has torch, transformers, gguf, safetensors, numpy, ml_dtypes
and xllamacpp:

    bazel test //tests/model:judges_test --test_env=TESSERA_JUDGES=/path/to/venv --test_output=all
"""

import glob
import importlib
import os
import subprocess
import sys
import tempfile
import unittest

TESSERA = os.path.abspath("tools/tessera")
TEXT = "The capital of France is Paris.\n\nIt's 1234 brown foxes, na\u00efve \u6a21\u578b \U0001f642."
JUDGES = os.environ.get("TESSERA_JUDGES")


def judge(name):
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def needs(*names):
    missing = [name for name in names if judge(name) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)} (pip install)")


def log_softmax(numpy, row):
    row = row.astype(numpy.float64) - row.max()
    return row - numpy.log(numpy.exp(row).sum())


class LlamaCpp:
    def __init__(self, path):
        xllamacpp = judge("xllamacpp")
        params = xllamacpp.CommonParams()
        params.model.path = path
        params.n_ctx = 512
        params.n_parallel = 1
        params.warmup = False
        self.server = xllamacpp.Server(params)

    def complete(self, prompt, n):
        """(text, the log-probabilities of the first token's best 20 by id)."""
        answer = self.server.handle_completions(
            {"prompt": prompt, "n_predict": n, "temperature": 0, "n_probs": 20})
        choice = answer["choices"][0]
        best = choice["logprobs"]["content"][0]["top_logprobs"]
        return choice["text"], {entry["id"]: entry["logprob"] for entry in best}


class ConvertTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        (model,) = glob.glob("external/default_model/*.gguf") or glob.glob("../default_model/*.gguf")
        cls.model = os.path.abspath(model)
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def converted(cls, dtype):
        """The default model as safetensors; beside it, with .gguf, what that was turned back into."""
        there = os.path.join(cls.folder.name, dtype)
        if not os.path.exists(there):
            for source, target in ((cls.model, there), (there, there + ".gguf")):
                subprocess.run([TESSERA, "convert", source, target, "--dtype", dtype], check=True,
                               stdout=subprocess.DEVNULL)
        return there

    def transformers_model(self, path, **options):
        torch = judge("torch")
        return judge("transformers").AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, **options)

    @needs("safetensors", "numpy", "ml_dtypes")
    def test_safetensors_reads_every_tensor(self):
        from safetensors import safe_open

        for dtype, name in (("f32", "float32"), ("bf16", "bfloat16")):
            path = os.path.join(self.converted(dtype), "model.safetensors")
            with safe_open(path, framework="numpy") as file:
                self.assertEqual(272, len(file.keys()))
                self.assertEqual({"format": "pt"}, file.metadata())
                for key in file.keys():
                    self.assertEqual(name, file.get_tensor(key).dtype.name)

    @needs("torch", "transformers", "gguf")
    def test_transformers_computes_what_it_does_from_the_gguf(self):
        torch, transformers = judge("torch"), judge("transformers")
        folder, file = os.path.split(self.model)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
        ids = tokenizer(TEXT, return_tensors="pt").input_ids
        with torch.no_grad():
            want = self.transformers_model(folder, gguf_file=file)(ids).logits
            for dtype, limit in (("f32", 0), ("bf16", 0.5)):
                difference = (self.transformers_model(self.converted(dtype))(ids).logits - want).abs().max()
                print(f"transformers, {dtype} safetensors against the GGUF: {difference:.2g}")
                self.assertLessEqual(difference, limit)

    @needs("transformers", "gguf")
    def test_transformers_cuts_texts_and_writes_chats_alike(self):
        transformers = judge("transformers")
        folder, file = os.path.split(self.model)
        want = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)
        got = transformers.AutoTokenizer.from_pretrained(self.converted("f32"))
        chat = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "<|im_end|>"}]
        for text in (TEXT, "<|im_start|>user\n\n\n  x", "\t\u0301e\u0301 \ufdfa 0123456789" * 50, ""):
            self.assertEqual(want(text).input_ids, got(text).input_ids, text)
        options = {"tokenize": False, "add_generation_prompt": True}
        self.assertEqual(want.apply_chat_template(chat, **options),
                         got.apply_chat_template(chat, **options))

    @needs("xllamacpp")
    def test_llama_cpp_answers_as_from_the_original(self):
        want = LlamaCpp(self.model).complete("The capital of France is", 2)
        for dtype in ("f32", "bf16"):
            got = LlamaCpp(self.converted(dtype) + ".gguf").complete("The capital of France is", 2)
            self.assertEqual(want[0], got[0])
            # The original's weights are multiplied by eight-bit activations there.
            for token in list(want[1])[:5]:
                self.assertAlmostEqual(want[1][token], got[1][token], delta=0.5)

    @needs("xllamacpp", "torch", "transformers", "numpy")
    def test_llama_cpp_agrees_with_transformers(self):
        torch, numpy = judge("torch"), judge("numpy")
        tokenizer = judge("transformers").AutoTokenizer.from_pretrained(self.converted("f32"))
        with torch.no_grad():
            ids = tokenizer(TEXT, return_tensors="pt").input_ids
            logits = self.transformers_model(self.converted("f32"))(ids).logits[0, -1].numpy()
        want = log_softmax(numpy, logits)
        got = LlamaCpp(self.converted("f32") + ".gguf").complete(TEXT, 1)[1]
        difference = max(abs(want[token] - value) for token, value in got.items())
        print(f"llama.cpp from the GGUF written back, against transformers: {difference:.2g}")
        self.assertLess(difference, 0.05)


if __name__ == "__main__":
    if JUDGES and os.path.realpath(sys.prefix) != os.path.realpath(JUDGES):
        python = os.path.join(JUDGES, "bin", "python3")
        os.execv(python, [python, *sys.argv])
    unittest.main(verbosity=2)
