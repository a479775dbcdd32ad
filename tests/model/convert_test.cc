// Converted checkpoints hold the bytes that they should, and compute the same.
#include "libs/model/convert/convert.h"

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/atomic_file.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/model/load_model.h"
#include "libs/model/load_tokenizer.h"
#include "tests/model/checkpoint_logits.h"
#include "tests/model/synthetic_checkpoint.h"

namespace tessera::model {
namespace {

class ConvertTest : public testing::Test {
 protected:
  ConvertTest()
      : directory_(absl::StrCat(
            testing::TempDir(), "/",
            testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  std::string Path(absl::string_view name) const {
    return absl::StrCat(directory_, "/", name);
  }
  static void Convert(const std::string& input, const std::string& output,
                      DType dtype) {
    const auto report = ConvertCheckpoint(input, output, {.dtype = dtype});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->notes.empty());
  }
  static void ExpectError(const std::string& input, const std::string& output,
                          DType dtype, absl::string_view words) {
    const auto status =
        ConvertCheckpoint(input, output, {.dtype = dtype}).status();
    EXPECT_TRUE(absl::StrContains(status.message(), words)) << status;
    EXPECT_FALSE(std::filesystem::exists(output)) << output;
  }

  const std::string directory_;
};

// Both have the same tensors: names, types, shapes and bytes.
void ExpectSameTensors(const std::string& path, const std::string& other_path) {
  const auto a = *OpenCheckpoint(path);
  const auto b = *OpenCheckpoint(other_path);
  EXPECT_EQ(a->tensors().size(), b->tensors().size());
  for (const TensorEntry& entry : a->tensors()) {
    const absl::StatusOr<TensorView> view = b->Find(entry.name);
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_EQ(entry.view.dtype(), view->dtype()) << entry.name;
    EXPECT_EQ(entry.shape, view->shape()) << entry.name;
    ASSERT_EQ(entry.num_bytes, view->num_bytes()) << entry.name;
    EXPECT_EQ(memcmp(entry.view.data(), view->data(), entry.num_bytes), 0)
        << path << " " << entry.name;
  }
}

// Factors of our own choice cannot be said in config.json.
bool HasUnpublishedFactors(const SyntheticCheckpoint& checkpoint) {
  return std::holds_alternative<kernels::Llama3RopeScaling>(
      checkpoint.config.rope.scaling);
}

TEST_F(ConvertTest, GivesTheTensorsOfTheOtherFormat) {
  for (const SyntheticCheckpoint& checkpoint : SyntheticArchitectures()) {
    if (!checkpoint.fits_gguf) continue;
    const std::string folder = Path(checkpoint.name);
    const std::string gguf = folder + ".gguf";
    WriteSafetensors(checkpoint, DType::kBF16, folder);
    WriteGguf(checkpoint, DType::kBF16, gguf);
    Convert(folder, folder + "_converted.gguf", DType::kBF16);
    ExpectSameTensors(folder + "_converted.gguf", gguf);
    EXPECT_EQ(OracleLogits(folder + "_converted.gguf"), OracleLogits(gguf));
    if (HasUnpublishedFactors(checkpoint)) continue;
    Convert(gguf, folder + "_converted", DType::kBF16);
    ExpectSameTensors(folder + "_converted", folder);
    EXPECT_EQ(OracleLogits(folder + "_converted"), OracleLogits(folder));
  }
}

TEST_F(ConvertTest, DequantizesExactlyToF32) {
  for (const DType dtype : {DType::kQ4_1, DType::kQ6_K, DType::kF16}) {
    const std::string gguf = Path("m.gguf");
    WriteGguf(SyntheticForTypes(), dtype, gguf);
    Convert(gguf, Path("f32"), DType::kF32);
    const std::vector<float> want = OracleLogits(gguf);
    const std::vector<float> got = OracleLogits(Path("f32"));
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 1e-4) << DTypeName(dtype);
    }
  }
}

TEST_F(ConvertTest, ReadsShardsAndWritesOneFile) {
  const SyntheticCheckpoint checkpoint = SyntheticArchitectures()[1];
  WriteSafetensors(checkpoint, DType::kBF16, Path("shards"), 3);
  WriteSafetensors(checkpoint, DType::kBF16, Path("whole"));
  ExpectSameTensors(Path("shards"), Path("whole"));
  EXPECT_EQ(OracleLogits(Path("shards")), OracleLogits(Path("whole")));
  Convert(Path("shards"), Path("m.gguf"), DType::kBF16);
  WriteGguf(checkpoint, DType::kBF16, Path("want.gguf"));
  ExpectSameTensors(Path("m.gguf"), Path("want.gguf"));
}

TEST_F(ConvertTest, RequantizesGguf) {
  WriteGguf(SyntheticForTypes(), DType::kF32, Path("f32.gguf"));
  WriteGguf(SyntheticForTypes(), DType::kQ5_K, Path("want.gguf"));
  Convert(Path("f32.gguf"), Path("q5_k.gguf"), DType::kQ5_K);
  ExpectSameTensors(Path("q5_k.gguf"), Path("want.gguf"));
}

TEST_F(ConvertTest, KeepsThePublishedLlama3Scaling) {
  SyntheticCheckpoint checkpoint = SyntheticArchitectures()[1];
  checkpoint.config.rope.theta = 500000;
  checkpoint.config.rope.scaling = kernels::Llama3RopeScaling{32, 1, 4, 8192};
  WriteGguf(checkpoint, DType::kBF16, Path("m.gguf"));
  Convert(Path("m.gguf"), Path("folder"), DType::kBF16);
  const ModelConfig config = *ReadConfig(**OpenCheckpoint(Path("folder")));
  const auto& scaling =
      std::get<kernels::Llama3RopeScaling>(config.rope.scaling);
  EXPECT_EQ(scaling.factor, 32);
  EXPECT_EQ(scaling.original_context, 8192);
  EXPECT_EQ(config.rope.theta, 500000);
}

TEST_F(ConvertTest, KeepsTheChatTemplate) {
  WriteSafetensors(SyntheticArchitectures()[1], DType::kBF16, Path("folder"));
  const std::string text = "{{ messages[0].content }}";
  ASSERT_TRUE(
      WriteFileAtomically(Path("folder/chat_template.jinja"), text).ok());
  Convert(Path("folder"), Path("m.gguf"), DType::kBF16);
  EXPECT_EQ(*LoadChatTemplate(**OpenCheckpoint(Path("m.gguf"))), text);
  Convert(Path("m.gguf"), Path("back"), DType::kBF16);
  EXPECT_EQ(*LoadChatTemplate(**OpenCheckpoint(Path("back"))), text);
}

TEST_F(ConvertTest, RefusesWhatTheOtherFormatCannotSay) {
  const std::vector<SyntheticCheckpoint> all = SyntheticArchitectures();
  for (const SyntheticCheckpoint& checkpoint : all) {
    const std::string path = Path(checkpoint.name);
    WriteSafetensors(checkpoint, DType::kBF16, path);
    if (!checkpoint.fits_gguf) {
      ExpectError(path, path + ".gguf", DType::kBF16,
                  "sliding window in some layers only cannot be said");
    } else if (HasUnpublishedFactors(checkpoint)) {
      WriteGguf(checkpoint, DType::kBF16, path + ".gguf");
      const auto status =
          ConvertCheckpoint(path + ".gguf", path + "_back", {}).status();
      EXPECT_TRUE(absl::StrContains(status.message(), "rope_freqs.weight"))
          << status;
    }
  }
  const std::string folder = Path(all[1].name);
  ExpectError(folder, Path("copy"), DType::kBF16, "both");
  ExpectError(folder, Path("copy"), DType::kQ8_0, "cannot hold Q8_0");
  ExpectError(folder, Path("m.gguf"), DType::kQ4_K,
              "a row of 128 elements is not a whole number of Q4_K blocks");
  ExpectError(Path("missing"), Path("m.gguf"), DType::kBF16, "missing");
}

TEST_F(ConvertTest, RefusesTensorsItCannotPlace) {
  SyntheticCheckpoint checkpoint = SyntheticArchitectures()[1];
  WriteSafetensors(checkpoint, DType::kBF16, Path("folder"));
  const std::string config = Path("folder/config.json");
  auto json = nlohmann::json::parse(*ReadTextFile(config, 1 << 20));
  json["vocab_size"] = 4000000;
  ASSERT_TRUE(WriteFileAtomically(config, json.dump()).ok());
  ExpectError(Path("folder"), Path("m.gguf"), DType::kBF16,
              "model.embed_tokens.weight has shape [160, 128]: must be "
              "[4000000, 128]");
  json["vocab_size"] = 160;
  json["num_attention_heads"] = 8;
  ASSERT_TRUE(WriteFileAtomically(config, json.dump()).ok());
  ExpectError(Path("folder"), Path("m.gguf"), DType::kBF16,
              "self_attn.q_proj.weight has shape [128, 128]: must have 256 "
              "rows");
}

}  // namespace
}  // namespace tessera::model
