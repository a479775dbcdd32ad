#include "libs/tokenizer/tokenizer_json_steps.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/tokenizer/word_scanner.h"

namespace tessera::tokenizer {
namespace {

struct TypedField {
  std::string type;
  JsonField field;
};

// A part, or the parts of a Sequence, which are under `list_key`; a Sequence
// in a Sequence too. None for null.
absl::StatusOr<std::vector<TypedField>> ReadSequence(const JsonField& field,
                                                     const char* list_key) {
  std::vector<TypedField> parts;
  std::vector<JsonField> pending = {field};
  while (!pending.empty()) {
    const JsonField part = std::move(pending.back());
    pending.pop_back();
    if (part.IsNull()) continue;
    RETURN_IF_ERROR(part.ExpectObject());
    const absl::StatusOr<std::string> type = part.Get("type").String();
    if (!type.ok()) return type.status();
    if (*type != "Sequence") {
      parts.push_back({*type, part});
      continue;
    }
    const JsonField list = part.Get(list_key);
    ASSIGN_OR_RETURN(const size_t size, list.ArraySize());
    for (size_t i = size; i-- > 0;) pending.push_back(list.At(i));
  }
  return parts;
}

absl::Status UnsupportedType(const TypedField& part,
                             absl::string_view supported) {
  return part.field.Unsupported(absl::StrCat(
      "type \"", part.type, "\" is not supported; supported: ", supported));
}

absl::Status ReadNormalizerPart(const TypedField& part,
                                std::vector<NormalizerStep>* steps) {
  NormalizerStep step{};
  if (part.type == "NFC") {
    step.kind = NormalizerStep::Kind::kNfc;
  } else if (part.type == "Prepend") {
    step.kind = NormalizerStep::Kind::kPrepend;
    ASSIGN_OR_RETURN(step.content, part.field.Get("prepend").String());
  } else if (part.type == "Replace") {
    step.kind = NormalizerStep::Kind::kReplace;
    const JsonField pattern = part.field.Get("pattern");
    if (!pattern.Get("Regex").IsNull())
      return pattern.Unsupported("a Regex is not supported; a String is");
    ASSIGN_OR_RETURN(step.pattern, pattern.Get("String").String());
    ASSIGN_OR_RETURN(step.content, part.field.Get("content").String());
    if (step.pattern.empty()) return pattern.Error("must not be empty");
    // Each replacement makes a text longer by a factor; a few are real.
    if (step.content.size() > 64 || steps->size() >= 8)
      return part.field.Unsupported("too long a replacement");
  } else {
    return UnsupportedType(part, "NFC, Prepend, Replace, Sequence");
  }
  steps->push_back(std::move(step));
  return absl::OkStatus();
}

std::string EscapedForRegex(absl::string_view literal) {
  std::string regex;
  for (const char c : literal) {
    if (absl::ascii_ispunct(c)) regex.push_back('\\');
    regex.push_back(c);
  }
  return regex;
}

absl::Status ReadSplit(const JsonField& field, std::vector<SplitStep>* splits) {
  SplitStep step{SplitStep::Kind::kPattern, ""};
  const JsonField pattern = field.Get("pattern");
  if (pattern.Get("Regex").IsNull()) {
    ASSIGN_OR_RETURN(const std::string literal, pattern.Get("String").String());
    if (literal.empty()) return pattern.Error("must not be empty");
    step.pattern = EscapedForRegex(literal);
  } else {
    ASSIGN_OR_RETURN(step.pattern, pattern.Get("Regex").String());
  }
  ASSIGN_OR_RETURN(const std::string behavior, field.Get("behavior").String());
  ASSIGN_OR_RETURN(const bool invert, field.Get("invert").Bool(false));
  // To keep the matches alone is to isolate them, if they cover every text.
  const bool keeps_all = behavior == "Removed" && invert &&
                         KnownWordPattern(step.pattern).has_value();
  if (behavior != "Isolated" && !keeps_all) {
    return field.Unsupported(absl::StrCat(
        "behavior \"", behavior, "\" is not supported; supported: Isolated"));
  }
  splits->push_back(std::move(step));
  return absl::OkStatus();
}

absl::Status ReadMetaspace(const JsonField& field, bool is_first,
                           TokenizerSpec* spec) {
  ASSIGN_OR_RETURN(const std::string replacement,
                   field.Get("replacement").String());
  if (replacement != kSpaceMarker)
    return field.Get("replacement").Unsupported("supported: U+2581");
  if (!is_first)
    return field.Unsupported(
        "Metaspace is supported as the first pre-tokenizer only");
  PrefixStep& step = spec->prefix_step;
  step.replace_spaces = true;
  step.prefix = kSpaceMarker;
  const JsonField scheme_field = field.Get("prepend_scheme");
  if (scheme_field.IsNull()) {
    ASSIGN_OR_RETURN(const bool add_prefix_space,
                     field.Get("add_prefix_space").Bool(true));
    step.where = add_prefix_space ? PrefixStep::Where::kEveryPiece
                                  : PrefixStep::Where::kNever;
  } else {
    ASSIGN_OR_RETURN(const std::string scheme, scheme_field.String());
    if (scheme != "always" && scheme != "first" && scheme != "never") {
      return scheme_field.Error("must be always, first or never");
    }
    step.where = scheme == "always"  ? PrefixStep::Where::kEveryPiece
                 : scheme == "first" ? PrefixStep::Where::kFirstPiece
                                     : PrefixStep::Where::kNever;
  }
  ASSIGN_OR_RETURN(const bool split, field.Get("split").Bool(true));
  if (split) spec->splits.push_back({SplitStep::Kind::kBeforeEachMarker, ""});
  return absl::OkStatus();
}

absl::Status ReadByteLevel(const JsonField& field, bool is_first, bool is_last,
                           TokenizerSpec* spec) {
  if (!is_last)
    return field.Unsupported(
        "ByteLevel is supported as the last pre-tokenizer only");
  spec->bpe.alphabet = BpeSpec::Alphabet::kBytes;
  ASSIGN_OR_RETURN(const bool add_prefix_space,
                   field.Get("add_prefix_space").Bool());
  if (add_prefix_space) {
    if (!is_first)
      return field.Get("add_prefix_space")
          .Unsupported("not after another pre-tokenizer");
    spec->prefix_step.where = PrefixStep::Where::kEveryPiece;
    spec->prefix_step.prefix = " ";
  }
  ASSIGN_OR_RETURN(const bool use_regex, field.Get("use_regex").Bool(true));
  if (use_regex) {
    spec->splits.push_back(
        {SplitStep::Kind::kPattern, std::string(RegexOf(WordPattern::kGpt2))});
  }
  return absl::OkStatus();
}

absl::Status ReadPreTokenizerPart(const TypedField& part, bool is_first,
                                  bool is_last, TokenizerSpec* spec) {
  if (part.type == "ByteLevel")
    return ReadByteLevel(part.field, is_first, is_last, spec);
  if (part.type == "Metaspace")
    return ReadMetaspace(part.field, is_first, spec);
  if (part.type == "Split") return ReadSplit(part.field, &spec->splits);
  if (part.type == "Digits") {
    ASSIGN_OR_RETURN(const bool individual,
                     part.field.Get("individual_digits").Bool());
    const auto kind = individual ? SplitStep::Kind::kEachNumber
                                 : SplitStep::Kind::kNumberRuns;
    spec->splits.push_back({kind, ""});
    return absl::OkStatus();
  }
  return UnsupportedType(part, "ByteLevel, Digits, Metaspace, Split, Sequence");
}

// The ids before and after the text in a template.
absl::Status ReadTemplate(const JsonField& field, TokenizerSpec* spec) {
  const JsonField single = field.Get("single");
  ASSIGN_OR_RETURN(const size_t size, single.ArraySize());
  std::vector<int32_t> before, after;
  bool is_after = false;
  for (size_t i = 0; i < size; ++i) {
    const JsonField piece = single.At(i);
    if (!piece.Get("Sequence").IsNull()) {
      if (is_after) return piece.Unsupported("a second Sequence");
      is_after = true;
      continue;
    }
    ASSIGN_OR_RETURN(const std::string name,
                     piece.Get("SpecialToken").Get("id").String());
    const JsonField ids =
        field.Get("special_tokens").Get(name.c_str()).Get("ids");
    ASSIGN_OR_RETURN(const size_t num_ids, ids.ArraySize());
    for (size_t j = 0; j < num_ids; ++j) {
      const auto* id = ids.value()[j].get_ptr<const uint64_t*>();
      if (id == nullptr || *id >= spec->tokens.size())
        return ids.At(j).Error("is no token's id");
      (is_after ? after : before).push_back(static_cast<int32_t>(*id));
    }
  }
  if (!is_after) return single.Error("has no Sequence");
  spec->prefix_ids.insert(spec->prefix_ids.begin(), before.begin(),
                          before.end());
  spec->suffix_ids.insert(spec->suffix_ids.end(), after.begin(), after.end());
  return absl::OkStatus();
}

// What decodes a vocabulary of characters: reads whether a space goes first.
absl::Status ReadCharacterDecoderPart(const TypedField& part,
                                      bool* restores_spaces, bool* strips) {
  if (part.type == "ByteFallback" || part.type == "Fuse")
    return absl::OkStatus();
  if (part.type == "Metaspace") {
    ASSIGN_OR_RETURN(const bool add_prefix_space,
                     part.field.Get("add_prefix_space").Bool(true));
    const JsonField scheme = part.field.Get("prepend_scheme");
    const bool is_never =
        scheme.value().is_string() && scheme.value() == "never";
    *restores_spaces = true;
    *strips = scheme.IsNull() ? add_prefix_space : !is_never;
    return absl::OkStatus();
  }
  if (part.type == "Replace") {
    ASSIGN_OR_RETURN(const std::string pattern,
                     part.field.Get("pattern").Get("String").String());
    ASSIGN_OR_RETURN(const std::string content,
                     part.field.Get("content").String());
    if (pattern != kSpaceMarker || content != " ")
      return part.field.Unsupported("supported: U+2581 by a space");
    *restores_spaces = true;
    return absl::OkStatus();
  }
  if (part.type == "Strip") {
    const bool is_one_space = part.field.Get("content").value() == " " &&
                              part.field.Get("start").value() == 1 &&
                              part.field.Get("stop").value() == 0;
    if (!is_one_space) {
      return part.field.Unsupported("supported: one space at the start");
    }
    *strips = true;
    return absl::OkStatus();
  }
  return UnsupportedType(
      part,
      "ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip, Sequence");
}

}  // namespace

absl::Status ReadNormalizer(const JsonField& field, TokenizerSpec* spec) {
  ASSIGN_OR_RETURN(const std::vector<TypedField> parts,
                   ReadSequence(field, "normalizers"));
  for (const TypedField& part : parts)
    RETURN_IF_ERROR(ReadNormalizerPart(part, &spec->normalizers));
  return absl::OkStatus();
}

absl::Status ReadPreTokenizer(const JsonField& field, TokenizerSpec* spec) {
  ASSIGN_OR_RETURN(const std::vector<TypedField> parts,
                   ReadSequence(field, "pretokenizers"));
  spec->bpe.alphabet = BpeSpec::Alphabet::kCharacters;
  for (size_t i = 0; i < parts.size(); ++i) {
    RETURN_IF_ERROR(
        ReadPreTokenizerPart(parts[i], i == 0, i + 1 == parts.size(), spec));
  }
  return absl::OkStatus();
}

absl::Status ReadPostProcessor(const JsonField& field, TokenizerSpec* spec) {
  ASSIGN_OR_RETURN(const std::vector<TypedField> parts,
                   ReadSequence(field, "processors"));
  for (const TypedField& part : parts) {
    if (part.type == "ByteLevel") continue;  // changes offsets, no ids
    if (part.type != "TemplateProcessing") {
      return UnsupportedType(part, "ByteLevel, TemplateProcessing, Sequence");
    }
    RETURN_IF_ERROR(ReadTemplate(part.field, spec));
  }
  return absl::OkStatus();
}

absl::Status ReadDecoder(const JsonField& field, TokenizerSpec* spec) {
  ASSIGN_OR_RETURN(const std::vector<TypedField> parts,
                   ReadSequence(field, "decoders"));
  if (spec->bpe.alphabet == BpeSpec::Alphabet::kBytes) {
    if (parts.size() == 1 && parts[0].type == "ByteLevel")
      return absl::OkStatus();
    return field.Unsupported(
        "a ByteLevel pre-tokenizer needs a ByteLevel decoder");
  }
  bool restores_spaces = false;
  for (const TypedField& part : parts) {
    RETURN_IF_ERROR(ReadCharacterDecoderPart(part, &restores_spaces,
                                             &spec->strips_leading_space));
  }
  if (restores_spaces) return absl::OkStatus();
  return field.Unsupported(
      "one that does not turn U+2581 into spaces is not supported");
}

}  // namespace tessera::tokenizer
