#include "libs/chat_template/builtin.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"

namespace tessera::chat_template {

absl::Status Call::Bind(absl::string_view parameters, size_t num_required) {
  const std::vector<absl::string_view> names =
      absl::StrSplit(parameters, ',', absl::SkipEmpty());
  if (arguments_.positional.size() > names.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("takes at most ", names.size(), " arguments"));
  }
  bound_.assign(names.size(), nullptr);
  for (size_t i = 0; i < arguments_.positional.size(); ++i) {
    bound_[i] = &arguments_.positional[i];
  }
  for (const auto& [name, value] : arguments_.named) {
    const size_t i =
        std::find(names.begin(), names.end(), name) - names.begin();
    if (i == names.size() || bound_[i] != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("argument '", name, "' is unknown or given twice"));
    }
    bound_[i] = &value;
  }
  for (size_t i = 0; i < num_required; ++i) {
    if (bound_[i] != nullptr) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("argument '", names[i], "' is missing"));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Call::Integer(size_t i, int64_t otherwise) const {
  if (!Has(i)) return otherwise;
  if (!Get(i)->is_integer() && !Get(i)->is_bool()) {
    return absl::InvalidArgumentError(
        absl::StrCat("wants an int, not '", Get(i)->TypeName(), "'"));
  }
  return Get(i)->integer();
}

bool Call::Flag(size_t i, bool otherwise) const {
  return Get(i) == nullptr ? otherwise : Get(i)->IsTrue();
}

absl::StatusOr<const Text*> Call::TextOf(size_t i) const {
  if (Get(i) != nullptr && Get(i)->is_text()) return Get(i)->text();
  return absl::InvalidArgumentError(absl::StrCat(
      "wants a str, not '",
      Get(i) == nullptr ? absl::string_view("None") : Get(i)->TypeName(), "'"));
}

absl::StatusOr<const Text*> Call::SelfText() const {
  if (self_.is_text()) return self_.text();
  return absl::InvalidArgumentError(
      absl::StrCat("wants a str, not '", self_.TypeName(), "'"));
}

absl::StatusOr<Value> Invoke(const Builtin& builtin, const Value& self,
                             const Arguments& arguments, Budget* budget) {
  RETURN_IF_ERROR(budget->Step());
  Call call(self, arguments, budget);
  if (!builtin.is_variadic) {
    RETURN_IF_ERROR(Annotate(
        call.Bind(builtin.parameters, builtin.num_required), builtin.name));
  }
  absl::StatusOr<Value> result = builtin.function(call);
  if (!result.ok()) return Annotate(result.status(), builtin.name);
  return result;
}

const Builtin* FindByName(absl::Span<const Builtin> table,
                          absl::string_view name) {
  for (const Builtin& builtin : table) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

const Builtin* FindFilter(absl::string_view name) {
  for (const auto& table :
       {TextFilters(), ListFilters(), SelectFilters(), ConversionFilters()}) {
    if (const Builtin* found = FindByName(table, name)) return found;
  }
  return nullptr;
}

const Builtin* FindMethod(const Value& self, absl::string_view name) {
  if (self.is_text()) return FindByName(TextMethods(), name);
  if (self.is_dict()) return FindByName(DictMethods(), name);
  return nullptr;
}

}  // namespace tessera::chat_template
