#include "services/verifier/prefix/model_identity.h"

#include <string>

#include "absl/base/casts.h"
#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/version.h"
#include "libs/device/cpu_features.h"
#include "libs/kernels/rope/rope_frequencies.h"

namespace tessera::verifier {
namespace {

// Another one shares no blocks: to be raised by whoever changes the bits of
// keys or values, or where a block has them (attention/kv_layout.h).
constexpr int kArithmeticVersion = 1;
constexpr int kLayoutVersion = 1;

std::string DescribeConfig(const model::ModelConfig& config) {
  return absl::StrCat(
      config.architecture, " layers ", config.num_layers, " hidden ",
      config.hidden_dim, " feed_forward ", config.feed_forward_dim, " heads ",
      config.num_heads, "/", config.num_kv_heads, " of ", config.head_dim,
      " vocabulary ", config.vocab_size, " epsilon ",
      absl::Hex(absl::bit_cast<uint32_t>(config.rms_norm_epsilon)), " window ",
      config.sliding_window, " from ", config.first_window_layer, " qk_norm ",
      config.qk_norm, " interleaved_rope ", config.interleaved_rope);
}

// The frequencies themselves, so that whatever stretches them is in it.
std::string DescribeRope(const kernels::RopeConfig& config) {
  const auto frequencies = kernels::RopeFrequencies::Create(config);
  CHECK(frequencies.ok()) << frequencies.status();  // the model runs with it
  const absl::Span<const float> values = frequencies->inverse_frequencies();
  const float factor = frequencies->attention_factor();
  std::string text(reinterpret_cast<const char*>(values.data()),
                   values.size() * sizeof(float));
  text.append(reinterpret_cast<const char*>(&factor), sizeof(factor));
  return text;
}

}  // namespace

kv_cache::PrefixIdentity MakePrefixIdentity(const model::Model& model,
                                            absl::string_view fingerprint) {
  // Kernel sets agree bit for bit on most formats, but not on all.
  return {.model_fingerprint =
              absl::StrCat(fingerprint, DescribeConfig(model.config())),
          .rope = DescribeRope(model.config().rope),
          .quantization = absl::StrCat(
              "kernels ", device::KernelSetName(model.kernels()), " version ",
              kVersion, " arithmetic ", kArithmeticVersion),
          .kv_dtype = std::string(attention::KvDTypeName(model.kv_dtype())),
          .block_tokens = attention::kKvBlockTokens,
          .layout_version = kLayoutVersion};
}

}  // namespace tessera::verifier
