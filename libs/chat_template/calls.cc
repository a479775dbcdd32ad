// The interpreter's calls: macros, methods, and the functions that templates
// find by name.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/attributes.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/interpreter.h"

namespace tessera::chat_template {
namespace {

// Jinja's sandbox has the same bound.
constexpr int64_t kMaxRange = 100000;
constexpr size_t kMaxDateFormat = 100;

// How many items lie in [start, stop) by `step`.
int64_t NumInRange(int64_t start, int64_t stop, int64_t step) {
  const bool is_empty = step > 0 ? start >= stop : start <= stop;
  if (is_empty) return 0;
  // In 128 bits: the distance of two 64-bit integers takes 65.
  const __int128 distance = static_cast<__int128>(stop) - start;
  const __int128 count = (distance + step + (step > 0 ? -1 : 1)) / step;
  return count > kMaxRange ? kMaxRange + 1 : static_cast<int64_t>(count);
}

}  // namespace

absl::StatusOr<Value> Interpreter::EvaluateCall(const Expression& node,
                                                Scope* scope) {
  ASSIGN_OR_RETURN(const Value callee, Evaluate(*node.operands[0], scope));
  ASSIGN_OR_RETURN(Arguments arguments, EvaluateArguments(node, scope));
  return CallValue(callee, std::move(arguments), nullptr);
}

absl::StatusOr<Value> Interpreter::CallValue(const Value& callee,
                                             Arguments arguments,
                                             const Value* caller) {
  if (callee.is_undefined()) return UndefinedError(callee);
  const Callable* callable = callee.callable();
  if (callable == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", callee.TypeName(), "' object is not callable"));
  }
  if (callable->macro != nullptr) {
    return CallMacro(*callable, std::move(arguments), caller);
  }
  if (callable->self == nullptr) {
    return CallFunction(callable->name, arguments);
  }
  if (callable->self->loop() != nullptr) {
    return CallLoopMethod(*callable, arguments);
  }
  return Invoke(*FindMethod(*callable->self, callable->name), *callable->self,
                arguments, &budget_);
}

absl::StatusOr<Value> Interpreter::CallMacro(const Callable& macro,
                                             Arguments arguments,
                                             const Value* caller) {
  const std::vector<Parameter>& parameters = macro.macro->parameters;
  if (arguments.positional.size() > parameters.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("macro '", macro.name, "' takes not more than ",
                     parameters.size(), " arguments"));
  }
  ASSIGN_OR_RETURN(Scope * scope, NewScope(macro.scope));
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    scope->variables[parameters[i].name] = std::move(arguments.positional[i]);
  }
  for (auto& [name, value] : arguments.named) {
    const auto is_named = [&n = name](const Parameter& p) {
      return p.name == n;
    };
    const bool is_known = std::find_if(parameters.begin(), parameters.end(),
                                       is_named) != parameters.end();
    if (!is_known || scope->variables.contains(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("macro '", macro.name, "': argument '", name,
                       "' is unknown or given twice"));
    }
    scope->variables[name] = std::move(value);
  }
  for (const Parameter& parameter : parameters) {
    if (scope->variables.contains(parameter.name)) continue;
    Value value = Value::UndefinedBecause(
        absl::StrCat("parameter '", parameter.name, "' was not provided"));
    if (parameter.default_value != nullptr) {
      ASSIGN_OR_RETURN(value, Evaluate(*parameter.default_value, scope));
    }
    scope->variables[parameter.name] = std::move(value);
  }
  if (caller != nullptr) scope->variables["caller"] = *caller;
  Text rendered;
  Text* const outer = std::exchange(out_, &rendered);
  const absl::StatusOr<Flow> flow = Execute(macro.macro->body, scope);
  out_ = outer;
  if (!flow.ok()) return flow.status();
  Release(scope);
  return Value::FromText(std::move(rendered));
}

absl::StatusOr<Value> Interpreter::CallFunction(absl::string_view name,
                                                const Arguments& arguments) {
  if (name == "range") return MakeRange(arguments);
  if (name == "namespace") return MakeNamespace(arguments);
  if (name == "dict") return MakeDictOf(arguments);
  if (name == "strftime_now") return FormatNow(arguments);
  if (name == "raise_exception") {
    Call call(Value(), arguments, &budget_);
    RETURN_IF_ERROR(Annotate(call.Bind("message", 1), name));
    ASSIGN_OR_RETURN(const Text message, ToText(*call.Get(0), &budget_));
    return absl::InvalidArgumentError(message.bytes());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("function '", name, "' is not supported"));
}

absl::StatusOr<Value> Interpreter::MakeRange(const Arguments& arguments) {
  const Value self;
  Call call(self, arguments, &budget_);
  RETURN_IF_ERROR(Annotate(call.Bind("start,stop,step", 1), "range"));
  ASSIGN_OR_RETURN(int64_t start, call.Integer(0, 0));
  int64_t stop = start;
  if (call.Get(1) == nullptr) {
    start = 0;
  } else {
    ASSIGN_OR_RETURN(stop, call.Integer(1, 0));
  }
  ASSIGN_OR_RETURN(const int64_t step, call.Integer(2, 1));
  if (step == 0) return absl::InvalidArgumentError("range: the step is 0");
  const int64_t count = NumInRange(start, stop, step);
  if (count > kMaxRange) {
    return absl::ResourceExhaustedError(
        absl::StrCat("range: more than ", kMaxRange, " items"));
  }
  RETURN_IF_ERROR(budget_.Allocate(sizeof(Value), count));
  std::vector<Value> items;
  for (int64_t i = 0; i < count; ++i) items.push_back(Value(start + i * step));
  return MakeList(std::move(items), &budget_);
}

absl::StatusOr<Value> Interpreter::MakeNamespace(const Arguments& arguments) {
  RETURN_IF_ERROR(budget_.Allocate(sizeof(Namespace)));
  auto space = std::make_unique<Namespace>();
  for (const Value& argument : arguments.positional) {
    if (argument.dict() == nullptr) {
      return absl::InvalidArgumentError("namespace wants a dict or names");
    }
    for (const auto& [key, value] : argument.dict()->items) {
      if (!key.is_text()) continue;  // no attribute can be spelled so
      RETURN_IF_ERROR(budget_.Allocate(sizeof(Value) + key.text()->size()));
      space->attributes[std::string(key.text()->bytes())] = value;
    }
  }
  for (const auto& [name, value] : arguments.named) {
    space->attributes[name] = value;
  }
  namespaces_.push_back(std::move(space));
  return Value(namespaces_.back().get());
}

absl::StatusOr<Value> Interpreter::MakeDictOf(const Arguments& arguments) {
  std::vector<std::pair<Value, Value>> items;
  if (!arguments.positional.empty()) {
    const Dict* dict = arguments.positional[0].dict();
    if (dict == nullptr || arguments.positional.size() > 1 ||
        !arguments.named.empty()) {
      return absl::InvalidArgumentError("dict wants a dict or names");
    }
    items = dict->items;
  }
  for (const auto& [name, value] : arguments.named) {
    items.emplace_back(Value::FromText(Text(name, Origin::kTemplate)), value);
  }
  return MakeDict(std::move(items), &budget_);
}

absl::StatusOr<Value> Interpreter::FormatNow(const Arguments& arguments) {
  const Value self;
  Call call(self, arguments, &budget_);
  RETURN_IF_ERROR(Annotate(call.Bind("format", 1), "strftime_now"));
  ASSIGN_OR_RETURN(const Text* format, call.TextOf(0));
  if (format->size() > kMaxDateFormat) {
    return absl::InvalidArgumentError(absl::StrCat(
        "strftime_now: a format of more than ", kMaxDateFormat, " bytes"));
  }
  const std::string date = absl::FormatTime(std::string(format->bytes()),
                                            clock_->now, clock_->time_zone);
  return MakeText(Text(date, Origin::kTemplate), &budget_);
}

absl::StatusOr<Value> Interpreter::CallLoopMethod(const Callable& method,
                                                  const Arguments& arguments) {
  Loop& loop = *method.self->loop();
  if (!arguments.named.empty() || arguments.positional.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("loop.", method.name, " wants arguments without names"));
  }
  if (method.name == "cycle") {
    return arguments.positional[loop.index % arguments.positional.size()];
  }
  // Kept as text: a loop that held values could come to hold itself.
  ASSIGN_OR_RETURN(const Value list, MakeList(arguments.positional, &budget_));
  ASSIGN_OR_RETURN(const Text text, ToText(list, &budget_));
  RETURN_IF_ERROR(budget_.Allocate(text.size()));
  const bool has_changed =
      !loop.has_changed || loop.last_changed != text.bytes();
  loop.has_changed = true;
  loop.last_changed = std::string(text.bytes());
  return Value(has_changed);
}

}  // namespace tessera::chat_template
