// What every answer, or every chunk of one, starts with.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tessera::gateway {

struct AnswerHead {
  std::string id;  // "chatcmpl-...": see AnswerId
  int64_t created_unix_seconds = 0;
};

// 128 random bits, in hexadecimal.
std::string NewRequestId();

// "chatcmpl-<request_id>", "cmpl-<request_id>".
std::string AnswerId(bool is_chat, absl::string_view request_id);

}  // namespace tessera::gateway
