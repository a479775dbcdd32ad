#include "libs/checkpoint/checkpoint.h"

#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/test_files.h"

namespace tessera {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest()
      : directory_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }

  std::string Path(absl::string_view name) const {
    return absl::StrCat(directory_, "/", name);
  }
  void Write(absl::string_view name, absl::string_view content) const {
    ASSERT_TRUE(WriteFileAtomically(Path(name), content).ok());
  }
  // A safetensors file of one BF16 tensor of four elements.
  void WriteShard(absl::string_view name, absl::string_view tensor) const {
    SafetensorsHeader header;
    ASSERT_TRUE(header.AddTensor(tensor, DType::kBF16, {4}).ok());
    Write(name, FileBytes(header.Layout()));
  }
  void ExpectError(const std::string& path, absl::string_view words) const {
    const absl::Status status = OpenCheckpoint(path).status();
    EXPECT_TRUE(absl::StrContains(status.message(), words)) << status;
  }

  const std::string directory_;
};

TEST_F(CheckpointTest, OpensGguf) {
  Write("m.gguf", FileBytes(SmallGgufHeader().Layout()));
  const auto checkpoint = *OpenCheckpoint(Path("m.gguf"));
  ASSERT_NE(checkpoint->source().gguf, nullptr);
  EXPECT_EQ(checkpoint->source().directory, nullptr);
  EXPECT_EQ(checkpoint->tensors().size(), 4);
  const TensorView view = *checkpoint->Find("b");
  EXPECT_EQ(view.dtype(), DType::kQ4_1);
  checkpoint->Release(view);
  EXPECT_EQ(
      checkpoint->Find("x").status(),
      absl::NotFoundError(absl::StrCat(Path("m.gguf"), ": no tensor \"x\"")));
}

TEST_F(CheckpointTest, RefusesOnePartOfASplitGguf) {
  GgufHeader header;
  header.AddUint32("split.count", 3);
  Write("m-00001-of-00003.gguf", FileBytes(header.Layout()));
  ExpectError(Path("m-00001-of-00003.gguf"), "one of 3 parts of a split model");
}

TEST_F(CheckpointTest, OpensADirectoryAndItsOnlyFile) {
  WriteShard("model.safetensors", "w");
  Write("config.json", R"({"model_type": "llama"})");
  Write("tokenizer.json", "not looked into");
  for (const std::string& path : {directory_, Path("model.safetensors")}) {
    const auto checkpoint = *OpenCheckpoint(path);
    const ModelDirectory* directory = checkpoint->source().directory;
    ASSERT_NE(directory, nullptr);
    EXPECT_EQ(directory->config["model_type"], "llama");
    EXPECT_TRUE(directory->generation_config.is_null());
    EXPECT_EQ(*directory->tokenizer_json, "not looked into");
    EXPECT_FALSE(directory->chat_template.has_value());
    EXPECT_EQ(checkpoint->Find("w")->shape(), (Shape{4}));
    EXPECT_EQ(checkpoint->FindEntry("w")->file, Path("model.safetensors"));
  }
}

TEST_F(CheckpointTest, OpensShards) {
  WriteShard("a.safetensors", "w0");
  WriteShard("b.safetensors", "w1");
  Write("model.safetensors.index.json",
        R"({"weight_map": {"w0": "a.safetensors", "w1": "b.safetensors"}})");
  const auto checkpoint = *OpenCheckpoint(directory_);
  EXPECT_EQ(checkpoint->tensors().size(), 2);
  for (const char* name : {"w0", "w1"}) {
    const TensorView view = *checkpoint->Find(name);
    checkpoint->Release(view);
  }
}

TEST_F(CheckpointTest, RefusesAnIndexThatDisagreesWithItsShards) {
  WriteShard("a.safetensors", "w0");
  const std::string index = "model.safetensors.index.json";
  Write(index, R"({"weight_map": {"w1": "a.safetensors"}})");
  ExpectError(directory_, "places tensor \"w1\" in \"a.safetensors\"");
  Write(index, R"({"weight_map": {"w0": "../a.safetensors"}})");
  ExpectError(directory_, "not the name of a file in this directory");
  Write(index, R"({"weight_map": {"w0": 5}})");
  ExpectError(directory_, "not the name of a file");
  Write(index, R"({"weight_map": {"w0": "missing.safetensors"}})");
  ExpectError(directory_, "missing.safetensors");
  Write(index, R"(["weight_map"])");
  ExpectError(directory_, "index.json: no object \"weight_map\"");
  WriteShard("b.safetensors", "w0");
  Write(index,
        R"({"weight_map": {"w0": "a.safetensors", "w1": "b.safetensors"}})");
  ExpectError(directory_, "tensor \"w0\" stands in");
}

TEST_F(CheckpointTest, NamesTheFileThatIsWrong) {
  ExpectError(directory_, "has neither model.safetensors nor");
  ExpectError(Path("missing.gguf"), "missing.gguf");
  WriteShard("model.safetensors", "w");
  Write("config.json", "[]");
  ExpectError(directory_, "config.json: expected a JSON object");
  Write("config.json", "{");
  ExpectError(directory_, "config.json: at offset");
}

// Old writers did not pad the header: elements then lie at odd addresses.
TEST_F(CheckpointTest, AlignsTensorsThatLieAskew) {
  const std::string json =
      R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )";
  ASSERT_NE(json.size() % 4, 0);
  const float values[2] = {1.5f, -2.5f};
  std::string bytes = LittleEndian(json.size(), 8) + json;
  bytes.append(reinterpret_cast<const char*>(values), sizeof(values));
  Write("model.safetensors", bytes);
  const auto checkpoint = *OpenCheckpoint(directory_);
  const TensorView view = *checkpoint->Find("w");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data()) % 4, 0);
  EXPECT_EQ(view.data_as<float>()[1], -2.5f);
  EXPECT_EQ(checkpoint->Find("w")->data(), view.data());  // one copy
  checkpoint->Release(view);
  EXPECT_EQ(checkpoint->Find("w")->data_as<float>()[0], 1.5f);
  checkpoint->Release(checkpoint->FindEntry("w")->view);
  EXPECT_EQ(checkpoint->Find("w")->data_as<float>()[1], -2.5f);
}

TEST_F(CheckpointTest, RefusesTypesItLacksByName) {
  const std::string json =
      R"({"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})";
  Write("model.safetensors", LittleEndian(json.size(), 8) + json + "12");
  const auto checkpoint = *OpenCheckpoint(directory_);
  EXPECT_EQ(checkpoint->Find("w").status(),
            absl::UnimplementedError(absl::StrCat(
                directory_,
                ": tensor \"w\" has type F8_E4M3, not supported; supported "
                "are F32, F16, BF16, I8, I32")));
}

}  // namespace
}  // namespace tessera
