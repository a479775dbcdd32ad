// Tensor names of the Llama family, in both files' spelling.
//
//   GGUF                          Hugging Face
//   token_embd.weight             model.embed_tokens.weight
//   output_norm.weight            model.norm.weight
//   output.weight                 lm_head.weight
//   blk.7.attn_q.weight           model.layers.7.self_attn.q_proj.weight
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tessera::model {

// NotFound where the other format has no such tensor.
absl::StatusOr<std::string> HuggingFaceTensorName(absl::string_view gguf_name);
absl::StatusOr<std::string> GgufTensorName(absl::string_view huggingface_name);

}  // namespace tessera::model
