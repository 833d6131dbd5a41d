#include "wide_data.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels.hpp"

namespace bridle {

namespace {
constexpr double thin_share = 0.5;  // of the weight of all rows
constexpr int64_t few = 16;         // a table is sparse when its columns have 1 entry in so many rows,
constexpr int64_t many_rows = 1024; // ... and these are more than a Gram of as many columns is cheap for
}

WideData::WideData(const Columns& x, const double* y_in, const double* weights, const int64_t* rows,
                   const int64_t* starts, int64_t n_atoms, int n_threads, Control& control)
    : start(starts, starts + n_atoms + 1), x_(x), n_(starts[n_atoms]), n_atoms_(n_atoms),
      rows_(rows, rows + starts[n_atoms]), position_(x.n, -1) {
  y.resize(n_);
  w.resize(n_);
  for (int64_t i = 0; i < n_; ++i) {
    position_[rows_[i]] = i;
    y[i] = y_in[rows_[i]];
    w[i] = weights ? weights[rows_[i]] : 1.0;
  }
  weight.assign(n_atoms, 0.0);
  y_mean.assign(n_atoms, 0.0);
  y_scatter.assign(n_atoms, 0.0);
  for (int64_t a = 0; a < n_atoms; ++a) {
    for (int64_t i = start[a]; i < start[a + 1]; ++i) weight[a] += w[i], y_mean[a] += w[i] * y[i];
    if (weight[a] > 0) y_mean[a] /= weight[a];
    for (int64_t i = start[a]; i < start[a + 1]; ++i) y_scatter[a] += w[i] * (y[i] - y_mean[a]) * (y[i] - y_mean[a]);
  }

  std::vector<int64_t> dense_ids, sparse_ids;
  std::vector<const Block*> blocks;  // of each sparse column
  for (const Block& block : x.blocks) {
    const bool sparse = block.storage == Storage::sparse_columns;
    for (int64_t j = 0; j < block.width; ++j) {
      (sparse ? sparse_ids : dense_ids).push_back(block.first + j);
      if (sparse) blocks.push_back(&block);
    }
  }
  dense_.reset(n_, static_cast<int64_t>(dense_ids.size()));
  id = dense_ids;
  id.resize(dense_.tiles() * tile_width, -1);
  id.insert(id.end(), sparse_ids.begin(), sparse_ids.end());
  mean.assign(id.size() * n_atoms, 0.0);
  scatter.assign(id.size() * n_atoms, 0.0);
  cross.assign(id.size() * n_atoms, 0.0);

  take_sparse(blocks, n_threads, control);
  std::vector<int32_t> atom_of(n_);
  for (int64_t a = 0; a < n_atoms; ++a)
    std::fill(atom_of.begin() + start[a], atom_of.begin() + start[a + 1], static_cast<int32_t>(a));
  const int64_t chunk = 4 * tile_width;
  const int64_t tasks = (places() + chunk - 1) / chunk;
  std::vector<std::vector<double>> buffers(std::max(n_threads, 1));
  parallel_for(tasks, n_threads, control, [&](int64_t task, int worker) {
    buffers[worker].resize(n_);
    double* buffer = buffers[worker].data();
    for (int64_t place = task * chunk; place < std::min((task + 1) * chunk, places()); ++place) {
      if (id[place] < 0) continue;
      if ((place & 15) == 0) control.check();
      if (thin(place)) {
        measure_thin(place, atom_of);
        continue;
      }
      column(place, buffer);
      measure(place, buffer);
      if (place < dense_places()) dense_.set(place, buffer);
    }
  });
}

// The entries of all sparse columns, rows renamed and those that stand twice added up.
void WideData::take_sparse(const std::vector<const Block*>& blocks, int n_threads, Control& control) {
  const int64_t count = static_cast<int64_t>(blocks.size()), from = dense_places(), chunk = 1024;
  first_.assign(count + 1, 0);
  thin_.assign(count, 0);
  double total = 0;
  for (double one : weight) total += one;
  for (int64_t k = 0; k < count; ++k) {
    const int64_t j = id[from + k] - blocks[k]->first;
    first_[k + 1] = first_[k] + blocks[k]->starts[j + 1] - blocks[k]->starts[j];
  }
  row_.resize(first_[count]);
  value_.resize(first_[count]);
  std::vector<int64_t> length(count);
  std::vector<std::vector<int64_t>> seen(std::max(n_threads, 1));
  parallel_for((count + chunk - 1) / chunk, n_threads, control, [&](int64_t task, int worker) {
    control.check();
    std::vector<int64_t>& place_of = seen[worker];
    place_of.resize(n_, -1);
    for (int64_t k = task * chunk; k < std::min((task + 1) * chunk, count); ++k) {
      const Block& block = *blocks[k];
      const double* values = static_cast<const double*>(block.data);
      const int64_t j = id[from + k] - block.first;
      int64_t to = first_[k];
      double held = 0;
      for (int64_t e = block.starts[j]; e < block.starts[j + 1]; ++e) {
        const int64_t at = position_[block.indices[e]];
        if (at < 0) continue;
        if (place_of[at] >= first_[k]) {
          value_[place_of[at]] += values[e];
          continue;
        }
        place_of[at] = to;
        held += w[at];
        row_[to] = static_cast<int32_t>(at);
        value_[to++] = values[e];
      }
      for (int64_t e = first_[k]; e < to; ++e) place_of[row_[e]] = -1;
      length[k] = to - first_[k];
      thin_[k] = held <= thin_share * total;
    }
  });
  int64_t to = 0;  // what fell away leaves gaps
  for (int64_t k = 0; k < count; ++k) {
    const int64_t old = first_[k];
    if (to != old) {
      std::copy_n(row_.begin() + old, length[k], row_.begin() + to);
      std::copy_n(value_.begin() + old, length[k], value_.begin() + to);
    }
    first_[k] = to;
    to += length[k];
  }
  first_[count] = to;
  const int64_t thin = std::count(thin_.begin(), thin_.end(), 1);
  sparse_ = n_ >= many_rows && 2 * thin >= x_.p && count > 0 && first_[count] <= n_ / few * count;
}

void WideData::column(int64_t place, double* out) const {
  if (place >= dense_places()) {
    std::fill_n(out, n_, 0.0);
    const Entries some = entries(place);
    for (int64_t k = 0; k < some.count; ++k) out[some.row[k]] = some.value[k];
    return;
  }
  x_.entries(id[place], rows_.data(), n_, out);
}

void WideData::measure_thin(int64_t place, const std::vector<int32_t>& atom_of) {
  double* centre = mean.data() + place * n_atoms_;
  double* squares = scatter.data() + place * n_atoms_;
  double* products = cross.data() + place * n_atoms_;
  const Entries some = entries(place);
  std::vector<double> zeros(weight);  // the weight of the rows where the column is zero
  for (int64_t k = 0; k < some.count; ++k) {
    const int64_t i = some.row[k], a = atom_of[i];
    centre[a] += w[i] * some.value[k];
    products[a] += w[i] * some.value[k] * (y[i] - y_mean[a]);
    zeros[a] -= w[i];
  }
  for (int64_t a = 0; a < n_atoms_; ++a) {
    if (weight[a] > 0) centre[a] /= weight[a];
    squares[a] = std::max(zeros[a], 0.0) * centre[a] * centre[a];
  }
  for (int64_t k = 0; k < some.count; ++k) {
    const int64_t i = some.row[k], a = atom_of[i];
    const double deviation = some.value[k] - centre[a];
    squares[a] += w[i] * deviation * deviation;
  }
}

void WideData::measure(int64_t place, const double* column) {
  for (int64_t a = 0; a < n_atoms_; ++a) {
    const int64_t from = start[a], length = start[a + 1] - from;
    if (!(weight[a] > 0)) continue;
    const double centre = dot(column + from, w.data() + from, length) / weight[a];
    double squares = 0, products = 0;
    for (int64_t i = from; i < from + length; ++i) {
      const double deviation = column[i] - centre, weighted = w[i] * deviation;
      squares += weighted * deviation;
      products += weighted * (y[i] - y_mean[a]);
    }
    mean[place * n_atoms_ + a] = centre;
    scatter[place * n_atoms_ + a] = squares;
    cross[place * n_atoms_ + a] = products;
  }
}

}  // namespace bridle
