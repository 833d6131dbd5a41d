// One column interface over every storage: dense of either order and precision, compressed sparse, one-hot, masks.
// Nothing is copied or centred here; whoever reads a tile or a column gets doubles.
#pragma once

#include <cstdint>
#include <vector>

namespace bridle {

enum class Storage { float64, float32, mask, sparse_rows, sparse_columns, one_hot };

struct Block {
  Storage storage;
  int64_t first = 0;  // index of its first column in the whole
  int64_t width = 0;
  const void* data = nullptr;             // values (dense, mask, sparse)
  int64_t row_stride = 0, column_stride = 0;  // dense: in elements
  const int64_t* starts = nullptr;        // sparse: of each row or column
  const int32_t* indices = nullptr;       // sparse: columns or rows; one-hot: the level of each row, -1 for none
};

class Columns {
 public:
  int64_t n = 0, p = 0;
  std::vector<Block> blocks;

  void add(Block block) {
    block.first = p;
    p += block.width;
    blocks.push_back(block);
  }
  // True when the rows of the larger part lie contiguous: tiles are then packed row by row.
  bool row_major() const;
  // Writes rows[0..m) of all columns into out, element (i, j) at out[i * row_step + j * column_step].
  void pack(const int64_t* rows, int64_t m, double* out, int64_t row_step, int64_t column_step) const;
  // Writes the entries of column j at the given rows. Dense and one-hot storage only.
  void entries(int64_t j, const int64_t* rows, int64_t m, double* out) const;

 private:
  const Block& block_of(int64_t j) const;
};

}  // namespace bridle
