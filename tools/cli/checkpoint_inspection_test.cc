#include "tools/cli/checkpoint_inspection.h"

#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"
#include "libs/checkpoint/test_files.h"

namespace tessera::cli {
namespace {

std::string Write(const std::string& name, const std::string& bytes) {
  const std::string folder = testing::TempDir() + "/checkpoint_inspection_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/" + name, std::ios::binary) << bytes;
  return folder + "/" + name;
}

TEST(CheckpointInspectionTest, ListsFieldsAndTensorsOfGguf) {
  GgufHeader header;
  header.AddString("general.name", "Small\x1b");
  header.AddUint32("llama.block_count", 30);
  header.AddStrings("tokenizer.ggml.tokens", std::vector<std::string>(20, "t"));
  ASSERT_TRUE(header.AddTensor("a", DType::kQ4_1, {2, 64}).ok());
  const std::string path = Write("m.gguf", FileBytes(header.Layout()));
  const auto file = OpenCheckpoint(path);
  ASSERT_TRUE(file.ok()) << file.status();

  const Inspection inspection = InspectCheckpoint(**file);
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

TEST(CheckpointInspectionTest, ListsFieldsAndTensorsOfSafetensors) {
  const std::string header =
      R"({"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}})";
  std::string bytes = std::string(1, static_cast<char>(header.size())) +
                      std::string(7, 0) + header + std::string(12, 0);
  const std::string path = Write("model.safetensors", bytes);
  Write("config.json", R"({"model_type":"llama","num_hidden_layers":2})");
  const auto file = OpenCheckpoint(path);
  ASSERT_TRUE(file.ok()) << file.status();

  const Inspection inspection = InspectCheckpoint(**file);
  EXPECT_EQ(inspection.format, "safetensors");
  ASSERT_EQ(inspection.metadata.size(), 2u);
  EXPECT_EQ(inspection.metadata[1].key, "num_hidden_layers");
  EXPECT_EQ(inspection.metadata[1].value, 2);
  ASSERT_EQ(inspection.tensors.size(), 1u);
  EXPECT_EQ(inspection.tensors[0].num_bytes, 12u);
}

}  // namespace
}  // namespace tessera::cli
