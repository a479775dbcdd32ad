#include "libs/tokenizer/strict_json.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace tessera::tokenizer {
namespace {

using nlohmann::json;

// Reads without keeping anything but the keys of the objects it is in.
class Checker : public nlohmann::json_sax<json> {
 public:
  absl::Status status() const { return status_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool key(string_t& key) override {
    if (keys_.back().insert(key).second) return true;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("the key \"", key, "\" stands twice in one object"));
    return false;
  }

  bool parse_error(size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& error) override {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("no JSON at offset ", position));
    return false;
  }

 private:
  static constexpr size_t kMaxDepth = 64;

  bool Enter() {
    keys_.emplace_back();
    if (keys_.size() <= kMaxDepth) return true;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("JSON nested more than ", kMaxDepth, " deep"));
    return false;
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

  absl::Status status_;
  std::vector<absl::flat_hash_set<std::string>> keys_;  // an array's are empty
};

}  // namespace

absl::StatusOr<json> ParseStrictJson(absl::string_view text) {
  Checker checker;
  if (!json::sax_parse(text.begin(), text.end(), &checker)) {
    return checker.status().ok() ? absl::InvalidArgumentError("no JSON")
                                 : checker.status();
  }
  return json::parse(text.begin(), text.end(), nullptr,
                     /*allow_exceptions=*/false);
}

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
  if (!value_->is_string()) return Error("must be a string");
  return *value_->get_ptr<const std::string*>();
}

absl::StatusOr<bool> JsonField::Bool(std::optional<bool> if_null) const {
  if (value_->is_null() && if_null.has_value()) return *if_null;
  if (!value_->is_boolean()) return Error("must be true or false");
  return *value_->get_ptr<const bool*>();
}

absl::StatusOr<size_t> JsonField::ArraySize() const {
  if (!value_->is_array()) return Error("must be an array");
  return value_->size();
}

absl::Status JsonField::ExpectObject() const {
  return value_->is_object() ? absl::OkStatus() : Error("must be an object");
}

absl::Status JsonField::Error(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat(path_, ": ", what));
}

absl::Status JsonField::Unsupported(absl::string_view what) const {
  return absl::UnimplementedError(absl::StrCat(path_, ": ", what));
}

}  // namespace tessera::tokenizer
