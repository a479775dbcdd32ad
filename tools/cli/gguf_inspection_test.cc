#include "tools/cli/gguf_inspection.h"

#include "gtest/gtest.h"
#include "libs/checkpoint/test_files.h"

namespace tessera::cli {
namespace {

TEST(GgufInspectionTest, ListsFieldsAndTensors) {
  GgufHeader header;
  header.AddString("general.name", "Small\x1b");
  header.AddUint32("llama.block_count", 30);
  header.AddStrings("tokenizer.ggml.tokens", std::vector<std::string>(20, "t"));
  ASSERT_TRUE(header.AddTensor("a", DType::kQ4_1, {2, 64}).ok());
  const AlignedBytes bytes(FileBytes(header.Layout()));
  const auto file = GgufFile::Parse(bytes.span(), "m.gguf");
  ASSERT_TRUE(file.ok()) << file.status();

  const Inspection inspection = InspectGguf(**file);
  EXPECT_EQ(inspection.format, "GGUF 3");
  ASSERT_EQ(inspection.metadata.size(), 3u);
  EXPECT_EQ(inspection.metadata[0].value, "Small\x1b");
  EXPECT_EQ(inspection.metadata[1].value, 30);
  EXPECT_EQ(inspection.metadata[1].type, "uint32");
  EXPECT_EQ(inspection.metadata[2].type, "array of 20 string");
  EXPECT_EQ(inspection.metadata[2].value.size(), 8u) << "the first ones";
  ASSERT_EQ(inspection.tensors.size(), 1u);
  EXPECT_EQ(inspection.tensors[0].type, "Q4_1");
  EXPECT_EQ(inspection.tensors[0].shape, (std::vector<int64_t>{2, 64}));
  EXPECT_EQ(inspection.tensors[0].num_bytes, 2u * 2 * 20);
  EXPECT_EQ(ToText(inspection).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tessera::cli
