#include "services/gateway/usage_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"

namespace tessera::gateway {

namespace v1 = verifier::v1;

void AppendUsage(const v1::Usage& usage, std::string* json) {
  const int64_t prompt = usage.num_prompt_tokens();
  const int64_t generated = usage.num_generated_tokens();
  absl::StrAppend(json, "{\"prompt_tokens\":", prompt,
                  ",\"completion_tokens\":", generated,
                  ",\"total_tokens\":", prompt + generated);
  absl::StrAppend(json, ",\"prompt_tokens_details\":{\"cached_tokens\":",
                  usage.num_cached_tokens(), "}}");
}

void AppendTimings(const v1::Usage& usage, std::string* json) {
  absl::StrAppend(json, "{\"queue_seconds\":");
  AppendJsonNumber(usage.queue_seconds(), json);
  absl::StrAppend(json, ",\"prefill_seconds\":");
  AppendJsonNumber(usage.prefill_seconds(), json);
  absl::StrAppend(json, ",\"decode_seconds\":");
  AppendJsonNumber(usage.decode_seconds(), json);
  absl::StrAppend(json, ",\"cached_tokens\":", usage.num_cached_tokens(),
                  ",\"computed_prompt_tokens\":",
                  usage.num_prompt_tokens() - usage.num_cached_tokens());
  absl::StrAppend(json, ",\"preemptions\":", usage.num_preemptions(), "}");
}

void AppendTokenIds(const google::protobuf::RepeatedField<int32_t>& ids,
                    std::string* json) {
  json->push_back('[');
  absl::string_view separator = "";
  for (const int32_t id : ids) {
    absl::StrAppend(json, separator, id);
    separator = ",";
  }
  json->push_back(']');
}

absl::string_view FinishReasonText(v1::FinishReason reason) {
  if (reason == v1::STOP) return "\"stop\"";
  return reason == v1::LENGTH ? "\"length\"" : "null";
}

void AddUsage(const v1::Usage& more, v1::Usage* usage) {
  usage->set_num_prompt_tokens(usage->num_prompt_tokens() +
                               more.num_prompt_tokens());
  usage->set_num_cached_tokens(usage->num_cached_tokens() +
                               more.num_cached_tokens());
  usage->set_num_generated_tokens(usage->num_generated_tokens() +
                                  more.num_generated_tokens());
  usage->set_num_preemptions(usage->num_preemptions() + more.num_preemptions());
  usage->set_queue_seconds(
      std::max(usage->queue_seconds(), more.queue_seconds()));
  usage->set_prefill_seconds(
      std::max(usage->prefill_seconds(), more.prefill_seconds()));
  usage->set_decode_seconds(
      std::max(usage->decode_seconds(), more.decode_seconds()));
}

}  // namespace tessera::gateway
