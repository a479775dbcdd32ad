#include "libs/json/json.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

using Json = nlohmann::json;

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// Of a key, for a message: what is printable, not all of what is long.
std::string QuotedKey(absl::string_view key) {
  constexpr size_t kMaxBytes = 64;
  return absl::StrCat("\"", absl::CHexEscape(key.substr(0, kMaxBytes)),
                      key.size() > kMaxBytes ? "..." : "", "\"");
}

// Reads the text once without building anything.
class Guard : public nlohmann::json_sax<Json> {
 public:
  explicit Guard(const JsonLimits& limits) : limits_(limits) {}
  absl::Status status() const { return status_; }

  bool null() override { return Count(); }
  bool boolean(bool) override { return Count(); }
  bool number_integer(number_integer_t) override { return Count(); }
  bool number_unsigned(number_unsigned_t) override { return Count(); }
  bool number_float(number_float_t, const string_t&) override {
    return Count();
  }
  bool string(string_t&) override { return Count(); }
  bool binary(binary_t&) override { return Count(); }
  bool start_object(size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool start_array(size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }

  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    return Fail(absl::StrCat("JSON key ", QuotedKey(name),
                             " stands twice in an object"));
  }

  bool parse_error(size_t position, const std::string&,
                   const Json::exception& error) override {
    status_ = JsonError(0, position, error);
    return false;
  }

 private:
  bool Fail(absl::string_view what) {
    status_ = Invalid(what);
    return false;
  }
  bool Count() {
    if (++num_values_ <= limits_.max_values) return true;
    return Fail(absl::StrCat("JSON has over ", limits_.max_values, " values"));
  }
  bool Enter() {
    keys_.emplace_back();
    if (keys_.size() <= limits_.max_depth) return Count();
    return Fail(
        absl::StrCat("JSON is nested over ", limits_.max_depth, " deep"));
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

  const JsonLimits limits_;
  size_t num_values_ = 0;
  std::vector<absl::flat_hash_set<std::string>> keys_;  // one an open value
  absl::Status status_;
};

}  // namespace

absl::Status JsonError(uint64_t offset, uint64_t num_read,
                       const Json::exception& error) {
  // "[json.exception.parse_error.101] parse error at line ..."
  absl::string_view what = error.what();
  const size_t bracket = what.find("] ");
  if (bracket != what.npos) what.remove_prefix(bracket + 2);
  // It quotes the text, which need not be UTF-8.
  std::string printable(what);
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (!std::all_of(what.begin(), what.end(), is_plain)) {
    printable = absl::CHexEscape(what);
  }
  return Invalid(absl::StrCat("at offset ",
                              offset + (num_read == 0 ? 0 : num_read - 1),
                              ": invalid JSON: ", printable));
}

absl::StatusOr<Json> ParseJson(absl::string_view text,
                               const JsonLimits& limits) {
  Guard guard(limits);
  if (!Json::sax_parse(text.begin(), text.end(), &guard)) {
    return guard.status();
  }
  return Json::parse(text.begin(), text.end(), nullptr,
                     /*allow_exceptions=*/false);
}

}  // namespace tessera
