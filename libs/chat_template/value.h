// The values that template expressions compute with: Python's, as far as
// templates use them.
//
// Values never change once made, but for namespaces; so sharing is safe, and
// nothing a template does reaches the caller's data. A container's depth is
// bounded where it is made: walking or freeing a value cannot exhaust the
// stack.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/chat_template/budget.h"
#include "libs/chat_template/text.h"

namespace tessera::chat_template {

class Value;
struct Scope;
struct Statement;

// A name or an attribute that is not there: prints as nothing, is false, and
// most operations on it are errors that say `what`.
struct Undefined {
  std::shared_ptr<const std::string> what;
};

struct List {
  std::vector<Value> items;
  bool is_tuple = false;
  int depth = 1;
};

// The keys are texts, integers or bools (True is 1), each once.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  int depth = 1;
  // Null where there is no such key.
  const Value* Find(absl::string_view key) const;
  const Value* Find(const Value& key) const;
};

// namespace(...): the one thing with attributes that `set` changes. The
// interpreter owns it, so that one may hold itself.
struct Namespace {
  absl::flat_hash_map<std::string, Value> attributes;
};

// The `loop` of a for block.
struct Loop {
  std::shared_ptr<const List> items;
  size_t index = 0;
  bool has_changed = false;
  std::string last_changed;  // what loop.changed was last called with
};

// Something that can be called. `macro` of a macro or caller, with the scope
// that its body sees; otherwise a function, or a method of `self`, by `name`.
struct Callable {
  std::string name;
  const Statement* macro = nullptr;
  Scope* scope = nullptr;
  std::shared_ptr<const Value> self;
};

class Value {
 public:
  using Variant =
      std::variant<Undefined, std::monostate, bool, int64_t, double,
                   std::shared_ptr<const Text>, std::shared_ptr<const List>,
                   std::shared_ptr<const Dict>, Namespace*,
                   std::shared_ptr<Loop>, std::shared_ptr<const Callable>>;

  Value() : variant_(std::monostate()) {}  // None
  template <typename T>
  explicit Value(T alternative) : variant_(std::move(alternative)) {}

  static Value UndefinedBecause(std::string what) {
    return Value(
        Undefined{std::make_shared<const std::string>(std::move(what))});
  }
  static Value FromText(Text text) {
    return Value(std::make_shared<const Text>(std::move(text)));
  }

  bool is_undefined() const { return Is<Undefined>(); }
  bool is_none() const { return Is<std::monostate>(); }
  bool is_bool() const { return Is<bool>(); }
  bool is_integer() const { return Is<int64_t>(); }
  bool is_float() const { return Is<double>(); }
  // As Python's isinstance(x, (int, float)): True and False are numbers.
  bool is_number() const { return is_bool() || is_integer() || is_float(); }
  bool is_text() const { return Is<std::shared_ptr<const Text>>(); }
  bool is_list() const { return Is<std::shared_ptr<const List>>(); }
  bool is_dict() const { return Is<std::shared_ptr<const Dict>>(); }
  bool is_callable() const { return Is<std::shared_ptr<const Callable>>(); }

  // Null where the value is something else.
  const Text* text() const { return Pointee<std::shared_ptr<const Text>>(); }
  const List* list() const { return Pointee<std::shared_ptr<const List>>(); }
  const Dict* dict() const { return Pointee<std::shared_ptr<const Dict>>(); }
  const Callable* callable() const {
    return Pointee<std::shared_ptr<const Callable>>();
  }
  Loop* loop() const { return Pointee<std::shared_ptr<Loop>>(); }
  Namespace* name_space() const {
    const auto* pointer = std::get_if<Namespace*>(&variant_);
    return pointer == nullptr ? nullptr : *pointer;
  }

  // Numbers alone.
  int64_t integer() const;  // of a bool or an integer
  double number() const;

  bool IsTrue() const;
  // "str", "list", ...: Python's names.
  absl::string_view TypeName() const;
  int Depth() const;
  const Variant& variant() const { return variant_; }

 private:
  template <typename T>
  bool Is() const {
    return std::holds_alternative<T>(variant_);
  }
  template <typename T>
  typename T::element_type* Pointee() const {
    const T* pointer = std::get_if<T>(&variant_);
    return pointer == nullptr ? nullptr : pointer->get();
  }

  Variant variant_;
};

// Containers, charged to the budget; ResourceExhausted past a depth of 64. A
// dict's later items replace those of the same key; InvalidArgument: a key of
// another type than Dict takes.
absl::StatusOr<Value> MakeList(std::vector<Value> items, Budget* budget,
                               bool is_tuple = false);
absl::StatusOr<Value> MakeDict(std::vector<std::pair<Value, Value>> items,
                               Budget* budget);
absl::StatusOr<Value> MakeText(Text text, Budget* budget);

// Python's == and <. Less: InvalidArgument for values without an order.
absl::StatusOr<bool> Equal(const Value& a, const Value& b, Budget* budget);
absl::StatusOr<bool> Less(const Value& a, const Value& b, Budget* budget);

// What `for` goes over: a list's items, a dict's keys, a text's characters,
// nothing for an undefined value. InvalidArgument: not iterable.
absl::StatusOr<std::shared_ptr<const List>> Items(const Value& value,
                                                  Budget* budget);

}  // namespace tessera::chat_template
