#include "tools/cli/inspection.h"

#include <algorithm>
#include <limits>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

constexpr size_t kMaxNameBytes = 200;

struct TypeSum {
  int num_tensors = 0;
  uint64_t num_bytes = 0;
};

std::map<std::string, TypeSum> SumsByType(
    const std::vector<InspectedTensor>& tensors) {
  std::map<std::string, TypeSum> sums;
  for (const InspectedTensor& tensor : tensors) {
    TypeSum& sum = sums[tensor.type];
    ++sum.num_tensors;
    sum.num_bytes += tensor.num_bytes;
  }
  return sums;
}

// Saturates: a file may claim any shape for a type that we do not know.
int64_t NumElements(const std::vector<int64_t>& shape) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t count = 1;
  for (const int64_t dim : shape) {
    if (dim > 0 && count > kMax / dim) return kMax;
    count *= std::max<int64_t>(dim, 0);
  }
  return count;
}

// A chat template is worth reading, the end of a longer text is not.
std::string ShowValue(const InspectedField& field) {
  constexpr size_t kMaxValueBytes = 2000;
  const std::string value = field.value.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  return value.size() <= kMaxValueBytes ? value
                                        : Printable(value, kMaxValueBytes);
}

std::string TensorLine(const InspectedTensor& tensor, size_t name_width) {
  return absl::StrFormat(
      "  %-*s  %-5s %-18s %12d bytes at %d%s\n", name_width,
      Printable(tensor.name, kMaxNameBytes), tensor.type,
      absl::StrCat("[", absl::StrJoin(tensor.shape, ", "), "]"),
      tensor.num_bytes, tensor.offset,
      tensor.unsupported.empty() ? "" : "  UNSUPPORTED");
}

}  // namespace

uint64_t Inspection::TensorBytes() const {
  uint64_t bytes = 0;
  for (const InspectedTensor& tensor : tensors) bytes += tensor.num_bytes;
  return bytes;
}

int64_t Inspection::NumParameters() const {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  int64_t count = 0;
  for (const InspectedTensor& tensor : tensors) {
    const int64_t more = NumElements(tensor.shape);
    count = more > kMax - count ? kMax : count + more;
  }
  return count;
}

std::vector<std::string> Inspection::AllRefusals() const {
  std::vector<std::string> all = refusals;
  for (const InspectedTensor& tensor : tensors) {
    if (tensor.unsupported.empty()) continue;
    all.push_back(
        absl::StrCat("tensor ", tensor.name, ": ", tensor.unsupported));
  }
  return all;
}

std::string Printable(const std::string& text, size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::Utf8SafeCEscape(text);
  size_t end = max_bytes;
  // Not in the middle of a character: its later bytes are 10xxxxxx.
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return absl::StrCat(absl::Utf8SafeCEscape(text.substr(0, end)), "...");
}

std::string ToText(const Inspection& inspection) {
  std::string text =
      absl::StrFormat("%s: %s\n\nmetadata\n", Printable(inspection.file, 4096),
                      inspection.format);
  for (const InspectedField& field : inspection.metadata) {
    absl::StrAppend(&text, "  ", Printable(field.key, kMaxNameBytes), " = ",
                    ShowValue(field), "  (", field.type, ")\n");
  }
  absl::StrAppend(&text, "\ntensors\n");
  size_t width = 0;
  for (const InspectedTensor& tensor : inspection.tensors) {
    width = std::max(width, std::min(tensor.name.size(), size_t{48}));
  }
  for (const InspectedTensor& tensor : inspection.tensors) {
    text += TensorLine(tensor, width);
  }
  absl::StrAppendFormat(&text, "\n%d tensors, %d parameters, %d bytes\n",
                        inspection.tensors.size(), inspection.NumParameters(),
                        inspection.TensorBytes());
  for (const auto& [type, sum] : SumsByType(inspection.tensors)) {
    absl::StrAppendFormat(&text, "  %-5s %5d tensors %12d bytes\n", type,
                          sum.num_tensors, sum.num_bytes);
  }
  const std::vector<std::string> refusals = inspection.AllRefusals();
  absl::StrAppend(&text, refusals.empty() ? "\nThis file would run.\n"
                                          : "\nThis file would be refused:\n");
  for (const std::string& refusal : refusals) {
    absl::StrAppend(&text, "  ", Printable(refusal, 1000), "\n");
  }
  return text;
}

std::string ToJson(const Inspection& inspection) {
  nlohmann::ordered_json metadata = nlohmann::ordered_json::array();
  for (const InspectedField& field : inspection.metadata) {
    metadata.push_back(
        {{"key", field.key}, {"type", field.type}, {"value", field.value}});
  }
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const InspectedTensor& tensor : inspection.tensors) {
    nlohmann::ordered_json entry = {{"name", tensor.name},
                                    {"type", tensor.type},
                                    {"shape", tensor.shape},
                                    {"offset", tensor.offset},
                                    {"bytes", tensor.num_bytes}};
    if (!tensor.unsupported.empty()) entry["unsupported"] = tensor.unsupported;
    tensors.push_back(std::move(entry));
  }
  const nlohmann::ordered_json json = {
      {"file", inspection.file},
      {"format", inspection.format},
      {"num_parameters", inspection.NumParameters()},
      {"tensor_bytes", inspection.TensorBytes()},
      {"metadata", std::move(metadata)},
      {"tensors", std::move(tensors)},
      {"refused", inspection.AllRefusals()},
  };
  return json.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace tessera::cli
