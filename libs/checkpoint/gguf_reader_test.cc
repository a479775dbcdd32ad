#include "libs/checkpoint/gguf_reader.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/gguf_header.h"
#include "libs/checkpoint/tensor_file_writer.h"
#include "libs/checkpoint/test_files.h"

namespace tessera {
namespace {

class GgufReaderTest : public testing::Test {
 protected:
  GgufReaderTest() : bytes_(FileBytes(SmallGgufHeader().Layout())) {
    absl::StatusOr<std::unique_ptr<GgufFile>> file =
        GgufFile::Parse(bytes_.span(), "small.gguf");
    EXPECT_TRUE(file.ok()) << file.status();
    if (file.ok()) file_ = *std::move(file);
  }

  const AlignedBytes bytes_;
  std::unique_ptr<GgufFile> file_;
};

TEST_F(GgufReaderTest, ReadsEveryMetadataType) {
  EXPECT_EQ(*file_->GetString("general.architecture"), "llama");
  EXPECT_EQ(*file_->GetUint("t.uint8"), 200);
  EXPECT_EQ(std::get<int64_t>(file_->Find("t.int8")->value), -100);
  EXPECT_EQ(*file_->GetUint("t.uint16"), 60000);
  EXPECT_EQ(std::get<int64_t>(file_->Find("t.int16")->value), -30000);
  EXPECT_EQ(*file_->GetUint("t.uint32"), 4000000000);
  EXPECT_EQ(std::get<int64_t>(file_->Find("t.int32")->value), -2000000000);
  EXPECT_EQ(*file_->GetUint("t.uint64"), ~uint64_t{0});
  EXPECT_EQ(*file_->GetFloat("t.float32"), 0.5);
  EXPECT_EQ(*file_->GetFloat("t.float64"), 0.1);
  EXPECT_TRUE(*file_->GetBool("t.bool"));
  EXPECT_EQ(
      *file_->GetStrings("t.strings"),
      (std::vector<absl::string_view>{"", "a", absl::string_view("b\0c", 3)}));
  EXPECT_EQ(*file_->GetFloats("t.floats"), (std::vector<double>{1.5, -2}));
  EXPECT_EQ(*file_->GetInts("t.ints"), (std::vector<int64_t>{3, -4}));
  EXPECT_EQ(TypeString(*file_->Find("t.nested")), "array of 2 array");
  EXPECT_EQ(file_->metadata().size(), 17);
  EXPECT_EQ(file_->alignment(), 32);
}

TEST_F(GgufReaderTest, ErrorsNameTheKeyAndTheTypeFound) {
  EXPECT_EQ(file_->GetUint("nothing").status(),
            absl::NotFoundError("small.gguf: no metadata \"nothing\""));
  EXPECT_EQ(file_->GetUint("t.bool").status(),
            absl::InvalidArgumentError("small.gguf: metadata \"t.bool\": "
                                       "expected an integer, found bool"));
  EXPECT_EQ(file_->GetUint("t.int64").status(),
            absl::InvalidArgumentError(
                "small.gguf: metadata \"t.int64\": -5 is negative"));
  EXPECT_EQ(file_->GetFloats("t.strings").status(),
            absl::InvalidArgumentError(
                "small.gguf: metadata \"t.strings\": expected an array of "
                "float32 or float64, found array of 3 string"));
  EXPECT_FALSE(file_->GetString("t.strings").ok());
  EXPECT_FALSE(file_->GetStrings("general.architecture").ok());
  EXPECT_FALSE(file_->GetInts("t.floats").ok());
  EXPECT_FALSE(file_->GetBools("t.ints").ok());
}

TEST_F(GgufReaderTest, PlacesTensorsRowMajor) {
  ASSERT_EQ(file_->tensors().size(), 4);
  const TensorEntry* tensor = file_->FindTensor("c");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->shape, (Shape{2, 3, 4}));
  EXPECT_EQ(tensor->type_name, "F16");
  EXPECT_EQ(tensor->num_bytes, 48);
  EXPECT_EQ(tensor->view.dtype(), DType::kF16);
  EXPECT_EQ(tensor->view.data(), bytes_.span().data() + tensor->file_offset);
  EXPECT_EQ(tensor->view.row(1)[0], (tensor->file_offset + 8) % 251);
  EXPECT_EQ(file_->FindTensor("d")->shape, Shape{});
  EXPECT_EQ(file_->FindTensor("b")->view.num_rows(), 2);
  EXPECT_EQ(file_->FindTensor("e"), nullptr);
}

TEST_F(GgufReaderTest, CopiesMetadataUnchanged) {
  GgufHeader copy;
  for (const GgufMetadata& entry : file_->metadata()) {
    copy.Add(entry.key, entry.value);
  }
  AddSmallTensors(copy);
  EXPECT_EQ(copy.Layout().header, SmallGgufHeader().Layout().header);
}

TEST_F(GgufReaderTest, OpensWhatTheWriterWrote) {
  const TensorFileLayout layout = SmallGgufHeader().Layout();
  const std::string path = absl::StrCat(testing::TempDir(), "/small.gguf");
  absl::StatusOr<TensorFileWriter> writer =
      TensorFileWriter::Create(path, layout);
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const TensorExtent& tensor : layout.tensors) {
    ASSERT_TRUE(writer->BeginTensor(tensor.name).ok());
    const auto bytes = bytes_.span().subspan(tensor.offset, tensor.num_bytes);
    ASSERT_TRUE(writer->Append(bytes.subspan(0, 2)).ok());
    ASSERT_TRUE(writer->Append(bytes.subspan(2)).ok());
  }
  ASSERT_TRUE(writer->Finish().ok());

  absl::StatusOr<std::unique_ptr<GgufFile>> file = GgufFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  for (const TensorEntry& tensor : (*file)->tensors()) {
    const TensorView& expected = file_->FindTensor(tensor.name)->view;
    EXPECT_EQ(memcmp(tensor.view.data(), expected.data(), tensor.num_bytes), 0);
    (*file)->Release(tensor.view);
    EXPECT_EQ(memcmp(tensor.view.data(), expected.data(), tensor.num_bytes), 0);
  }
}

TEST(GgufHeaderTest, RefusesTensorsThatNoReaderTakes) {
  GgufHeader header;
  EXPECT_FALSE(header.AddTensor(std::string(64, 'n'), DType::kF32, {1}).ok());
  EXPECT_FALSE(header.AddTensor("q", DType::kQ4_0, {33}).ok());
  EXPECT_FALSE(header.AddTensor("r", DType::kF32, {1, 1, 1, 1, 1}).ok());
}

}  // namespace
}  // namespace tessera
