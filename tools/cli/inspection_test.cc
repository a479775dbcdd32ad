#include "tools/cli/inspection.h"

#include <limits>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tessera::cli {
namespace {

Inspection Example() {
  Inspection inspection;
  inspection.file = "m.gguf";
  inspection.format = "GGUF 3";
  inspection.metadata = {{"general.name", "string", "Small"}};
  inspection.tensors = {{"a", "Q4_1", {4, 32}, 0, 80, ""},
                        {"b", "F32", {8}, 96, 32, ""}};
  return inspection;
}

TEST(InspectionTest, TextShowsEverythingOnce) {
  const std::string text = ToText(Example());
  for (const char* words :
       {"m.gguf: GGUF 3", "general.name = \"Small\"  (string)", "[4, 32]",
        "2 tensors, 136 parameters, 112 bytes", "Q4_1      1 tensors",
        "This file would run."}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

TEST(InspectionTest, RefusalsNameTheTensorAndTheReason) {
  Inspection inspection = Example();
  inspection.tensors[1].unsupported = "type IQ2_XS is not supported";
  inspection.refusals = {"architecture mamba is not supported"};
  EXPECT_EQ(
      inspection.AllRefusals(),
      (std::vector<std::string>{"architecture mamba is not supported",
                                "tensor b: type IQ2_XS is not supported"}));
  EXPECT_NE(ToText(inspection).find("would be refused"), std::string::npos);
  const auto json = nlohmann::json::parse(ToJson(inspection), nullptr, false);
  EXPECT_EQ(json["refused"].size(), 2u);
  EXPECT_EQ(json["tensors"][1]["unsupported"], "type IQ2_XS is not supported");
}

TEST(InspectionTest, ClaimedShapesDoNotOverflow) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  Inspection inspection = Example();
  inspection.tensors[0].shape = {kMax, kMax};
  EXPECT_EQ(inspection.NumParameters(), kMax);
}

TEST(InspectionTest, TextOfAFileCannotSpeakToTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2J\n", 100), "a\\033[2J\\n");
  EXPECT_EQ(Printable("h\xC3\xA9llo", 2), "h...") << "cut between characters";
  EXPECT_EQ(Printable("h\xC3\xA9llo", 3), "h\xC3\xA9...");
  Inspection inspection = Example();
  inspection.tensors[0].name = "\x1b]0;";
  inspection.metadata[0].key = "\x1b]0;";
  EXPECT_EQ(ToText(inspection).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tessera::cli
