// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sound_model {

/// Reads a FlatBuffer that may be damaged (https://flatbuffers.dev/internals/). Whatever lies outside the file reads as
/// zero or empty, and is remembered in damaged().
class FlatBufferView {
 public:
  explicit FlatBufferView(std::span<const uint8_t> file) : file_(file) {}

  bool damaged() const { return damaged_; }

  template <typename T>
  T Read(uint64_t at) {
    T value{};
    if (!Inside(at, sizeof(T))) return value;
    std::memcpy(&value, file_.data() + at, sizeof(T));
    return value;
  }

  /// Where the offset stored at `at` points.
  uint64_t Follow(uint64_t at) { return at + Read<uint32_t>(at); }

  std::span<const uint8_t> Slice(uint64_t at, uint64_t size) {
    return Inside(at, size) ? file_.subspan(at, size) : std::span<const uint8_t>();
  }

 private:
  bool Inside(uint64_t at, uint64_t size) {
    if (at <= file_.size() && size <= file_.size() - at) return true;
    damaged_ = true;
    return false;
  }

  std::span<const uint8_t> file_;
  bool damaged_ = false;
};

/// A vector inside the file; `T` is a scalar, or uint32_t for offsets to tables.
template <typename T>
class VectorView {
 public:
  VectorView() = default;
  VectorView(FlatBufferView& file, uint64_t at)
      : file_(&file), bytes_(file.Slice(at + 4, uint64_t{file.Read<uint32_t>(at)} * sizeof(T))), at_(at + 4) {}

  size_t size() const { return bytes_.size() / sizeof(T); }
  bool empty() const { return size() == 0; }
  std::span<const uint8_t> bytes() const { return bytes_; }
  T operator[](size_t i) const { return file_->Read<T>(at_ + i * sizeof(T)); }
  uint64_t position(size_t i) const { return at_ + i * sizeof(T); }

 private:
  FlatBufferView* file_ = nullptr;
  std::span<const uint8_t> bytes_;
  uint64_t at_ = 0;
};

class TableView {
 public:
  TableView(FlatBufferView& file, uint64_t at) : file_(&file), at_(at) {}
  static TableView Root(FlatBufferView& file) { return {file, file.Follow(0)}; }

  bool Has(int field) const { return FieldOffset(field) != 0; }

  template <typename T>
  T Scalar(int field, T missing) const {
    const uint16_t offset = FieldOffset(field);
    return offset == 0 ? missing : file_->Read<T>(at_ + offset);
  }

  template <typename T>
  VectorView<T> Vector(int field) const {
    const uint16_t offset = FieldOffset(field);
    return offset == 0 ? VectorView<T>() : VectorView<T>(*file_, file_->Follow(at_ + offset));
  }

  std::string_view Text(int field) const {
    const auto bytes = Vector<uint8_t>(field).bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// The table that a field points to; only for fields that Has() confirms.
  TableView Child(int field) const { return {*file_, file_->Follow(at_ + FieldOffset(field))}; }

  /// The i-th table of a vector of tables.
  TableView Item(const VectorView<uint32_t>& vector, size_t i) const {
    return {*file_, file_->Follow(vector.position(i))};
  }

 private:
  uint16_t FieldOffset(int field) const {
    const uint64_t vtable = at_ - file_->Read<int32_t>(at_);  // wraps when it points before the file: read as outside
    const auto bytes = file_->Read<uint16_t>(vtable);
    const uint32_t slot = 4 + 2 * static_cast<uint32_t>(field);
    return slot + 2 > bytes ? 0 : file_->Read<uint16_t>(vtable + slot);
  }

  FlatBufferView* file_;
  uint64_t at_;
};

}  // namespace sound_model
