// Runs a parsed template.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/chat_template/ast.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/builtin.h"
#include "libs/chat_template/value.h"

namespace tessera::chat_template {

// The names that a block sees. Owned by the interpreter: a macro holds on to
// the scope that it was made in.
struct Scope {
  absl::flat_hash_map<std::string, Value> variables;
  Scope* parent = nullptr;
  bool is_held = false;  // by a macro, for as long as the rendering takes
};

// What strftime_now tells; none where a prompt should not depend on the day.
struct Clock {
  absl::Time now;
  absl::TimeZone time_zone;
};

// One rendering.
class Interpreter {
 public:
  Interpreter(const Limits& limits, std::optional<Clock> clock)
      : budget_(limits), clock_(clock) {}

  Budget* budget() { return &budget_; }
  void SetVariable(absl::string_view name, Value value);

  // InvalidArgument: "line 3: ..."; ResourceExhausted: a limit.
  absl::StatusOr<Text> Run(const Body& body);

 private:
  enum class Flow { kOn, kBreak, kContinue };

  // Statements (interpreter.cc).
  absl::StatusOr<Flow> Execute(const Body& body, Scope* scope);
  absl::StatusOr<Flow> Execute(const Statement& statement, Scope* scope);
  absl::StatusOr<Flow> ExecuteIf(const Statement& statement, Scope* scope);
  absl::StatusOr<Flow> ExecuteFor(const Statement& statement, Scope* scope);
  absl::StatusOr<Flow> ExecuteWith(const Statement& statement, Scope* scope);
  // Whether any iteration came to the end of the body.
  absl::StatusOr<bool> ExecuteLoop(const Statement& statement,
                                   std::shared_ptr<Loop> loop, Scope* scope);
  absl::Status ExecuteSet(const Statement& statement, Scope* scope);
  absl::Status ExecuteMacro(const Statement& statement, Scope* scope);
  absl::Status ExecuteCallBlock(const Statement& statement, Scope* scope);
  absl::Status Print(const Value& value);
  // What the body prints, through the statement's filters.
  absl::StatusOr<Value> Capture(const Statement& statement, Scope* scope);
  absl::StatusOr<std::shared_ptr<const List>> FilterItems(
      const Statement& statement, std::shared_ptr<const List> items,
      Scope* scope);
  absl::Status Assign(const std::vector<Target>& targets, const Value& value,
                      Scope* scope);
  absl::Status AssignTo(const Target& target, Value value, Scope* scope);

  // Expressions (evaluator.cc).
  absl::StatusOr<Value> Evaluate(const Expression& expression, Scope* scope);
  absl::StatusOr<Value> EvaluateNode(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateName(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateList(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateDict(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateUnary(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateBinary(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateCompare(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateConcat(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateConditional(const Expression& node,
                                            Scope* scope);
  absl::StatusOr<Value> EvaluateSlice(const Expression& node, Scope* scope);
  absl::StatusOr<Value> EvaluateFilter(const Expression& node, Scope* scope);
  absl::StatusOr<Arguments> EvaluateArguments(const Expression& node,
                                              Scope* scope);

  // Calls (calls.cc).
  absl::StatusOr<Value> EvaluateCall(const Expression& node, Scope* scope);
  absl::StatusOr<Value> CallValue(const Value& callee, Arguments arguments,
                                  const Value* caller);
  absl::StatusOr<Value> CallMacro(const Callable& macro, Arguments arguments,
                                  const Value* caller);
  absl::StatusOr<Value> CallFunction(absl::string_view name,
                                     const Arguments& arguments);
  absl::StatusOr<Value> CallLoopMethod(const Callable& method,
                                       const Arguments& arguments);
  absl::StatusOr<Value> MakeNamespace(const Arguments& arguments);
  absl::StatusOr<Value> MakeRange(const Arguments& arguments);
  absl::StatusOr<Value> FormatNow(const Arguments& arguments);
  absl::StatusOr<Value> MakeDictOf(const Arguments& arguments);

  absl::StatusOr<Scope*> NewScope(Scope* parent);
  void Release(Scope* scope);
  // The scope and those around it stay.
  static void Hold(Scope* scope);

  // Notes where the first error happened.
  absl::Status At(int line, absl::Status status);

  Budget budget_;
  const std::optional<Clock> clock_;
  Scope globals_;
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<Scope*> free_scopes_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  Text output_;
  Text* out_ = &output_;
  int error_line_ = 0;
};

}  // namespace tessera::chat_template
