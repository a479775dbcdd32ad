#include "services/gateway/request_fields.h"

#include "absl/strings/str_cat.h"

namespace tessera::gateway {

absl::Status ReadBool(const JsonField& object, const char* name, bool* value) {
  ASSIGN_OR_RETURN(*value, object.Get(name).Bool(*value));
  return absl::OkStatus();
}

absl::Status ReadText(const JsonField& object, const char* name,
                      size_t max_bytes, std::string* value) {
  const JsonField field = object.Get(name);
  if (field.IsNull()) return absl::OkStatus();
  ASSIGN_OR_RETURN(*value, BoundedText(field, max_bytes));
  if (value->find('\0') != std::string::npos) {
    return field.Error("must not contain NUL");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> BoundedText(const JsonField& field,
                                        size_t max_bytes) {
  ASSIGN_OR_RETURN(std::string text, field.String());
  if (text.size() > max_bytes) {
    return field.Error(absl::StrCat("must be at most ", max_bytes,
                                    " bytes long, not ", text.size()));
  }
  return text;
}

}  // namespace tessera::gateway
