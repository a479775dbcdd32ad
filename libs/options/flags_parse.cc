// The reading half of Flags: arguments and configuration files into settings,
// settings into values.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "libs/base/status_macros.h"
#include "libs/options/config_file.h"
#include "libs/options/flags.h"
#include "libs/options/nearest.h"

namespace tessera::options {

Flag* Flags::Find(absl::string_view name) {
  for (Flag& flag : flags_) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

Flag* Flags::FindShort(char letter) {
  for (Flag& flag : flags_) {
    if (flag.short_name == letter) return &flag;
  }
  return nullptr;
}

absl::Status Flags::Unknown(absl::string_view origin,
                            absl::string_view name) const {
  std::vector<std::string> names;
  for (const Flag& flag : flags_) names.push_back(flag.name);
  const std::string nearest = Nearest(name, names);
  return absl::InvalidArgumentError(absl::StrCat(
      origin, ": there is no such flag",
      nearest.empty() ? absl::StrCat(" (see ", command_, " --help)")
                      : absl::StrCat("; did you mean --", nearest, "?")));
}

absl::Status Flags::ReadArguments(absl::Span<const std::string> args,
                                  std::vector<Setting>* settings) {
  size_t num_positionals = 0;
  bool flags_ended = false;
  for (size_t i = 0; i < args.size(); ++i) {
    absl::string_view argument = args[i];
    if (!flags_ended && argument == "--") {
      flags_ended = true;
      continue;
    }
    if (flags_ended || argument.size() < 2 || argument[0] != '-') {
      if (num_positionals == positionals_.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("\"", argument, "\": one argument too many (see ",
                         command_, " --help)"));
      }
      *positionals_[num_positionals++].value = std::string(argument);
      continue;
    }
    const bool is_long = absl::StartsWith(argument, "--");
    const size_t equals = argument.find('=');
    const bool has_value = is_long && equals != absl::string_view::npos;
    const std::string origin(
        argument.substr(0, has_value ? equals : argument.npos));
    Flag* flag = is_long              ? Find(origin.substr(2))
                 : origin.size() == 2 ? FindShort(origin[1])
                                      : nullptr;
    if (flag == nullptr)
      return Unknown(origin, argument.substr(is_long ? 2 : 1));
    std::string value = "true";  // a switch that stands alone
    if (has_value) {
      value = std::string(argument.substr(equals + 1));
    } else if (!flag->value_word.empty()) {
      if (i + 1 == args.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(origin, ": needs a value: ", flag->value_word));
      }
      value = args[++i];
    }
    settings->push_back({flag, std::move(value), origin});
  }
  return absl::OkStatus();
}

absl::Status Flags::ReadConfig(std::vector<Setting>* settings) {
  ASSIGN_OR_RETURN(const std::vector<ConfigEntry> entries,
                   ReadConfigFile(config_file_));
  for (const ConfigEntry& entry : entries) {
    const std::string origin =
        absl::StrCat(config_file_, ":", entry.line, ": ", entry.key);
    const std::string name = absl::StrReplaceAll(entry.key, {{"_", "-"}});
    Flag* flag = Find(name);
    if (flag == nullptr || name == "config") return Unknown(origin, name);
    if (entry.values.size() != 1 && !flag->clear) {
      return absl::InvalidArgumentError(
          absl::StrCat(origin, ": takes one value, not a list"));
    }
    for (const std::string& value : entry.values) {
      settings->push_back({flag, value, origin});
    }
  }
  return absl::OkStatus();
}

absl::Status Flags::Apply(const std::vector<Setting>& settings) {
  std::set<const Flag*> cleared;
  for (const Setting& setting : settings) {
    const Flag& flag = *setting.flag;
    if (flag.clear && cleared.insert(&flag).second) flag.clear();
    RETURN_IF_ERROR(Annotate(flag.set(setting.value), setting.origin));
  }
  return absl::OkStatus();
}

absl::Status Flags::Parse(absl::Span<const std::string> args) {
  for (const std::string& argument : args) {
    if (argument == "--") break;
    if (argument == "--help" || argument == "-h") {
      help_requested_ = true;
      return absl::OkStatus();
    }
  }
  std::vector<Setting> from_arguments;
  RETURN_IF_ERROR(ReadArguments(args, &from_arguments));
  for (const Setting& setting : from_arguments) {
    if (setting.flag->name == "config") config_file_ = setting.value;
  }
  if (!config_file_.empty()) {
    std::vector<Setting> from_file;
    RETURN_IF_ERROR(ReadConfig(&from_file));
    RETURN_IF_ERROR(Apply(from_file));
  }
  return Apply(from_arguments);
}

std::string Flags::Help() const {
  std::string usage = absl::StrCat("usage: ", command_, " [FLAG ...]");
  size_t width = 0;
  std::vector<std::string> names;
  for (const Flag& flag : flags_) {
    names.push_back(absl::StrCat(
        flag.short_name
            ? absl::StrCat("-", std::string(1, flag.short_name), ", ")
            : "    ",
        "--", flag.name, flag.value_word.empty() ? "" : " ", flag.value_word));
    width = std::max(width, names.back().size());
  }
  for (const PositionalArgument& positional : positionals_) {
    absl::StrAppend(&usage, " [", positional.word, "]");
  }
  std::string help = absl::StrCat(usage, "\n\n", summary_, "\n\n");
  for (const PositionalArgument& positional : positionals_) {
    absl::StrAppend(&help, "  ", positional.word, "  ", positional.help, "\n");
  }
  for (size_t i = 0; i < flags_.size(); ++i) {
    const Flag& flag = flags_[i];
    absl::StrAppend(&help, "  ", names[i],
                    std::string(width - names[i].size() + 2, ' '), flag.help);
    if (!flag.default_text.empty()) {
      absl::StrAppend(&help, " (default: ", flag.default_text, ")");
    }
    help += '\n';
  }
  return help;
}

}  // namespace tessera::options
