// A parsed template.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/chat_template/value.h"

namespace tessera::chat_template {

struct Expression;
struct Statement;
using ExpressionPointer = std::unique_ptr<Expression>;
using Body = std::vector<Statement>;

struct Expression {
  enum class Kind {
    kConstant,     // constant
    kName,         // name
    kList,         // [operands]
    kTuple,        // (operands)
    kDict,         // {operands: key, value, key, value, ...}
    kUnary,        // name operand; name is not, - or +
    kBinary,       // operand name operand; name is + - * / // % **
    kCompare,      // operand names[0] operand names[1] operand ...
    kAnd,          // operand and operand
    kOr,           // operand or operand
    kConcat,       // operand ~ operand ~ ...
    kConditional,  // operand if operand else operand; the last may be null
    kAttribute,    // operand.name
    kItem,         // operand[operand]
    kSlice,        // operand[operand:operand:operand], the last three may be
                   // null
    kCall,         // operand(arguments)
    kFilter,       // operand | name(arguments)
    kTest,         // operand is name(arguments)
  };
  Kind kind;
  int line = 0;
  int depth = 1;  // levels of nodes under and with this one
  std::string name;
  Value constant;
  std::vector<ExpressionPointer> operands;
  // kCompare: the operators (==, in, not in, ...). Where there are arguments:
  // the names of the last operands, given by name.
  std::vector<std::string> names;
};

// What `set` and `for` assign to: a name, or an attribute of a namespace.
struct Target {
  std::string name;
  std::string attribute;  // empty: the name itself
};

struct Branch {
  ExpressionPointer condition;
  Body body;
};

struct Parameter {
  std::string name;
  ExpressionPointer default_value;  // may be null
};

struct Statement {
  enum class Kind {
    kText,         // text
    kPrint,        // {{ expression }}
    kIf,           // branches, else_body
    kFor,          // targets in expression if condition: body, else_body
    kSet,          // targets = expression
    kSetBlock,     // targets = what body renders, through filters
    kMacro,        // name(parameters): body
    kCallBlock,    // expression, a call, whose caller(parameters) is body
    kFilterBlock,  // what body renders, through filters
    kWith,         // targets = values, seen by body alone
    kBreak,
    kContinue,
  };
  Kind kind;
  int line = 0;
  std::string name;
  Value text;
  std::vector<Target> targets;
  ExpressionPointer expression;
  ExpressionPointer condition;
  // A chain of kFilter over a kName that no template can write, bound to the
  // rendered body; null where there is no filter.
  ExpressionPointer filters;
  std::vector<ExpressionPointer> values;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
  Body body;
  Body else_body;
};

}  // namespace tessera::chat_template
