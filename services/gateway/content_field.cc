#include "services/gateway/content_field.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "services/gateway/request_fields.h"

namespace tessera::gateway {
namespace {

constexpr size_t kMaxTokenBytes = 256;

absl::StatusOr<std::string> ReadPart(const JsonField& part, size_t max_bytes) {
  RETURN_IF_ERROR(part.ExpectObject());
  const JsonField type = part.Get("type");
  ASSIGN_OR_RETURN(const std::string name, type.String());
  if (name != "text") return type.MustBe("\"text\"");
  return BoundedText(part.Get("text"), max_bytes);
}

}  // namespace

size_t MaxTextBytes(const ServedModel& model) {
  return static_cast<size_t>(model.context_len) * kMaxTokenBytes;
}

absl::StatusOr<std::string> ReadContent(const JsonField& field,
                                        absl::string_view separator,
                                        size_t max_bytes) {
  if (field.value().is_string()) return BoundedText(field, max_bytes);
  if (!field.value().is_array()) {
    return field.MustBe("a string or a list of text parts");
  }
  std::string content;
  for (size_t i = 0; i < field.value().size(); ++i) {
    ASSIGN_OR_RETURN(const std::string text, ReadPart(field.At(i), max_bytes));
    absl::StrAppend(&content, i == 0 ? absl::string_view() : separator, text);
    if (content.size() > max_bytes) {
      return field.Error(
          absl::StrCat("must be at most ", max_bytes, " bytes long in all"));
    }
  }
  return content;
}

}  // namespace tessera::gateway
