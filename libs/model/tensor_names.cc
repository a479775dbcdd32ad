#include "libs/model/tensor_names.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tessera::model {
namespace {

struct NamePair {
  absl::string_view gguf;
  absl::string_view huggingface;
};

constexpr NamePair kModelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

constexpr NamePair kLayerNames[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
};

constexpr NamePair kLayerPrefix = {"blk.", "model.layers."};

// The same field of a pair that `from` points to, in the other format.
using Field = absl::string_view NamePair::*;

absl::StatusOr<std::string> Translate(absl::string_view name, Field from,
                                      Field to) {
  absl::string_view stem = name;
  absl::string_view suffix;
  for (const absl::string_view candidate : {".weight", ".bias"}) {
    if (absl::ConsumeSuffix(&stem, candidate)) suffix = candidate;
  }
  const absl::Status not_found =
      absl::NotFoundError(absl::StrCat("no counterpart of tensor ", name));
  if (suffix.empty()) return not_found;
  for (const NamePair& pair : kModelNames) {
    if (stem == pair.*from) return absl::StrCat(pair.*to, suffix);
  }
  const size_t dot = stem.find('.', (kLayerPrefix.*from).size());
  if (!absl::ConsumePrefix(&stem, kLayerPrefix.*from) ||
      dot == absl::string_view::npos) {
    return not_found;
  }
  const size_t digits = dot - (kLayerPrefix.*from).size();
  int layer = 0;
  if (!absl::SimpleAtoi(stem.substr(0, digits), &layer)) return not_found;
  for (const NamePair& pair : kLayerNames) {
    if (stem.substr(digits + 1) == pair.*from) {
      return absl::StrCat(kLayerPrefix.*to, layer, ".", pair.*to, suffix);
    }
  }
  return not_found;
}

}  // namespace

absl::StatusOr<std::string> HuggingFaceTensorName(absl::string_view gguf_name) {
  return Translate(gguf_name, &NamePair::gguf, &NamePair::huggingface);
}

absl::StatusOr<std::string> GgufTensorName(absl::string_view huggingface_name) {
  return Translate(huggingface_name, &NamePair::huggingface, &NamePair::gguf);
}

}  // namespace tessera::model
