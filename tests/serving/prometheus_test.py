#!/usr/bin/env python3
"""A real Prometheus scrapes the server; promtool judges its exposition.

usage: prometheus_test.py TESSERA
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import judges  # noqa: E402
from server_process import Served, free_port  # noqa: E402

TESSERA = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
SECONDS = 60

# Names and meanings that dashboards already know, prefixed.
GAUGES = "num_requests_running num_requests_waiting kv_cache_usage_perc".split()
COUNTERS = """prefix_cache_queries_total prefix_cache_hits_total num_preemptions_total
    prompt_tokens_total generation_tokens_total request_success_total""".split()
HISTOGRAMS = {
    "time_to_first_token_seconds":
        ".001 .005 .01 .02 .04 .06 .08 .1 .25 .5 .75 1 2.5 5 7.5 10 20 40 80 160 640 2560",
    "inter_token_latency_seconds":
        ".001 .0025 .005 .01 .025 .05 .075 .1 .15 .2 .3 .4 .5 .75 1 2.5 5 10",
    "e2e_request_latency_seconds":
        ".3 .5 .8 1 1.5 2 2.5 5 10 15 20 30 60 120 240 480 960",
    "request_queue_time_seconds": None,
    "request_prefill_time_seconds": None,
    "request_decode_time_seconds": None,
}


def bounds(text, name):
    """Upper bounds of a histogram's buckets in an exposition, without +Inf."""
    found = set()
    for line in text.splitlines():
        if line.startswith(f"tessera_{name}_bucket{{"):
            found.add(float(line.split('le="')[1].split('"')[0]))
    return sorted(found - {float("inf")})


class ExpositionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served(TESSERA)
        cls.addClassCleanup(cls.served.close)
        cls.chat()

    @classmethod
    def chat(cls):
        status, reply = cls.served.client.post("/v1/chat/completions", {
            "model": cls.served.client.model(), "max_tokens": 8, "ignore_eos": True,
            "messages": [{"role": "user", "content": "Hello."}]})
        assert status == 200, reply
        return reply

    def exposition(self):
        return self.served.client.request("GET", "/metrics")[2].decode()

    def test_names_types_and_buckets(self):
        text = self.exposition()
        for names, kind in ((GAUGES, "gauge"), (COUNTERS, "counter"),
                            (HISTOGRAMS, "histogram")):
            for name in names:
                self.assertIn(f"# TYPE tessera_{name} {kind}\n", text)
        for name, wanted in HISTOGRAMS.items():
            if wanted:
                self.assertEqual([float(bound) for bound in wanted.split()],
                                 bounds(text, name), name)
        for name in ("process_resident_memory_bytes", "process_cpu_seconds_total",
                     "process_open_fds", "tessera_build_info"):
            self.assertIn(f"\n{name}", text)
        self.assertIn("tessera_prompt_tokens_total{model_name="
                      f'"{self.served.client.model()}"}} ', text)

    def test_counters_count(self):
        before = self.served.client.metrics()
        usage = self.chat()["usage"]
        after = self.served.client.metrics()
        for name, wanted in (("prompt_tokens_total", usage["prompt_tokens"]),
                             ("generation_tokens_total", 8),
                             ("request_success_total", 1),
                             ("time_to_first_token_seconds_count", 1),
                             ("inter_token_latency_seconds_count", 7),
                             ("e2e_request_latency_seconds_count", 1)):
            name = "tessera_" + name
            self.assertEqual(wanted, after[name] - before[name], name)

    @judges.needs(programs=["promtool"])
    def test_promtool_finds_nothing_to_say(self):
        done = subprocess.run(["promtool", "check", "metrics"],
                              input=self.exposition(), text=True,
                              capture_output=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stdout + done.stderr))

    @judges.needs(programs=["prometheus"])
    def test_prometheus_scrapes(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            config = os.path.join(folder, "prometheus.yml")
            with open(config, "w", encoding="ascii") as file:
                # JSON is YAML.
                json.dump({"global": {"scrape_interval": "1s"},
                           "scrape_configs": [{
                               "job_name": "tessera", "static_configs": [
                                   {"targets": [f"127.0.0.1:{self.served.port}"]}]}]},
                          file)
            process = subprocess.Popen(  # pylint: disable=consider-using-with
                ["prometheus", f"--config.file={config}",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wanted = self.served.client.metrics()["tessera_prompt_tokens_total"]
                self.wait_for(port, "tessera_prompt_tokens_total", wanted)
                self.wait_for(port, 'up{job="tessera"}', 1)
            finally:
                process.terminate()
                process.wait()

    def wait_for(self, port, query, wanted):
        end, found = time.monotonic() + SECONDS, None
        while found != wanted:
            self.assertLess(time.monotonic(), end, f"{query} is {found}")
            time.sleep(0.2)
            found = self.query(port, query)

    @staticmethod
    def query(port, query):
        """The value in Prometheus, or None."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/api/v1/query?query=" + quote(query))
            result = json.loads(connection.getresponse().read())["data"]["result"]
            return float(result[0]["value"][1]) if result else None
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return None  # not yet
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
