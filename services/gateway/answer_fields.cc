#include "services/gateway/answer_fields.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/gateway/content_field.h"
#include "services/gateway/request_fields.h"

namespace tessera::gateway {
namespace {

constexpr size_t kMaxNameBytes = 256;

absl::Status ReadStreamFields(const JsonField& root,
                              GenerationRequest* request) {
  RETURN_IF_ERROR(ReadBool(root, "stream", &request->stream));
  const JsonField options = root.Get("stream_options");
  if (options.IsNull()) return absl::OkStatus();
  RETURN_IF_ERROR(options.ExpectObject());
  RETURN_IF_ERROR(ReadBool(options, "include_usage", &request->include_usage));
  if (!request->stream) return options.Error("is for \"stream\": true only");
  return absl::OkStatus();
}

// It stands in a header and in log lines.
absl::Status ReadRequestId(const JsonField& root, std::string* id) {
  RETURN_IF_ERROR(ReadText(root, "request_id", kMaxRequestIdBytes, id));
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' ||
           c == ':';
  };
  if (std::all_of(id->begin(), id->end(), is_plain)) return absl::OkStatus();
  return root.Get("request_id").Error("must be of letters, digits and - _ . :");
}

absl::Status ReadStop(const JsonField& field,
                      verifier::v1::GenerateRequest* call) {
  if (!field.value().is_string()) {
    return field.MustBe("a string or a list of strings");
  }
  ASSIGN_OR_RETURN(*call->add_stop(), BoundedText(field, kMaxStopBytes));
  if (call->stop(call->stop_size() - 1).empty()) {
    return field.Error("must not be empty");
  }
  return absl::OkStatus();
}

absl::Status ReadStops(const JsonField& field,
                       verifier::v1::GenerateRequest* call) {
  if (field.IsNull()) return absl::OkStatus();
  if (!field.value().is_array()) return ReadStop(field, call);
  const size_t size = field.value().size();
  if (size > kMaxStops) {
    return field.Error(
        absl::StrCat("must have at most ", kMaxStops, " strings, not ", size));
  }
  for (size_t i = 0; i < size; ++i) {
    RETURN_IF_ERROR(ReadStop(field.At(i), call));
  }
  return absl::OkStatus();
}

// OpenAI's Predicted Outputs: {"type": "content", "content": ...}. It forbids
// n, logprobs, penalties and max_completion_tokens beside it; nothing here
// does, as a prediction never changes what is drawn.
absl::Status ReadPrediction(const JsonField& field, const ServedModel& model,
                            std::string* prediction) {
  if (field.IsNull()) return absl::OkStatus();
  RETURN_IF_ERROR(field.ExpectObject());
  const JsonField type = field.Get("type");
  if (type.value() != "content") return type.MustBe("\"content\"");
  ASSIGN_OR_RETURN(*prediction,
                   ReadContent(field.Get("content"), "", MaxTextBytes(model)));
  return absl::OkStatus();
}

// Fine where it asks for nothing: null, [], "none".
absl::Status RefuseField(const JsonField& root, const char* name) {
  const JsonField field = root.Get(name);
  const nlohmann::json& value = field.value();
  if (value.is_null() || value == "none") return absl::OkStatus();
  if (value.is_array() && value.empty()) return absl::OkStatus();
  return field.Error("is not supported");
}

}  // namespace

absl::StatusOr<std::string> ReadModel(const JsonField& root,
                                      const ServedModel& model) {
  std::string name;
  RETURN_IF_ERROR(ReadText(root, "model", kMaxNameBytes, &name));
  if (root.Get("model").IsNull()) return model.names.front();
  for (const std::string& served : model.names) {
    if (name == served) return name;
  }
  return absl::NotFoundError(absl::StrCat("model: there is no \"", name,
                                          "\" here; \"", model.names.front(),
                                          "\" is served"));
}

absl::Status ReadAnswerFields(const JsonField& root,
                              GenerationRequest* request) {
  RETURN_IF_ERROR(ReadInt(root, "n", 1, kMaxChoices, &request->n));
  RETURN_IF_ERROR(ReadStreamFields(root, request));
  RETURN_IF_ERROR(ReadBool(root, "return_timings", &request->return_timings));
  RETURN_IF_ERROR(
      ReadBool(root, "return_token_ids", &request->return_token_ids));
  RETURN_IF_ERROR(
      ReadBool(root, "return_token_sources", &request->return_token_sources));
  std::string user;  // OpenAI's; nothing here depends on it
  RETURN_IF_ERROR(ReadText(root, "user", kMaxNameBytes, &user));
  return ReadRequestId(root, &request->request_id);
}

absl::Status ReadEngineFields(const JsonField& root, const ServedModel& model,
                              verifier::v1::GenerateRequest* call) {
  RETURN_IF_ERROR(ReadPrediction(root.Get("prediction"), model,
                                 call->mutable_prediction()));
  RETURN_IF_ERROR(ReadStops(root.Get("stop"), call));
  bool ignore_eos = false;
  RETURN_IF_ERROR(ReadBool(root, "ignore_eos", &ignore_eos));
  call->set_ignore_eos(ignore_eos);
  int32_t priority = 0;
  RETURN_IF_ERROR(ReadInt(root, "priority", INT32_MIN, INT32_MAX, &priority));
  call->set_priority(priority);
  const JsonField max_draft_tokens = root.Get("max_draft_tokens");
  if (!max_draft_tokens.IsNull()) {
    ASSIGN_OR_RETURN(const int64_t value, max_draft_tokens.Int(0, INT32_MAX));
    call->set_max_draft_tokens(static_cast<int32_t>(value));
  }
  return ReadText(root, "cache_salt", kMaxNameBytes,
                  call->mutable_cache_salt());
}

absl::Status RefuseUnsupported(const JsonField& root) {
  for (const char* name :
       {"tools", "tool_choice", "functions", "function_call"}) {
    RETURN_IF_ERROR(RefuseField(root, name));
  }
  const JsonField format = root.Get("response_format");
  if (format.IsNull()) return absl::OkStatus();
  RETURN_IF_ERROR(format.ExpectObject());
  const JsonField type = format.Get("type");
  if (type.value() != "text") {
    return type.MustBe("\"text\" (others are not supported)");
  }
  return absl::OkStatus();
}

}  // namespace tessera::gateway
