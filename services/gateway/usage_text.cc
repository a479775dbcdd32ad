#include "services/gateway/usage_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/json/json_text.h"

namespace tessera::gateway {

namespace v1 = verifier::v1;

namespace {

absl::string_view SourceName(int source) {
  switch (source) {
    case v1::SOURCE_TARGET:
      return "target";
    case v1::SOURCE_TEXT:
      return "text";
    case v1::SOURCE_PREDICTION:
      return "prediction";
    case v1::SOURCE_DRAFT_MODEL:
      return "draft_model";
    default:
      return "other";  // of a later verifier
  }
}

v1::DraftedTokens DraftsOf(const v1::Usage& usage, v1::TokenSource source) {
  for (const v1::DraftedTokens& drafts : usage.drafted()) {
    if (drafts.source() == source) return drafts;
  }
  return {};
}

v1::DraftedTokens* MutableDraftsOf(v1::TokenSource source, v1::Usage* usage) {
  for (v1::DraftedTokens& drafts : *usage->mutable_drafted()) {
    if (drafts.source() == source) return &drafts;
  }
  v1::DraftedTokens* drafts = usage->add_drafted();
  drafts->set_source(source);
  return drafts;
}

void AppendCached(const v1::Usage& usage, std::string* json) {
  const v1::CachedTokens& cached = usage.cached();
  // Where the verifier does not tell them apart, they are its own.
  const int32_t num_engine =
      usage.has_cached() ? cached.num_engine() : usage.num_cached_tokens();
  absl::StrAppend(json, ",\"cached_tokens_by_tier\":{\"engine\":", num_engine,
                  ",\"memory\":", cached.num_memory(),
                  ",\"disk\":", cached.num_disk(), "},\"load_seconds\":");
  AppendJsonNumber(cached.load_seconds(), json);
}

void AppendDrafts(const v1::Usage& usage, std::string* json) {
  absl::StrAppend(json, ",\"drafts\":{");
  absl::string_view separator = "";
  for (const v1::DraftedTokens& drafts : usage.drafted()) {
    absl::StrAppend(json, separator, "\"", SourceName(drafts.source()),
                    "\":{\"drafted_tokens\":", drafts.num_drafted(),
                    ",\"accepted_tokens\":", drafts.num_accepted(), "}");
    separator = ",";
  }
  json->push_back('}');
}

void AddCached(const v1::CachedTokens& more, v1::CachedTokens* cached) {
  cached->set_num_engine(cached->num_engine() + more.num_engine());
  cached->set_num_memory(cached->num_memory() + more.num_memory());
  cached->set_num_disk(cached->num_disk() + more.num_disk());
  cached->set_load_seconds(
      std::max(cached->load_seconds(), more.load_seconds()));
}

// A verifier that lies spoils no sum: of each source once, and no more accepted
// than drafted.
void AddDrafted(const v1::DraftedTokens& more, v1::Usage* usage) {
  v1::DraftedTokens* drafts = MutableDraftsOf(more.source(), usage);
  const int32_t num_drafted = std::max(more.num_drafted(), 0);
  drafts->set_num_drafted(drafts->num_drafted() + num_drafted);
  drafts->set_num_accepted(drafts->num_accepted() +
                           std::clamp(more.num_accepted(), 0, num_drafted));
}

}  // namespace

void AppendUsage(const v1::Usage& usage, std::string* json) {
  const int64_t prompt = usage.num_prompt_tokens();
  const int64_t generated = usage.num_generated_tokens();
  absl::StrAppend(json, "{\"prompt_tokens\":", prompt,
                  ",\"completion_tokens\":", generated,
                  ",\"total_tokens\":", prompt + generated);
  absl::StrAppend(json, ",\"prompt_tokens_details\":{\"cached_tokens\":",
                  usage.num_cached_tokens(), "}");
  const v1::DraftedTokens prediction = DraftsOf(usage, v1::SOURCE_PREDICTION);
  absl::StrAppend(json,
                  ",\"completion_tokens_details\":{\"reasoning_tokens\":0",
                  ",\"accepted_prediction_tokens\":", prediction.num_accepted(),
                  ",\"rejected_prediction_tokens\":",
                  prediction.num_drafted() - prediction.num_accepted(), "}}");
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
  absl::StrAppend(json, ",\"preemptions\":", usage.num_preemptions());
  AppendCached(usage, json);
  AppendDrafts(usage, json);
  json->push_back('}');
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

void AppendTokenSources(const google::protobuf::RepeatedField<int>& sources,
                        int num_tokens, std::string* json) {
  json->push_back('[');
  for (int i = 0; i < num_tokens; ++i) {
    const int source = i < sources.size() ? sources[i] : v1::SOURCE_TARGET;
    absl::StrAppend(json, i == 0 ? "\"" : ",\"", SourceName(source), "\"");
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
  if (more.has_cached()) AddCached(more.cached(), usage->mutable_cached());
  for (const v1::DraftedTokens& drafts : more.drafted()) {
    AddDrafted(drafts, usage);
  }
}

}  // namespace tessera::gateway
