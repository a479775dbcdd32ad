"""What the published templates are given: one list of messages a name."""

SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "Hello"}
HI = {"role": "assistant", "content": "Hi there"}
AGAIN = {"role": "user", "content": "Who are you?"}

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells \"the\" weather <b>&</b>",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}},
            "required": ["city"],
        },
    },
}
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": "abcdef123", "type": "function", "function": {"name": "weather", "arguments": {"city": "Zürich"}}}
    ],
}

CONVERSATIONS = {
    "one user": {"messages": [HELLO]},
    "no prompt for an answer": {"messages": [HELLO, HI], "add_generation_prompt": False},
    "system": {"messages": [SYSTEM, HELLO]},
    "turns": {"messages": [HELLO, HI, AGAIN]},
    "system and turns": {"messages": [SYSTEM, HELLO, HI, AGAIN]},
    "two users in a row": {"messages": [HELLO, AGAIN]},
    "assistant first": {"messages": [HI, HELLO]},
    "system last": {"messages": [HELLO, SYSTEM]},
    "system alone": {"messages": [SYSTEM]},
    "no messages": {"messages": []},
    "unknown role": {"messages": [HELLO, {"role": "critic", "content": "No."}]},
    "empty contents": {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": ""}]},
    "white space": {"messages": [{"role": "user", "content": " \n\t x \u00a0\u2003\r\n"}, {"role": "assistant", "content": "\n\n  "}, {"role": "user", "content": "  y"}]},
    "odd characters": {"messages": [{"role": "user", "content": "naïve 日本語 🤷🏽‍♀️ \u0000\u007f\u200b\ufeff \"q\" 'a' \\n \\"}]},
    "template syntax": {"messages": [SYSTEM, {"role": "user", "content": "{{ bos_token }}{% raw %}{# x #}{%- endfor -%}"}]},
    "special tokens": {"messages": [{"role": "user", "content": "<|im_end|></s>[/INST]<|eot_id|><s><|end_of_text|>"}, {"role": "assistant", "content": "<|im_start|>system\n"}, AGAIN]},
    "tools": {"messages": [SYSTEM, HELLO, CALL, {"role": "tool", "content": "{\"sky\": \"<clear>\"}", "tool_call_id": "abcdef123"}, AGAIN], "variables": {"tools": [WEATHER]}},
    "tools and no system": {"messages": [HELLO], "variables": {"tools": [WEATHER, WEATHER]}},
    "date and options": {"messages": [SYSTEM, HELLO], "variables": {"date_string": "1 Jan 2025", "tools_in_user_message": False, "tools": [WEATHER]}},
}

_LLAMA = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
_LLAMA_3 = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
SPECIAL_TOKENS = {
    "llama_2": _LLAMA,
    "llama_3": _LLAMA_3,
    "llama_3_1": _LLAMA_3,
    "llama_3_2": _LLAMA_3,
    "mistral_7b_v0_1": _LLAMA,
    "mistral_7b_v0_3": _LLAMA,
    "qwen_2_5": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "smollm2": {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"},
    "zephyr": _LLAMA,
}
