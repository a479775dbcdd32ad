// ParseSafetensorsHeader: a state machine over the JSON's events.
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "libs/checkpoint/file_error.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/json/json.h"
#include "nlohmann/json.hpp"

namespace tessera {
namespace {

using Json = nlohmann::json;

// An entry takes several times its text in memory; this bounds it, far above
// what models have.
constexpr size_t kMaxTensors = 1 << 18;
constexpr size_t kMaxDimensions = 16;
constexpr uint64_t kLengthBytes = 8;  // stand before the header

class HeaderEvents : public nlohmann::json_sax<Json> {
 public:
  absl::Status status() const { return status_; }
  ParsedSafetensorsHeader header() && { return std::move(header_); }

  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a bool"); }
  bool number_integer(number_integer_t) override {
    return Unexpected("a negative number");
  }
  bool number_float(number_float_t, const string_t&) override {
    return Unexpected("a fraction");
  }
  bool binary(binary_t&) override { return Unexpected("binary"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::kShape) return AddDimension(value);
    if (state_ == State::kOffsets) return AddOffset(value);
    return Unexpected("a number");
  }

  bool string(string_t& text) override {
    if (state_ == State::kMetadata) {
      header_.metadata.emplace(key_, std::move(text));
      return true;
    }
    if (state_ != State::kTensor || key_ != "dtype") {
      return Unexpected("a string");
    }
    header_.tensors.back().type_name = std::move(text);
    return true;
  }

  bool start_object(size_t) override {
    if (state_ == State::kStart) {
      state_ = State::kTop;
      return true;
    }
    if (state_ != State::kTop) return Unexpected("an object");
    const bool is_metadata = name_ == "__metadata__";
    state_ = is_metadata ? State::kMetadata : State::kTensor;
    keys_.clear();
    num_offsets_ = 0;
    if (is_metadata) return true;
    if (header_.tensors.size() == kMaxTensors) {
      return Fail(absl::StrCat("over ", kMaxTensors, " tensors"));
    }
    header_.tensors.emplace_back().name = name_;
    return true;
  }

  bool key(string_t& name) override {
    if (state_ == State::kTop) {
      name_ = std::move(name);
      if (names_.insert(name_).second) return true;
      return Fail("stands twice");
    }
    key_ = std::move(name);
    if (!keys_.insert(key_).second) {
      return Fail(absl::StrCat("key ", Quoted(key_), " stands twice"));
    }
    if (state_ == State::kTensor && key_ != "dtype" && key_ != "shape" &&
        key_ != "data_offsets") {
      return Fail(absl::StrCat("unknown key ", Quoted(key_)));
    }
    return true;
  }

  bool start_array(size_t) override {
    if (state_ == State::kTensor && key_ == "shape") {
      state_ = State::kShape;
      return true;
    }
    if (state_ == State::kTensor && key_ == "data_offsets") {
      state_ = State::kOffsets;
      return true;
    }
    return Unexpected("an array");
  }

  bool end_array() override {
    state_ = State::kTensor;
    return true;
  }

  bool end_object() override {
    if (state_ == State::kTensor && (keys_.size() != 3 || num_offsets_ != 2)) {
      return Fail("needs dtype, shape and two data_offsets");
    }
    state_ = state_ == State::kTop ? State::kEnd : State::kTop;
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const Json::exception& error) override {
    status_ = JsonError(kLengthBytes, position, error);
    return false;
  }

 private:
  enum class State { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };

  bool Fail(absl::string_view what) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("header, entry ", Quoted(name_), ": ", what));
    return false;
  }
  bool Unexpected(absl::string_view what) {
    if (state_ == State::kStart || state_ == State::kTop) {
      return Fail(absl::StrCat("expected an object, found ", what));
    }
    return Fail(absl::StrCat("unexpected ", what, " in ", Quoted(key_)));
  }

  bool AddDimension(uint64_t value) {
    Shape& shape = header_.tensors.back().shape;
    if (shape.size() == kMaxDimensions) {
      return Fail(absl::StrCat("over ", kMaxDimensions, " dimensions"));
    }
    if (value > static_cast<uint64_t>(INT64_MAX)) {
      return Fail(absl::StrCat("dimension ", value));
    }
    shape.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool AddOffset(uint64_t value) {
    SafetensorsInfo& tensor = header_.tensors.back();
    (num_offsets_ == 0 ? tensor.begin : tensor.end) = value;
    if (++num_offsets_ > 2) return Fail("over two data_offsets");
    return true;
  }

  State state_ = State::kStart;
  std::string name_;                        // the last key at the top
  std::string key_;                         // the last key within its value
  absl::flat_hash_set<std::string> names_;  // all keys at the top
  absl::flat_hash_set<std::string> keys_;   // all keys within its value
  int num_offsets_ = 0;
  ParsedSafetensorsHeader header_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<ParsedSafetensorsHeader> ParseSafetensorsHeader(
    absl::string_view json) {
  HeaderEvents events;
  if (!Json::sax_parse(json.begin(), json.end(), &events)) {
    return events.status();
  }
  return std::move(events).header();
}

}  // namespace tessera
