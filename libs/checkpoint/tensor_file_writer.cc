#include "libs/checkpoint/tensor_file_writer.h"

#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace tessera {

absl::StatusOr<TensorFileWriter> TensorFileWriter::Create(
    std::string path, TensorFileLayout layout) {
  ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(std::move(path)));
  RETURN_IF_ERROR(file.Append(layout.header));
  return TensorFileWriter(std::move(file), std::move(layout));
}

void TensorFileWriter::CheckLastIsComplete() const {
  CHECK(missing_bytes_ == 0) << layout_.tensors[num_begun_ - 1].name
                             << " lacks " << missing_bytes_ << " bytes";
}

absl::Status TensorFileWriter::BeginTensor(absl::string_view name) {
  CheckLastIsComplete();
  CHECK(num_begun_ < layout_.tensors.size()) << name << " is one too many";
  const TensorExtent& tensor = layout_.tensors[num_begun_];
  CHECK(tensor.name == name) << name << " comes before " << tensor.name;
  CHECK(tensor.offset >= file_.num_bytes()) << name << " overlaps";
  ++num_begun_;
  missing_bytes_ = tensor.num_bytes;
  return file_.AppendZeros(tensor.offset - file_.num_bytes());
}

absl::Status TensorFileWriter::Append(absl::Span<const uint8_t> bytes) {
  CHECK(bytes.size() <= missing_bytes_)
      << bytes.size() - missing_bytes_ << " bytes more than declared";
  missing_bytes_ -= bytes.size();
  return file_.Append(bytes);
}

absl::Status TensorFileWriter::Finish() {
  CheckLastIsComplete();
  CHECK(num_begun_ == layout_.tensors.size()) << "tensors are missing";
  CHECK(layout_.file_bytes >= file_.num_bytes()) << "the file is too long";
  RETURN_IF_ERROR(file_.AppendZeros(layout_.file_bytes - file_.num_bytes()));
  return file_.Commit();
}

}  // namespace tessera
