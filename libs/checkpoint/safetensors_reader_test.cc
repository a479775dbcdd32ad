#include "libs/checkpoint/safetensors_reader.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/checkpoint/safetensors_header.h"
#include "libs/checkpoint/test_files.h"

namespace tessera {
namespace {

using File = std::unique_ptr<SafetensorsFile>;

std::string WithHeader(absl::string_view json, size_t data_bytes) {
  return absl::StrCat(LittleEndian(json.size(), 8), json,
                      std::string(data_bytes, 'd'));
}

absl::Status ParseStatus(const std::string& bytes) {
  const AlignedBytes copy(bytes);
  const absl::StatusOr<File> file =
      SafetensorsFile::Parse(copy.span(), "bad.safetensors");
  if (!file.ok()) return file.status();
  unsigned sum = 0;  // whatever was accepted can be read
  for (const TensorEntry& tensor : (*file)->tensors()) {
    for (int64_t i = 0; i < tensor.view.num_bytes(); ++i) {
      sum += tensor.view.data_as<uint8_t>()[i];
    }
  }
  return sum == ~0u ? absl::InternalError("") : absl::OkStatus();
}

void ExpectError(const std::string& bytes, absl::string_view words) {
  const absl::Status status = ParseStatus(bytes);
  EXPECT_TRUE(absl::StartsWith(status.message(), "bad.safetensors: "))
      << status;
  EXPECT_TRUE(absl::StrContains(status.message(), words))
      << status << "\nlacks " << words;
}

std::string SmallFile() {
  SafetensorsHeader header;
  EXPECT_TRUE(header.AddTensor("b", DType::kF32, {2, 3}).ok());
  EXPECT_TRUE(header.AddTensor("a", DType::kBF16, {4}).ok());
  EXPECT_TRUE(header.AddTensor("empty", DType::kI8, {0}).ok());
  EXPECT_TRUE(header.AddTensor("scalar", DType::kI32, {}).ok());
  return FileBytes(header.Layout());
}

TEST(SafetensorsTest, ReadsWhatTheHeaderDeclares) {
  const AlignedBytes bytes(SmallFile());
  const File file = *SafetensorsFile::Parse(bytes.span(), "small");
  ASSERT_EQ(file->tensors().size(), 4);
  EXPECT_EQ(file->metadata().at("format"), "pt");
  const TensorEntry* tensor = file->FindTensor("a");
  EXPECT_EQ(tensor->shape, (Shape{4}));
  EXPECT_EQ(tensor->view.dtype(), DType::kBF16);
  EXPECT_EQ(tensor->file_offset, file->FindTensor("b")->file_offset + 24);
  EXPECT_EQ(tensor->view.data(), bytes.span().data() + tensor->file_offset);
  EXPECT_EQ(file->FindTensor("b")->file_offset % 8, 0);
  EXPECT_EQ(file->FindTensor("empty")->num_bytes, 0);
  EXPECT_EQ(file->FindTensor("scalar")->num_bytes, 4);
  EXPECT_EQ(file->FindTensor("c"), nullptr);
}

TEST(SafetensorsTest, ListsWhatItCannotLoad) {
  const std::string bytes = WithHeader(
      R"({"f8": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]},)"
      R"("deep": {"dtype": "F16", "shape": [1,1,1,1,1], )"
      R"("data_offsets": [2, 4]},)"
      R"("new": {"dtype": "F4", "shape": [3], "data_offsets": [4, 6]}})",
      6);
  const AlignedBytes copy(bytes);
  const File file = *SafetensorsFile::Parse(copy.span(), "f8");
  EXPECT_EQ(file->FindTensor("f8")->unsupported,
            "has type F8_E4M3, not supported; supported are F32, F16, BF16, "
            "I8, I32");
  EXPECT_EQ(file->FindTensor("deep")->unsupported,
            "has 5 dimensions; at most 4 are supported");
  EXPECT_EQ(file->FindTensor("new")->num_bytes, 2);
  EXPECT_FALSE(file->FindTensor("new")->unsupported.empty());
}

TEST(SafetensorsHostileTest, SurvivesTruncationAtEveryByte) {
  const std::string whole = SmallFile();
  EXPECT_TRUE(ParseStatus(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(ParseStatus(whole.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ParseStatus(whole + "x").ok());
}

TEST(SafetensorsHostileTest, SurvivesEveryByteChanged) {
  const std::string whole = SmallFile();
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {0x01, 0x02, 0x10, 0x20, 0x80, 0xff}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ change);
      (void)ParseStatus(bytes);
    }
  }
}

TEST(SafetensorsHostileTest, NamesWhatIsWrongWithTheHeader) {
  ExpectError("1234567", "header length takes 8 bytes, but 7 remain");
  ExpectError(LittleEndian(100'000'001, 8), "at most 100000000 are allowed");
  ExpectError(LittleEndian(1000, 8) + "{}", "header takes 1000 bytes");
  ExpectError(WithHeader("", 0), "starts with no {");
  ExpectError(WithHeader(" {}", 0), "starts with no {");
  ExpectError(WithHeader("{", 0), "at offset 9: invalid JSON");
  ExpectError(WithHeader("{}{}", 0), "invalid JSON");
  ExpectError(WithHeader("{}", 3), "at offset 10: 3 bytes follow that belong");
  EXPECT_TRUE(ParseStatus(WithHeader("{}    ", 0)).ok());
  ExpectError(WithHeader(R"({"a": 1})", 0), "expected an object");
  ExpectError(WithHeader(R"({"a": {}})", 0),
              "entry \"a\": needs dtype, shape and two data_offsets");
  ExpectError(WithHeader(R"({"__metadata__": {"x": 1}})", 0), "a number");
  ExpectError(WithHeader(R"({"__metadata__": {"x": {}}})", 0), "an object");
  ExpectError(WithHeader(R"({"a": {"strides": [1]}})", 0),
              "unknown key \"strides\"");
  ExpectError(WithHeader(R"({"a":)" + std::string(100'000, '['), 0),
              "found an array");
  const std::string tensor =
      R"({"dtype": "I8", "shape": [1], "data_offsets": [0, 1]})";
  ExpectError(
      WithHeader(absl::StrCat(R"({"a": )", tensor, R"(, "a": )", tensor, "}"),
                 1),
      "\"a\": stands twice");
}

std::string OneTensor(absl::string_view fields) {
  return WithHeader(absl::StrCat(R"({"t": {)", fields, "}}"), 8);
}

TEST(SafetensorsHostileTest, NamesWhatIsWrongWithTensors) {
  const std::string dtype = R"("dtype": "F32", )";
  const std::string whole = R"("data_offsets": [0, 8])";
  EXPECT_TRUE(ParseStatus(OneTensor(dtype + R"("shape":[2],)" + whole)).ok());
  ExpectError(OneTensor(dtype + R"("shape": [3], )" + whole),
              "tensor \"t\": F32 [3] takes 12 bytes, but its data_offsets span "
              "8");
  ExpectError(OneTensor(dtype + R"("shape": [-1], )" + whole),
              "unexpected a negative number in \"shape\"");
  ExpectError(OneTensor(dtype + R"("shape": [1.5], )" + whole), "a fraction");
  ExpectError(OneTensor(dtype + R"("shape": [9223372036854775808], )" + whole),
              "dimension 9223372036854775808");
  ExpectError(
      OneTensor(dtype + R"("shape": [4294967296, 4294967296, 4], )" + whole),
      "overflows");
  ExpectError(OneTensor(dtype +
                        R"("shape": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,)"
                        R"(2], )" +
                        whole),
              "over 16 dimensions");
  ExpectError(OneTensor(dtype + R"("shape": [2], "data_offsets": [0, 8, 9])"),
              "over two data_offsets");
  ExpectError(OneTensor(dtype + R"("shape": [2], "data_offsets": [0])"),
              "two data_offsets");
  ExpectError(OneTensor(dtype + R"("shape": [2], "data_offsets": [4, 12])"),
              "must start at 0");
  ExpectError(OneTensor(dtype + R"("shape": [4], "data_offsets": [0, 16])"),
              "lie outside of the file, which has 8 bytes of data");
  ExpectError(OneTensor(dtype + R"("shape": [2], "shape": [2])"),
              "\"shape\" stands twice");
  ExpectError(OneTensor(R"("dtype": 4, "shape": [2], )" + whole),
              "unexpected a number in \"dtype\"");
}

TEST(SafetensorsHeaderTest, RefusesBlockFormats) {
  SafetensorsHeader header;
  EXPECT_EQ(header.AddTensor("q", DType::kQ4_0, {32}).message(),
            "tensor \"q\": safetensors has no type Q4_0");
}

}  // namespace
}  // namespace tessera
