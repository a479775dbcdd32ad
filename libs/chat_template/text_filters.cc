#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/text_functions.h"

namespace tessera::chat_template {
namespace {

// These filters take any value, as the text that it prints as.
template <Text (*kChange)(const Text&)>
absl::StatusOr<Value> Change(const Call& call) {
  ASSIGN_OR_RETURN(const Text text, ToText(call.self(), call.budget()));
  RETURN_IF_ERROR(call.budget()->Step(text.size() / kBytesChangedInAStep));
  return MakeText(kChange(text), call.budget());
}

absl::StatusOr<Value> Trim(const Call& call) {
  const Text* characters = nullptr;
  if (call.Has(0)) {
    ASSIGN_OR_RETURN(characters, call.TextOf(0));
  }
  ASSIGN_OR_RETURN(const Text text, ToText(call.self(), call.budget()));
  ASSIGN_OR_RETURN(Text stripped,
                   Strip(text, Side::kBoth, characters, call.budget()));
  return MakeText(std::move(stripped), call.budget());
}

absl::StatusOr<Value> ReplaceIn(const Call& call) {
  ASSIGN_OR_RETURN(const Text text, ToText(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const Text old_text, ToText(*call.Get(0), call.budget()));
  ASSIGN_OR_RETURN(const Text new_text, ToText(*call.Get(1), call.budget()));
  ASSIGN_OR_RETURN(const int64_t count, call.Integer(2, -1));
  ASSIGN_OR_RETURN(Text replaced,
                   Replace(text, old_text, new_text, count, call.budget()));
  return MakeText(std::move(replaced), call.budget());
}

// The white space that `indent` puts before lines.
absl::StatusOr<Text> Indentation(const Call& call) {
  if (call.Has(0) && call.Get(0)->is_text()) return *call.Get(0)->text();
  ASSIGN_OR_RETURN(const int64_t width, call.Integer(0, 4));
  const size_t size = width < 0 ? 0 : static_cast<size_t>(width);
  RETURN_IF_ERROR(call.budget()->Allocate(size));
  return Text(std::string(size, ' '), Origin::kTemplate);
}

// indent(width=4, first=false, blank=false): empty lines stay empty unless
// `blank`.
absl::StatusOr<Value> Indent(const Call& call) {
  ASSIGN_OR_RETURN(Text text, ToText(call.self(), call.budget()));
  ASSIGN_OR_RETURN(const Text indentation, Indentation(call));
  // As in Jinja: a newline at the end makes a last, empty line.
  text.Append("\n", Origin::kTemplate);
  ASSIGN_OR_RETURN(const std::vector<Text> lines,
                   SplitLines(text, false, call.budget()));
  const bool indents_empty = call.Flag(2, false);
  Text result;
  for (size_t i = 0; i < lines.size(); ++i) {
    RETURN_IF_ERROR(call.budget()->Allocate(lines[i].allocated_bytes() +
                                            indentation.allocated_bytes() +
                                            sizeof(Text::Run)));
    if (i > 0) result.Append("\n", Origin::kTemplate);
    const bool is_indented =
        i == 0 ? call.Flag(1, false) : indents_empty || !lines[i].empty();
    if (is_indented) result.Append(indentation);
    result.Append(lines[i]);
  }
  return MakeText(std::move(result), call.budget());
}

// Nothing is escaped here, so that nothing has to be kept from it.
absl::StatusOr<Value> AsText(const Call& call) {
  ASSIGN_OR_RETURN(Text text, ToText(call.self(), call.budget()));
  return MakeText(std::move(text), call.budget());
}

constexpr Builtin kTextFilters[] = {
    {"trim", Trim, "chars"},
    {"upper", Change<Upper>},
    {"lower", Change<Lower>},
    {"capitalize", Change<Capitalize>},
    {"title", Change<Title>},
    {"replace", ReplaceIn, "old,new,count", 2},
    {"indent", Indent, "width,first,blank"},
    {"safe", AsText},
    {"string", AsText},
};

}  // namespace

absl::Span<const Builtin> TextFilters() { return kTextFilters; }

}  // namespace tessera::chat_template
