// Checkpoints whose tensors are not those of their model: an error that names
// the file, once, and the tensor.
#include "libs/model/load_model.h"

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/check.h"
#include "libs/checkpoint/checkpoint.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "tests/model/synthetic_checkpoint.h"

namespace tessera::model {
namespace {

struct Tensor {
  DType dtype;
  Shape shape;
  std::string bytes;
};
using Tensors = std::map<std::string, Tensor>;

constexpr char kQuery[] = "model.layers.1.self_attn.q_proj.weight";

Tensors ReadTensors(const std::string& path) {
  Tensors tensors;
  const auto checkpoint = *OpenCheckpoint(path);
  for (const TensorEntry& entry : checkpoint->tensors()) {
    tensors[entry.name] = {
        entry.view.dtype(), entry.shape,
        std::string(entry.view.data_as<char>(), entry.num_bytes)};
  }
  return tensors;
}

void WriteTensors(const std::string& path, const Tensors& tensors) {
  SafetensorsHeader header;
  for (const auto& [name, tensor] : tensors) {
    CHECK(header.AddTensor(name, tensor.dtype, tensor.shape).ok());
  }
  auto writer = *TensorFileWriter::Create(path, header.Layout());
  for (const auto& [name, tensor] : tensors) {
    CHECK(writer.BeginTensor(name).ok());
    CHECK(writer
              .Append({reinterpret_cast<const uint8_t*>(tensor.bytes.data()),
                       tensor.bytes.size()})
              .ok());
  }
  CHECK(writer.Finish().ok());
}

// What loading says of a small checkpoint after `change`.
absl::Status StatusAfter(const std::function<void(Tensors&)>& change) {
  const std::string path = testing::TempDir() + "/changed";
  WriteSafetensors(SyntheticArchitectures()[0], DType::kBF16, path);
  Tensors tensors = ReadTensors(path);
  change(tensors);
  WriteTensors(path + "/model.safetensors", tensors);
  const auto checkpoint = *OpenCheckpoint(path);
  const absl::Status status = LoadModel(*checkpoint, {}).status();
  if (!status.ok()) {
    EXPECT_TRUE(absl::StartsWith(status.message(), path + ": ")) << status;
    EXPECT_EQ(status.message().rfind(path), 0) << status;
  }
  return status;
}

void ExpectRefused(const std::function<void(Tensors&)>& change,
                   absl::string_view words) {
  const absl::Status status = StatusAfter(change);
  EXPECT_TRUE(absl::StrContains(status.message(), words)) << status;
}

TEST(LoadModelTest, LoadsWhatIsWhole) {
  EXPECT_TRUE(StatusAfter([](Tensors&) {}).ok());
}

TEST(LoadModelTest, NamesTheTensorThatIsMissing) {
  ExpectRefused([](Tensors& tensors) { tensors.erase(kQuery); },
                "no tensor \"model.layers.1.self_attn.q_proj.weight\"");
}

TEST(LoadModelTest, NamesTheTensorOfAnotherShape) {
  ExpectRefused(
      [](Tensors& tensors) {
        tensors[kQuery].shape = {64, 256};
      },
      "[64, 256]");
}

TEST(LoadModelTest, NamesTheTensorOfAnotherType) {
  ExpectRefused(
      [](Tensors& tensors) {
        tensors[kQuery] = {DType::kI8, {128, 128}, std::string(128 * 128, 1)};
      },
      "I8");
}

TEST(LoadModelTest, RefusesTensorsThatWouldBeLeftOut) {
  const Tensor bias = {DType::kF32, {192}, std::string(192 * 4, '\0')};
  ExpectRefused(
      [&](Tensors& tensors) {
        tensors["model.layers.0.mlp.up_proj.bias"] = bias;
      },
      "tensor model.layers.0.mlp.up_proj.bias is not part of a llama model");
  ExpectRefused(
      [&](Tensors& tensors) {
        tensors["model.layers.2.input_layernorm.weight"] = bias;
      },
      "model of 2 layers");
}

TEST(LoadModelTest, LetsCopiesAndTablesStand) {
  EXPECT_TRUE(StatusAfter([](Tensors& tensors) {
                tensors["lm_head.weight"] =  // the output is tied
                    tensors["model.embed_tokens.weight"];
                tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {
                    DType::kF32, {16}, std::string(64, '\0')};
              }).ok());
}

}  // namespace
}  // namespace tessera::model
