// Chat templates: the Jinja text that comes with a model and turns messages
// into its prompt.
//
//   ASSIGN_OR_RETURN(ChatTemplate chat, ChatTemplate::Parse(source));
//   RenderInput input;
//   input.messages = {{"user", "Hello"}};
//   input.special_tokens = {{"bos_token", "<s>"}, {"eos_token", "</s>"}};
//   ASSIGN_OR_RETURN(std::vector<Segment> prompt, chat.Render(input));
//
// A template is a stranger's program. It runs in an interpreter that knows
// nothing but the variables given, changes nothing, and stops at its limits
// (limits.h).
//
// Special tokens. The prompt comes in segments: bytes that the template wrote,
// which may form special tokens, and bytes of the messages and variables, which
// may not, whatever filters they went through. A tokenizer looks for special
// tokens inside of template segments alone (a token never reaches over a
// segment's end), and splits the text between two special tokens as one piece,
// over the borders of segments: so a message without special tokens gets the
// same ids as anywhere else.
//
// What is supported: if, for (else, if), set (also as a block), macro, call,
// filter, with, generation, break, continue, raw, comments; Python's operators,
// slices, if-else; the filters, tests and methods of text_filters.cc,
// list_filters.cc, select_filters.cc, conversion_filters.cc, tests.cc,
// text_methods.cc and dict_methods.cc; loop, namespace, range, dict,
// raise_exception, strftime_now. trim_blocks and lstrip_blocks are on, as
// transformers has them. Left out on purpose: import, include and extends,
// which reach for files; * and ** arguments; recursive loops.
// Marking a text `safe` changes nothing, and nothing is escaped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/chat_template/ast.h"
#include "libs/chat_template/limits.h"
#include "nlohmann/json.hpp"

namespace tessera::chat_template {

struct Message {
  // "system", "user", "assistant", "tool", "developer", "function" and
  // "ipython" may be part of a special token (<|user|>); other words may not.
  std::string role;
  std::string content;
};

struct RenderInput {
  std::vector<Message> messages;
  // Whether the prompt ends where the assistant's answer begins.
  bool add_generation_prompt = true;
  // "bos_token", "eos_token" and the like, as far as the model has them.
  absl::flat_hash_map<std::string, std::string> special_tokens;
  // More variables (tools, documents, date_string, ...), an object or null:
  // data, as messages are. They come before the fields above; `messages` here
  // stands for messages with more than a role and a content.
  nlohmann::ordered_json variables;
  // What strftime_now tells. Without it templates do not see that function, and
  // the prompt does not depend on the day.
  std::optional<absl::Time> now;
  absl::TimeZone time_zone = absl::UTCTimeZone();
};

struct Segment {
  std::string text;    // not empty
  bool from_template;  // may form special tokens; neighbours differ in it
};

class ChatTemplate {
 public:
  // InvalidArgument: "chat template: line 3: ...".
  static absl::StatusOr<ChatTemplate> Parse(absl::string_view source,
                                            const Limits& limits = {});

  // InvalidArgument: the template raised an exception (the message is its own,
  // after "chat template: line 3: "), or does what is not supported, or
  // `variables` is neither an object nor null. ResourceExhausted: a limit.
  // May be called by many threads at once.
  absl::StatusOr<std::vector<Segment>> Render(const RenderInput& input) const;

 private:
  ChatTemplate(Body body, const Limits& limits)
      : body_(std::make_shared<const Body>(std::move(body))), limits_(limits) {}

  std::shared_ptr<const Body> body_;
  Limits limits_;
};

}  // namespace tessera::chat_template
