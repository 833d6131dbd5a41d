#include "wide_data.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels.hpp"

namespace bridle {

namespace {
constexpr int64_t most_kept_bytes = int64_t{1} << 28;
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
  for (const Block& block : x.blocks) {
    const bool sparse = block.storage == Storage::sparse_columns;
    for (int64_t j = 0; j < block.width; ++j) {
      (sparse ? sparse_ids : dense_ids).push_back(block.first + j);
      if (sparse) block_.push_back(&block);
    }
  }
  dense_.reset(n_, static_cast<int64_t>(dense_ids.size()));
  id = dense_ids;
  id.resize(dense_.tiles() * tile_width, -1);
  id.insert(id.end(), sparse_ids.begin(), sparse_ids.end());
  kept_.resize(id.size());
  mean.assign(id.size() * n_atoms, 0.0);
  scatter.assign(id.size() * n_atoms, 0.0);
  cross.assign(id.size() * n_atoms, 0.0);

  const int64_t chunk = 4 * tile_width;
  const int64_t tasks = (places() + chunk - 1) / chunk;
  std::vector<std::vector<double>> buffers(std::max(n_threads, 1));
  parallel_for(tasks, n_threads, control, [&](int64_t task, int worker) {
    buffers[worker].resize(n_);
    double* buffer = buffers[worker].data();
    for (int64_t place = task * chunk; place < std::min((task + 1) * chunk, places()); ++place) {
      if (id[place] < 0) continue;
      if ((place & 15) == 0) control.check();
      column(place, buffer);
      measure(place, buffer);
      if (place < dense_places()) dense_.set(place, buffer);
    }
  });
}

void WideData::column(int64_t place, double* out) const {
  if (place >= dense_places()) {
    std::fill_n(out, n_, 0.0);
    const Block& block = *block_[place - dense_places()];
    const int64_t j = id[place] - block.first;
    const double* values = static_cast<const double*>(block.data);
    for (int64_t k = block.starts[j]; k < block.starts[j + 1]; ++k) {
      const int64_t at = position_[block.indices[k]];
      if (at >= 0) out[at] += values[k];
    }
    return;
  }
  if (kept_[place])
    std::copy_n(kept_[place].get(), n_, out);
  else
    x_.entries(id[place], rows_.data(), n_, out);
}

const double* WideData::keep_column(int64_t place) const {
  if (kept_[place]) return kept_[place].get();
  const int64_t bytes = n_ * static_cast<int64_t>(sizeof(double));
  if (kept_bytes_.fetch_add(bytes, std::memory_order_relaxed) > most_kept_bytes) return nullptr;
  std::unique_ptr<double[]> values(new double[n_]);
  column(place, values.get());
  kept_[place] = std::move(values);
  return kept_[place].get();
}

void WideData::sparse_products(int64_t place, const double* residuals, int64_t stride, int64_t count,
                               double* out) const {
  const Block& block = *block_[place - dense_places()];
  const int64_t j = id[place] - block.first;
  const double* values = static_cast<const double*>(block.data);
  std::fill_n(out, count, 0.0);
  for (int64_t k = block.starts[j]; k < block.starts[j + 1]; ++k) {
    const int64_t at = position_[block.indices[k]];
    if (at < 0) continue;
    const double* row = residuals + at * stride;
    for (int64_t r = 0; r < count; ++r) out[r] += values[k] * row[r];
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
