#include "libs/checkpoint/json.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/file_error.h"

namespace tessera {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDepth = 64;

// Reads the text once without building anything.
class Guard : public nlohmann::json_sax<Json> {
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

  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("JSON key ", Quoted(name), " stands twice in an object"));
    return false;
  }

  bool parse_error(size_t position, const std::string&,
                   const Json::exception& error) override {
    status_ = JsonError(0, position, error);
    return false;
  }

 private:
  bool Enter() {
    keys_.emplace_back();
    if (keys_.size() <= kMaxDepth) return true;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("JSON is nested over ", kMaxDepth, " deep"));
    return false;
  }
  bool Leave() {
    keys_.pop_back();
    return true;
  }

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
  return ErrorAt(offset + (num_read == 0 ? 0 : num_read - 1),
                 absl::StrCat("invalid JSON: ", Printable(what)));
}

absl::StatusOr<Json> ParseJson(absl::string_view text) {
  Guard guard;
  if (!Json::sax_parse(text.begin(), text.end(), &guard)) {
    return guard.status();
  }
  return Json::parse(text.begin(), text.end(), nullptr,
                     /*allow_exceptions=*/false);
}

}  // namespace tessera
