#include "libs/chat_template/interpreter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/chat_template/format.h"
#include "libs/chat_template/parser.h"

namespace tessera::chat_template {

using Kind = Statement::Kind;

void Interpreter::SetVariable(absl::string_view name, Value value) {
  globals_.variables[std::string(name)] = std::move(value);
}

absl::StatusOr<Text> Interpreter::Run(const Body& body) {
  const auto flow = [&]() -> absl::StatusOr<Flow> {
    ASSIGN_OR_RETURN(Scope * scope, NewScope(&globals_));
    return Execute(body, scope);
  }();
  if (flow.ok()) return std::move(output_);
  if (error_line_ == 0) return flow.status();
  return Annotate(flow.status(), absl::StrCat("line ", error_line_));
}

absl::Status Interpreter::At(int line, absl::Status status) {
  if (!status.ok() && error_line_ == 0) error_line_ = line;
  return status;
}

absl::StatusOr<Scope*> Interpreter::NewScope(Scope* parent) {
  RETURN_IF_ERROR(budget_.Allocate(sizeof(Scope)));
  if (free_scopes_.empty()) {
    scopes_.push_back(std::make_unique<Scope>());
    free_scopes_.push_back(scopes_.back().get());
  }
  Scope* scope = free_scopes_.back();
  free_scopes_.pop_back();
  scope->parent = parent;
  return scope;
}

void Interpreter::Release(Scope* scope) {
  if (scope->is_held) return;
  scope->variables.clear();
  free_scopes_.push_back(scope);
}

void Interpreter::Hold(Scope* scope) {
  for (; scope != nullptr && !scope->is_held; scope = scope->parent) {
    scope->is_held = true;
  }
}

absl::StatusOr<Interpreter::Flow> Interpreter::Execute(const Body& body,
                                                       Scope* scope) {
  for (const Statement& statement : body) {
    const absl::StatusOr<Flow> flow = Execute(statement, scope);
    if (!flow.ok()) return At(statement.line, flow.status());
    if (*flow != Flow::kOn) return *flow;
  }
  return Flow::kOn;
}

absl::StatusOr<Interpreter::Flow> Interpreter::Execute(
    const Statement& statement, Scope* scope) {
  RETURN_IF_ERROR(budget_.Step());
  RETURN_IF_ERROR(budget_.Enter());
  const DepthGuard guard(&budget_);
  switch (statement.kind) {
    case Kind::kText:
      RETURN_IF_ERROR(Print(statement.text));
      break;
    case Kind::kPrint: {
      ASSIGN_OR_RETURN(const Value value,
                       Evaluate(*statement.expression, scope));
      RETURN_IF_ERROR(Print(value));
      break;
    }
    case Kind::kIf:
      return ExecuteIf(statement, scope);
    case Kind::kFor:
      return ExecuteFor(statement, scope);
    case Kind::kSet:
      RETURN_IF_ERROR(ExecuteSet(statement, scope));
      break;
    case Kind::kSetBlock: {
      ASSIGN_OR_RETURN(const Value value, Capture(statement, scope));
      RETURN_IF_ERROR(Assign(statement.targets, value, scope));
      break;
    }
    case Kind::kFilterBlock: {
      ASSIGN_OR_RETURN(const Value value, Capture(statement, scope));
      RETURN_IF_ERROR(Print(value));
      break;
    }
    case Kind::kMacro:
      RETURN_IF_ERROR(ExecuteMacro(statement, scope));
      break;
    case Kind::kCallBlock:
      RETURN_IF_ERROR(ExecuteCallBlock(statement, scope));
      break;
    case Kind::kWith:
      return ExecuteWith(statement, scope);
    case Kind::kBreak:
      return Flow::kBreak;
    case Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kOn;
}

absl::Status Interpreter::Print(const Value& value) {
  const Text* text = value.text();
  Text made;
  if (text == nullptr) {
    ASSIGN_OR_RETURN(made, ToText(value, &budget_));
    text = &made;
  }
  RETURN_IF_ERROR(budget_.Allocate(text->allocated_bytes()));
  if (out_ == &output_) RETURN_IF_ERROR(budget_.Output(text->size()));
  out_->Append(*text);
  return absl::OkStatus();
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteIf(
    const Statement& statement, Scope* scope) {
  for (const Branch& branch : statement.branches) {
    ASSIGN_OR_RETURN(const Value condition, Evaluate(*branch.condition, scope));
    if (condition.IsTrue()) return Execute(branch.body, scope);
  }
  return Execute(statement.else_body, scope);
}

absl::StatusOr<std::shared_ptr<const List>> Interpreter::FilterItems(
    const Statement& statement, std::shared_ptr<const List> items,
    Scope* scope) {
  std::vector<Value> kept;
  for (const Value& item : items->items) {
    ASSIGN_OR_RETURN(Scope * inner, NewScope(scope));
    RETURN_IF_ERROR(Assign(statement.targets, item, inner));
    ASSIGN_OR_RETURN(const Value condition,
                     Evaluate(*statement.condition, inner));
    Release(inner);
    if (condition.IsTrue()) kept.push_back(item);
  }
  ASSIGN_OR_RETURN(const Value list, MakeList(std::move(kept), &budget_));
  return Items(list, &budget_);
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteFor(
    const Statement& statement, Scope* scope) {
  ASSIGN_OR_RETURN(const Value iterable,
                   Evaluate(*statement.expression, scope));
  auto loop = std::make_shared<Loop>();
  ASSIGN_OR_RETURN(loop->items, Items(iterable, &budget_));
  if (statement.condition != nullptr) {
    ASSIGN_OR_RETURN(loop->items, FilterItems(statement, loop->items, scope));
  }
  ASSIGN_OR_RETURN(const bool has_finished,
                   ExecuteLoop(statement, std::move(loop), scope));
  // Jinja's else: no iteration came to its end.
  return has_finished ? Flow::kOn : Execute(statement.else_body, scope);
}

absl::StatusOr<bool> Interpreter::ExecuteLoop(const Statement& statement,
                                              std::shared_ptr<Loop> loop,
                                              Scope* scope) {
  const std::vector<Value>& items = loop->items->items;
  bool has_finished = false;
  for (size_t i = 0; i < items.size(); ++i) {
    RETURN_IF_ERROR(budget_.Step());
    loop->index = i;
    ASSIGN_OR_RETURN(Scope * inner, NewScope(scope));
    inner->variables["loop"] = Value(loop);
    RETURN_IF_ERROR(Assign(statement.targets, items[i], inner));
    ASSIGN_OR_RETURN(const Flow flow, Execute(statement.body, inner));
    Release(inner);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kOn) has_finished = true;
  }
  return has_finished;
}

absl::StatusOr<Interpreter::Flow> Interpreter::ExecuteWith(
    const Statement& statement, Scope* scope) {
  ASSIGN_OR_RETURN(Scope * inner, NewScope(scope));
  for (size_t i = 0; i < statement.targets.size(); ++i) {
    ASSIGN_OR_RETURN(Value value, Evaluate(*statement.values[i], scope));
    RETURN_IF_ERROR(AssignTo(statement.targets[i], std::move(value), inner));
  }
  ASSIGN_OR_RETURN(const Flow flow, Execute(statement.body, inner));
  Release(inner);
  return flow;
}

absl::Status Interpreter::ExecuteSet(const Statement& statement, Scope* scope) {
  ASSIGN_OR_RETURN(const Value value, Evaluate(*statement.expression, scope));
  return Assign(statement.targets, value, scope);
}

absl::Status Interpreter::ExecuteMacro(const Statement& statement,
                                       Scope* scope) {
  Hold(scope);
  RETURN_IF_ERROR(budget_.Allocate(sizeof(Callable)));
  return AssignTo({statement.name, ""},
                  Value(std::make_shared<const Callable>(
                      Callable{statement.name, &statement, scope, nullptr})),
                  scope);
}

absl::Status Interpreter::ExecuteCallBlock(const Statement& statement,
                                           Scope* scope) {
  Hold(scope);
  const Value caller(std::make_shared<const Callable>(
      Callable{statement.name, &statement, scope, nullptr}));
  const Expression& call = *statement.expression;
  ASSIGN_OR_RETURN(const Value callee, Evaluate(*call.operands[0], scope));
  ASSIGN_OR_RETURN(Arguments arguments, EvaluateArguments(call, scope));
  ASSIGN_OR_RETURN(const Value value,
                   CallValue(callee, std::move(arguments), &caller));
  return Print(value);
}

absl::StatusOr<Value> Interpreter::Capture(const Statement& statement,
                                           Scope* scope) {
  ASSIGN_OR_RETURN(Scope * inner, NewScope(scope));
  Text captured;
  Text* const outer = std::exchange(out_, &captured);
  const absl::StatusOr<Flow> flow = Execute(statement.body, inner);
  out_ = outer;
  if (!flow.ok()) return flow.status();
  Value value = Value::FromText(std::move(captured));
  if (statement.filters != nullptr) {
    inner->variables[std::string(kBlockName)] = std::move(value);
    ASSIGN_OR_RETURN(value, Evaluate(*statement.filters, inner));
  }
  Release(inner);
  return value;
}

absl::Status Interpreter::Assign(const std::vector<Target>& targets,
                                 const Value& value, Scope* scope) {
  if (targets.size() == 1) return AssignTo(targets[0], value, scope);
  ASSIGN_OR_RETURN(const auto items, Items(value, &budget_));
  if (items->items.size() != targets.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(items->items.size(), " values cannot be unpacked into ",
                     targets.size(), " names"));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    RETURN_IF_ERROR(AssignTo(targets[i], items->items[i], scope));
  }
  return absl::OkStatus();
}

absl::Status Interpreter::AssignTo(const Target& target, Value value,
                                   Scope* scope) {
  RETURN_IF_ERROR(budget_.Step());
  if (target.attribute.empty()) {
    // Names come from the source; there are no more of them than it has.
    scope->variables[target.name] = std::move(value);
    return absl::OkStatus();
  }
  while (scope != nullptr && !scope->variables.contains(target.name)) {
    scope = scope->parent;
  }
  Namespace* space = nullptr;
  if (scope != nullptr) space = scope->variables[target.name].name_space();
  if (space == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot assign attribute on non-namespace object '", target.name, "'"));
  }
  space->attributes[target.attribute] = std::move(value);
  return absl::OkStatus();
}

}  // namespace tessera::chat_template
