"""Renders as transformers does: jinja2 in a sandbox, with its options."""

import datetime
import json
import signal

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = 1722036600  # 2024-07-26 23:30 UTC
MAX_SECONDS = 3


class TemplateError(Exception):
    """What the template itself raised."""


class TookTooLong(Exception):
    """A random template may loop for hours."""


def _stop(unused_signal, unused_frame):
    raise TookTooLong()


class Generation(jinja2.ext.Extension):
    """{% generation %}: its body, in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_render")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def _raise_exception(message):
    raise TemplateError(message)


def _tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _strftime_now(form):
    return datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).strftime(form)


def _environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Generation, "jinja2.ext.loopcontrols"],
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


ENVIRONMENT = _environment()


def render(case):
    """The output of a case, or {"error": message, "raised": by the template}."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(MAX_SECONDS)
    try:
        template = ENVIRONMENT.from_string(case["template"])
        return template.render(
            messages=case.get("messages", []),
            add_generation_prompt=case.get("add_generation_prompt", True),
            **case.get("special_tokens", {}),
            **case.get("variables", {}),
        )
    except TemplateError as error:
        return {"error": str(error), "raised": True}
    except Exception as error:  # pylint: disable=broad-except
        return {"error": f"{type(error).__name__}: {error}", "raised": False}
    finally:
        signal.alarm(0)
