#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/text_functions.h"
#include "libs/chat_template/utf8.h"

namespace tessera::chat_template {
namespace {

// A method is found by the type of its object: here a text always.
const Text& Self(const Call& call) { return *call.self().text(); }

template <Text (*kChange)(const Text&)>
absl::StatusOr<Value> Change(const Call& call) {
  RETURN_IF_ERROR(
      call.budget()->Step(Self(call).size() / kBytesChangedInAStep));
  return MakeText(kChange(Self(call)), call.budget());
}

template <Side kSide>
absl::StatusOr<Value> StripMethod(const Call& call) {
  const Text* characters = nullptr;
  if (call.Has(0)) {
    ASSIGN_OR_RETURN(characters, call.TextOf(0));
  }
  ASSIGN_OR_RETURN(Text text,
                   Strip(Self(call), kSide, characters, call.budget()));
  return MakeText(std::move(text), call.budget());
}

absl::StatusOr<Value> ListOfTexts(std::vector<Text> texts, Budget* budget) {
  std::vector<Value> items;
  for (Text& text : texts) items.push_back(Value::FromText(std::move(text)));
  return MakeList(std::move(items), budget);
}

template <bool kFromRight>
absl::StatusOr<Value> SplitMethod(const Call& call) {
  const Text* separator = nullptr;
  if (call.Has(0)) {
    ASSIGN_OR_RETURN(separator, call.TextOf(0));
    if (separator->empty()) {
      return absl::InvalidArgumentError("the separator is empty");
    }
  }
  ASSIGN_OR_RETURN(const int64_t max_splits, call.Integer(1, -1));
  ASSIGN_OR_RETURN(
      std::vector<Text> parts,
      kFromRight
          ? SplitFromRight(Self(call), separator, max_splits, call.budget())
          : Split(Self(call), separator, max_splits, call.budget()));
  return ListOfTexts(std::move(parts), call.budget());
}

absl::StatusOr<Value> SplitLinesMethod(const Call& call) {
  ASSIGN_OR_RETURN(std::vector<Text> lines,
                   SplitLines(Self(call), call.Flag(0, false), call.budget()));
  return ListOfTexts(std::move(lines), call.budget());
}

// partition and rpartition: before, separator, after.
template <bool kFromRight>
absl::StatusOr<Value> Partition(const Call& call) {
  ASSIGN_OR_RETURN(const Text* separator, call.TextOf(0));
  if (separator->empty()) {
    return absl::InvalidArgumentError("the separator is empty");
  }
  const Text& text = Self(call);
  RETURN_IF_ERROR(call.budget()->Allocate(2 * text.allocated_bytes()));
  const size_t found = kFromRight ? FindLast(text.bytes(), separator->bytes())
                                  : Find(text.bytes(), separator->bytes());
  if (found == absl::string_view::npos) {
    std::vector<Value> parts(3, Value::FromText(Text()));
    parts[kFromRight ? 2 : 0] = call.self();
    return MakeList(std::move(parts), call.budget(), true);
  }
  const size_t after = found + separator->size();
  return MakeList({Value::FromText(text.Part(0, found)),
                   Value::FromText(text.Part(found, after)),
                   Value::FromText(text.Part(after, text.size()))},
                  call.budget(), true);
}

bool HasAffix(const Text& text, const Text& affix, bool at_end) {
  if (affix.size() > text.size()) return false;
  const size_t begin = at_end ? text.size() - affix.size() : 0;
  return text.bytes().substr(begin, affix.size()) == affix.bytes();
}

// startswith and endswith, of one text or any of a tuple.
template <bool kAtEnd>
absl::StatusOr<Value> HasAffixMethod(const Call& call) {
  const List* list = call.Get(0)->list();
  if (list == nullptr) {
    ASSIGN_OR_RETURN(const Text* affix, call.TextOf(0));
    RETURN_IF_ERROR(call.budget()->Read(affix->size()));
    return Value(HasAffix(Self(call), *affix, kAtEnd));
  }
  for (const Value& affix : list->items) {
    if (!affix.is_text()) {
      return absl::InvalidArgumentError("wants a str or a tuple of strs");
    }
    RETURN_IF_ERROR(call.budget()->Read(affix.text()->size()));
    if (HasAffix(Self(call), *affix.text(), kAtEnd)) return Value(true);
  }
  return Value(false);
}

template <bool kAtEnd>
absl::StatusOr<Value> RemoveAffix(const Call& call) {
  ASSIGN_OR_RETURN(const Text* affix, call.TextOf(0));
  const Text& text = Self(call);
  if (!HasAffix(text, *affix, kAtEnd)) return call.self();
  const size_t rest = text.size() - affix->size();
  return MakeText(
      kAtEnd ? text.Part(0, rest) : text.Part(affix->size(), text.size()),
      call.budget());
}

absl::StatusOr<Value> ReplaceMethod(const Call& call) {
  ASSIGN_OR_RETURN(const Text* old_text, call.TextOf(0));
  ASSIGN_OR_RETURN(const Text* new_text, call.TextOf(1));
  ASSIGN_OR_RETURN(const int64_t count, call.Integer(2, -1));
  ASSIGN_OR_RETURN(Text text, Replace(Self(call), *old_text, *new_text, count,
                                      call.budget()));
  return MakeText(std::move(text), call.budget());
}

absl::StatusOr<Value> JoinMethod(const Call& call) {
  ASSIGN_OR_RETURN(const auto items, Items(*call.Get(0), call.budget()));
  Text joined;
  for (size_t i = 0; i < items->items.size(); ++i) {
    const Text* text = items->items[i].text();
    if (text == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("item ", i, " is not a str"));
    }
    RETURN_IF_ERROR(call.budget()->Allocate(text->allocated_bytes() +
                                            Self(call).allocated_bytes()));
    if (i > 0) joined.Append(Self(call));
    joined.Append(*text);
  }
  return MakeText(std::move(joined), call.budget());
}

// find and rfind: the character's index, or -1.
template <bool kFromRight>
absl::StatusOr<Value> FindMethod(const Call& call) {
  ASSIGN_OR_RETURN(const Text* wanted, call.TextOf(0));
  const absl::string_view bytes = Self(call).bytes();
  RETURN_IF_ERROR(call.budget()->Allocate(bytes.size()));
  const size_t found = kFromRight ? FindLast(bytes, wanted->bytes())
                                  : Find(bytes, wanted->bytes());
  if (found == absl::string_view::npos) return Value(int64_t{-1});
  return Value(static_cast<int64_t>(NumCodePoints(bytes.substr(0, found))));
}

absl::StatusOr<Value> Count(const Call& call) {
  ASSIGN_OR_RETURN(const Text* wanted, call.TextOf(0));
  const absl::string_view bytes = Self(call).bytes();
  RETURN_IF_ERROR(call.budget()->Read(bytes.size()));
  if (wanted->empty()) {
    return Value(static_cast<int64_t>(NumCodePoints(bytes) + 1));
  }
  int64_t count = 0;
  size_t i = Find(bytes, wanted->bytes());
  for (; i != bytes.npos;
       i = Find(bytes, wanted->bytes(), i + wanted->size())) {
    ++count;
  }
  return Value(count);
}

absl::StatusOr<Value> IsDigit(const Call& call) {
  bool all = !Self(call).empty();
  for (const char c : Self(call).bytes()) all = all && absl::ascii_isdigit(c);
  return Value(all);
}

absl::StatusOr<Value> IsSpaceMethod(const Call& call) {
  const absl::string_view bytes = Self(call).bytes();
  return Value(!bytes.empty() && SkipSpace(bytes) == bytes.size());
}

// What {field} of format stands for.
absl::StatusOr<Value> FormatField(const Call& call, absl::string_view field,
                                  size_t* next) {
  const Arguments& arguments = call.arguments();
  size_t index = 0;
  if (field.empty() || absl::SimpleAtoi(field, &index)) {
    if (field.empty()) index = (*next)++;
    if (index < arguments.positional.size()) {
      return arguments.positional[index];
    }
    return absl::InvalidArgumentError(absl::StrCat("has no argument ", index));
  }
  for (const auto& [name, value] : arguments.named) {
    if (name == field) return value;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'{", field, "}' is not supported"));
}

// "{} {0} {name} {{ }}".format(...): plain fields alone.
absl::StatusOr<Value> Format(const Call& call) {
  const Text& text = Self(call);
  const absl::string_view bytes = text.bytes();
  Text result;
  size_t next = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t brace = std::min(bytes.find_first_of("{}", i), bytes.size());
    result.AppendPart(text, i, brace);
    if (brace == bytes.size()) break;
    i = brace + 1;
    if (i < bytes.size() && bytes[i] == bytes[brace]) {
      result.AppendPart(text, brace, i++);
      continue;
    }
    const size_t end = bytes.find('}', i);
    if (bytes[brace] == '}' || end == bytes.npos) {
      return absl::InvalidArgumentError("a brace stands alone");
    }
    ASSIGN_OR_RETURN(const Value value,
                     FormatField(call, bytes.substr(i, end - i), &next));
    ASSIGN_OR_RETURN(const Text field, ToText(value, call.budget()));
    RETURN_IF_ERROR(call.budget()->Allocate(field.allocated_bytes()));
    result.Append(field);
    i = end + 1;
  }
  return MakeText(std::move(result), call.budget());
}

constexpr Builtin kTextMethods[] = {
    {"upper", Change<Upper>},
    {"lower", Change<Lower>},
    {"capitalize", Change<Capitalize>},
    {"title", Change<Title>},
    {"strip", StripMethod<Side::kBoth>, "chars"},
    {"lstrip", StripMethod<Side::kLeft>, "chars"},
    {"rstrip", StripMethod<Side::kRight>, "chars"},
    {"split", SplitMethod<false>, "sep,maxsplit"},
    {"rsplit", SplitMethod<true>, "sep,maxsplit"},
    {"splitlines", SplitLinesMethod, "keepends"},
    {"partition", Partition<false>, "sep", 1},
    {"rpartition", Partition<true>, "sep", 1},
    {"startswith", HasAffixMethod<false>, "prefix", 1},
    {"endswith", HasAffixMethod<true>, "suffix", 1},
    {"removeprefix", RemoveAffix<false>, "prefix", 1},
    {"removesuffix", RemoveAffix<true>, "suffix", 1},
    {"replace", ReplaceMethod, "old,new,count", 2},
    {"join", JoinMethod, "iterable", 1},
    {"find", FindMethod<false>, "sub", 1},
    {"rfind", FindMethod<true>, "sub", 1},
    {"count", Count, "sub", 1},
    {"isdigit", IsDigit},
    {"isspace", IsSpaceMethod},
    {"format", Format, "", 0, true},
};

}  // namespace

absl::Span<const Builtin> TextMethods() { return kTextMethods; }

}  // namespace tessera::chat_template
