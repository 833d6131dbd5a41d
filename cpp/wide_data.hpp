// What a wide table (more columns than anyone wants to multiply) is read for once: per column and atom of rows its mean,
// spread and product with the target, and the quantized copy that the screening pass reads.
#pragma once

#include <cstdint>
#include <vector>

#include "columns.hpp"
#include "pool.hpp"
#include "screen.hpp"

namespace bridle {

// The entries of a sparse column that are not zero; rows grouped by atom.
struct Entries {
  int64_t count = 0;
  const int32_t* row = nullptr;
  const double* value = nullptr;
};

// Columns stand in "places": dense ones first, padded to whole tiles, then sparse ones. Rows stand grouped by atom.
class WideData {
 public:
  WideData(const Columns& x, const double* y, const double* weights, const int64_t* rows, const int64_t* start,
           int64_t n_atoms, int n_threads, Control& control);

  int64_t n() const { return n_; }
  int64_t p() const { return x_.p; }
  int64_t n_atoms() const { return n_atoms_; }
  int64_t places() const { return static_cast<int64_t>(id.size()); }
  int64_t dense_places() const { return dense_.tiles() * tile_width; }
  const QuantizedColumns& dense() const { return dense_; }
  int64_t row(int64_t position) const { return rows_[position]; }  // of the table

  // A column whole, rows grouped by atom.
  void column(int64_t place, double* out) const;
  // Sparse places only.
  Entries entries(int64_t place) const {
    const int64_t from = first_[place - dense_places()];
    return {first_[place - dense_places() + 1] - from, row_.data() + from, value_.data() + from};
  }
  // Whether most columns have so few entries that a working set is better kept as they are than as its Gram.
  bool sparse() const { return sparse_; }
  // Of such a table, a column that is zero in half of the rows or more, by weight: then x'x loses no digits when the
  // means are taken out of it afterwards, since the square of a mean is at most that share of the mean square (Cauchy and
  // Schwarz).
  bool thin(int64_t place) const { return sparse_ && place >= dense_places() && thin_[place - dense_places()]; }

  std::vector<int64_t> id;      // of the column at a place; -1: padding
  std::vector<int64_t> start;   // (n_atoms + 1) rows of each atom
  std::vector<double> y, w;     // grouped by atom
  std::vector<double> weight, y_mean, y_scatter;   // (n_atoms)
  std::vector<double> mean, scatter, cross;        // (places, n_atoms): about the atom's own means

 private:
  void measure(int64_t place, const double* column);
  void measure_thin(int64_t place, const std::vector<int32_t>& atom_of);
  void take_sparse(const std::vector<const Block*>& blocks, int n_threads, Control& control);

  const Columns& x_;
  int64_t n_, n_atoms_;
  std::vector<int64_t> rows_, position_;  // row of the table at a position, and back
  std::vector<int64_t> first_;            // of the entries of each sparse place
  std::vector<int32_t> row_;
  std::vector<double> value_;
  std::vector<uint8_t> thin_;
  bool sparse_ = false;
  QuantizedColumns dense_;
};

}  // namespace bridle
