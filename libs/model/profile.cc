#include "libs/model/profile.h"

namespace tessera::model {

absl::string_view ForwardOpName(ForwardOp op) {
  static constexpr absl::string_view kNames[kNumForwardOps] = {
      "embedding",        "norm",      "query_key_value",
      "rotate_and_store", "attention", "attention_output",
      "gate_up",          "down",      "logits"};
  return kNames[static_cast<int>(op)];
}

}  // namespace tessera::model
