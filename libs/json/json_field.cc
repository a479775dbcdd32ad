#include "libs/json/json_field.h"

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

using nlohmann::json;

// The value as ASCII JSON, if that is short.
std::string Shown(const json& value) {
  constexpr size_t kMaxBytes = 40;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  const auto* text = value.get_ptr<const std::string*>();
  if (text != nullptr && text->size() > kMaxBytes) {
    return absl::StrCat("a string of ", text->size(), " bytes");
  }
  return value.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true);
}

}  // namespace

JsonField JsonField::Get(const char* key) const {
  static const json* const kNull = new json(nullptr);
  const json* member = kNull;
  if (value_->is_object()) {
    const auto it = value_->find(key);
    if (it != value_->end()) member = &*it;
  }
  return JsonField(
      member, path_.empty() ? std::string(key) : absl::StrCat(path_, ".", key));
}

JsonField JsonField::At(size_t index) const {
  return JsonField(&(*value_)[index], absl::StrCat(path_, "[", index, "]"));
}

absl::StatusOr<std::string> JsonField::String() const {
  if (!value_->is_string()) return MustBe("a string");
  return *value_->get_ptr<const std::string*>();
}

absl::StatusOr<bool> JsonField::Bool(std::optional<bool> if_null) const {
  if (value_->is_null() && if_null.has_value()) return *if_null;
  if (!value_->is_boolean()) return MustBe("true or false");
  return *value_->get_ptr<const bool*>();
}

absl::StatusOr<int64_t> JsonField::Int(int64_t min, int64_t max) const {
  // 7.0 is as good an integer as 7; above 2^53 a double no longer says which.
  constexpr double kExact = 9007199254740992.0;
  const absl::Status error =
      MustBe(absl::StrCat("an integer from ", min, " to ", max));
  int64_t integer = 0;
  if (const auto* number = value_->get_ptr<const uint64_t*>()) {
    if (*number > static_cast<uint64_t>(INT64_MAX)) return error;
    integer = static_cast<int64_t>(*number);
  } else if (const auto* number = value_->get_ptr<const int64_t*>()) {
    integer = *number;
  } else if (const auto* number = value_->get_ptr<const double*>()) {
    if (!(*number >= -kExact && *number <= kExact)) return error;
    integer = static_cast<int64_t>(*number);
    if (static_cast<double>(integer) != *number) return error;
  } else {
    return error;
  }
  if (integer < min || integer > max) return error;
  return integer;
}

absl::StatusOr<double> JsonField::Number(double min, double max) const {
  if (value_->is_number()) {
    const double number = value_->get<double>();
    if (number >= min && number <= max) return number;
  }
  return MustBe(absl::StrCat("a number from ", min, " to ", max));
}

absl::StatusOr<size_t> JsonField::ArraySize() const {
  if (!value_->is_array()) return MustBe("an array");
  return value_->size();
}

absl::Status JsonField::ExpectObject() const {
  return value_->is_object() ? absl::OkStatus() : MustBe("an object");
}

absl::Status JsonField::Error(absl::string_view what) const {
  return absl::InvalidArgumentError(
      absl::StrCat(path_, path_.empty() ? "" : ": ", what));
}

absl::Status JsonField::Unsupported(absl::string_view what) const {
  return absl::UnimplementedError(absl::StrCat(path_, ": ", what));
}

absl::Status JsonField::MustBe(absl::string_view what) const {
  return Error(absl::StrCat("must be ", what, ", not ", Shown(*value_)));
}

}  // namespace tessera
