// What templates call by name: filters, tests, methods.
//
// They are functions of values alone: nothing reaches outside of the rendering.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// One call, as a builtin sees it.
class Call {
 public:
  Call(const Value& self, const Arguments& arguments, Budget* budget)
      : self_(self), arguments_(arguments), budget_(budget) {}

  // Matches the arguments to `parameters`, names with commas between.
  // InvalidArgument: too many, unknown, given twice, or fewer than
  // `num_required`.
  absl::Status Bind(absl::string_view parameters, size_t num_required);

  // The value that is filtered or tested, or whose method is called.
  const Value& self() const { return self_; }
  const Arguments& arguments() const { return arguments_; }
  Budget* budget() const { return budget_; }

  // Of parameter `i`; null where it was not given.
  const Value* Get(size_t i) const { return bound_[i]; }
  // Given and not None.
  bool Has(size_t i) const { return Get(i) != nullptr && !Get(i)->is_none(); }
  // `otherwise` where it was not given. InvalidArgument: of another type.
  absl::StatusOr<int64_t> Integer(size_t i, int64_t otherwise) const;
  bool Flag(size_t i, bool otherwise) const;
  absl::StatusOr<const Text*> TextOf(size_t i) const;
  // The filtered value as a text. InvalidArgument: it is something else.
  absl::StatusOr<const Text*> SelfText() const;

 private:
  const Value& self_;
  const Arguments& arguments_;
  Budget* budget_;
  std::vector<const Value*> bound_;
};

struct Builtin {
  using Function = absl::StatusOr<Value> (*)(const Call& call);
  absl::string_view name;
  Function function;
  absl::string_view parameters = "";
  size_t num_required = 0;
  // Takes any arguments, unbound.
  bool is_variadic = false;
};

// Calls `builtin`; errors carry its name.
absl::StatusOr<Value> Invoke(const Builtin& builtin, const Value& self,
                             const Arguments& arguments, Budget* budget);

// Null where there is none of the name.
const Builtin* FindFilter(absl::string_view name);
const Builtin* FindTest(absl::string_view name);  // they return bools
const Builtin* FindMethod(const Value& self, absl::string_view name);

const Builtin* FindByName(absl::Span<const Builtin> table,
                          absl::string_view name);

// The tables behind them, by file.
absl::Span<const Builtin> TextFilters();
absl::Span<const Builtin> ListFilters();
absl::Span<const Builtin> SelectFilters();
absl::Span<const Builtin> ConversionFilters();
absl::Span<const Builtin> TextMethods();
absl::Span<const Builtin> DictMethods();

}  // namespace tessera::chat_template
