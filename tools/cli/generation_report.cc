#include "tools/cli/generation_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {

std::string SpeedLine(const GenerationTimes& times) {
  const std::string cached =
      times.num_cached > 0 ? absl::StrCat(" (", times.num_cached, " cached)")
                           : "";
  return absl::StrFormat(
      "[prompt %d tokens%s, %.1f tok/s; first token %.3f s; %d tokens, "
      "%.1f tok/s]",
      times.num_prompt, cached, times.PromptTokensPerSecond(),
      absl::ToDoubleSeconds(times.to_first_token), times.num_generated,
      times.DecodeTokensPerSecond());
}

std::string GenerationToJson(const Generation& generation,
                             const MemoryUse& memory) {
  const GenerationTimes& times = generation.times;
  const nlohmann::ordered_json json = {
      {"text", generation.text},
      {"token_ids", generation.tokens},
      {"finish_reason",
       std::string(FinishReasonName(generation.finish_reason))},
      {"usage",
       {{"prompt_tokens", times.num_prompt},
        {"completion_tokens", times.num_generated},
        {"total_tokens", times.num_prompt + times.num_generated}}},
      {"timings",
       {{"time_to_first_token_seconds",
         absl::ToDoubleSeconds(times.to_first_token)},
        {"prompt_tokens_per_second", times.PromptTokensPerSecond()},
        {"decode_tokens_per_second", times.DecodeTokensPerSecond()}}},
      {"memory",
       {{"resident_bytes", memory.resident_bytes},
        {"peak_resident_bytes", memory.peak_resident_bytes},
        {"weights_bytes", memory.weights_bytes},
        {"kv_arena_bytes", memory.kv_arena_bytes}}}};
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace tessera::cli
