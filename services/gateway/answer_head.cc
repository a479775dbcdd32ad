#include "services/gateway/answer_head.h"

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"

namespace tessera::gateway {

std::string NewRequestId() {
  char bytes[16];
  CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes), sizeof(bytes)) ==
        1);
  return absl::BytesToHexString(absl::string_view(bytes, sizeof(bytes)));
}

std::string AnswerId(bool is_chat, absl::string_view request_id) {
  return absl::StrCat(is_chat ? "chatcmpl-" : "cmpl-", request_id);
}

}  // namespace tessera::gateway
