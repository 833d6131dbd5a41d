#include "family_pass.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "few_sides.hpp"
#include "one_side.hpp"
#include "side_losses.hpp"

namespace bridle {

namespace {

// Rows that are looked at together: few enough that their part of the table is still at hand for the second product.
constexpr int64_t fewest_rows = 64, most_rows = 512, most_numbers = 1 << 15;

bool is_dense(const Block& block) {
  return block.storage != Storage::one_hot && block.storage != Storage::sparse_rows;
}

// Up to eight problems, whose coefficients lie beside each other.
struct Group {
  int64_t first, count;
  bool any = false;                           // whether any coefficient is not zero
  std::vector<double> b;                      // (p, lanes)
  std::vector<std::vector<int32_t>> columns;  // of each dense block, those that are not zero in all of them

  Group(const Columns& x, const Fits& fits, int64_t from)
      : first(from), count(std::min(lanes, fits.count - from)), b(x.p * lanes, 0.0) {
    for (int64_t k = 0; k < count; ++k)
      for (int64_t j = 0; j < x.p; ++j) b[j * lanes + k] = fits.b[(first + k) * x.p + j];
    for (const Block& block : x.blocks) {
      std::vector<int32_t>& own = columns.emplace_back();
      for (int64_t j = 0; j < block.width; ++j) {
        const double* side = b.data() + (block.first + j) * lanes;
        const bool moves = std::any_of(side, side + lanes, [](double one) { return one != 0; });
        any |= moves;
        if (moves && is_dense(block)) own.push_back(static_cast<int32_t>(j));
      }
    }
  }
};

class Worker {
 public:
  Worker(const Columns& x, const FamilyRows& rows, const Fits& fits, const std::vector<Group>& groups, int64_t height)
      : x_(x), rows_(rows), fits_(fits), groups_(groups), height_(height), y_(height * lanes), eta_(height * lanes),
        slope_(height * lanes), curvature_(height * lanes), value_(height * lanes), weight_(height),
        train_(groups.size() * rows.n_atoms * lanes, 0.0), values_(groups.size() * rows.n_atoms * lanes, 0.0),
        sums_(groups.size() * 2 * lanes, 0.0), gradient_(groups.size() * x.p * lanes, 0.0) {
    for (size_t g = 0; g < groups.size(); ++g)
      for (int64_t a = 0; a < rows.n_atoms; ++a)
        for (int64_t k = 0; k < groups[g].count; ++k)
          train_[(g * rows.n_atoms + a) * lanes + k] = fits.train[(groups[g].first + k) * rows.n_atoms + a] ? 1.0 : 0.0;
  }

  void run(int64_t from, int64_t m, double* curvature, int64_t curved) {
    for (int64_t i = 0; i < m; ++i)
      weight_[i] = rows_.atom[from + i] >= 0 ? (rows_.weights ? rows_.weights[from + i] : 1.0) : 0.0;
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      double *gradient = gradient_.data() + g * x_.p * lanes, *sums = sums_.data() + g * 2 * lanes;
      if (group.count == 1) {
        alone(g, from, m, gradient);
        keep(group.first, 1, from, m, curvature, curved);
        continue;
      }
      predict(group, from, m);
      for (int64_t i = 0; i < m; ++i) std::fill_n(y_.data() + i * lanes, lanes, rows_.y[from + i]);
      rows_.kernel.rows(m * lanes, y_.data(), eta_.data(), slope_.data(), curvature_.data(), value_.data());
      add_side_losses(m, rows_.atom + from, rows_.weights ? rows_.weights + from : nullptr,
                      train_.data() + g * rows_.n_atoms * lanes, {value_.data(), curvature_.data(), slope_.data()},
                      {values_.data() + g * rows_.n_atoms * lanes, sums, sums + lanes});
      for (int64_t k = 0; k < group.count; ++k) keep(group.first + k, lanes, from, m, curvature, curved, k);
      collect(group.count, from, m, gradient);
    }
  }

  // Adds to value (count, atoms), gradient (count, p), sum and size (count) what has come together, and starts anew.
  void hand_over(double* value, double* gradient, double* sum, double* size) {
    for (size_t g = 0; g < groups_.size(); ++g) {
      const int64_t beside = groups_[g].count == 1 ? 1 : lanes;
      const double *own = gradient_.data() + g * x_.p * lanes, *sums = sums_.data() + g * 2 * lanes,
                   *values = values_.data() + g * rows_.n_atoms * lanes;
      for (int64_t k = 0; k < groups_[g].count; ++k) {
        const int64_t problem = groups_[g].first + k;
        for (int64_t j = 0; j < x_.p; ++j) gradient[problem * x_.p + j] += own[j * beside + k];
        for (int64_t a = 0; a < rows_.n_atoms; ++a) value[problem * rows_.n_atoms + a] += values[a * lanes + k];
        sum[problem] += sums[k];
        size[problem] += sums[lanes + k];
      }
    }
    for (auto* all : {&gradient_, &values_, &sums_}) std::fill(all->begin(), all->end(), 0.0);
  }

 private:
  void predict(const Group& group, int64_t from, int64_t m);
  void alone(size_t at, int64_t from, int64_t m, double* gradient);
  void keep(int64_t problem, int64_t step, int64_t from, int64_t m, double* curvature, int64_t curved, int64_t lane = 0) const;
  void look(size_t at, int64_t from, int64_t m);
  void collect(int64_t count, int64_t from, int64_t m, double* gradient);  // of the slopes beside each other
  Tile tile(const Block& block, int64_t from, int64_t m);

  const Columns& x_;
  const FamilyRows& rows_;
  const Fits& fits_;
  const std::vector<Group>& groups_;
  const int64_t height_;
  std::vector<double> y_, eta_, slope_, curvature_, value_;  // (height, lanes) of a group, (height) of one problem alone
  std::vector<double> weight_, buffer_;
  std::vector<double> train_, values_;    // (groups, atoms, lanes)
  std::vector<double> sums_, gradient_;   // (groups, 2, lanes), (groups, p, lanes)
};

// One problem's losses and slopes on a few rows, the problem alone in its group.
void Worker::look(size_t at, int64_t from, int64_t m) {
  rows_.kernel.rows(m, rows_.y + from, eta_.data(), slope_.data(), curvature_.data(), value_.data());
  const uint8_t* train = fits_.train + groups_[at].first * rows_.n_atoms;
  double *value = values_.data() + at * rows_.n_atoms * lanes, *sums = sums_.data() + at * 2 * lanes;
  double total = 0, squares = 0;
  for (int64_t i = 0; i < m; ++i) {
    const int32_t atom = rows_.atom[from + i];
    const double w = weight_[i];
    if (w > 0) value[atom * lanes] += w * value_[i];
    const double trained = w > 0 && train[atom] ? w : 0.0, u = trained * slope_[i];
    if (trained > 0 && curvature_[i] > 0) squares += u * slope_[i] / curvature_[i];
    slope_[i] = trained > 0 ? u : 0.0;
    total += slope_[i];
  }
  sums[0] += total;
  sums[lanes] += squares;
}

Tile Worker::tile(const Block& block, int64_t from, int64_t m) {
  if (block.storage == Storage::float64 && (block.row_stride == 1 || block.column_stride == 1)) {
    const double* data = static_cast<const double*>(block.data) + from * block.row_stride;
    return {data, block.row_stride, block.column_stride};
  }
  buffer_.resize(height_ * block.width);
  const auto convert = [&](auto* data) {
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < block.width; ++j)
        buffer_[i * block.width + j] =
            static_cast<double>(data[(from + i) * block.row_stride + j * block.column_stride]);
  };
  if (block.storage == Storage::float64) convert(static_cast<const double*>(block.data));
  if (block.storage == Storage::float32) convert(static_cast<const float*>(block.data));
  if (block.storage == Storage::mask) convert(static_cast<const uint8_t*>(block.data));
  return {buffer_.data(), block.width, 1};
}

void Worker::predict(const Group& group, int64_t from, int64_t m) {
  for (int64_t i = 0; i < m; ++i)
    for (int64_t k = 0; k < lanes; ++k)
      eta_[i * lanes + k] =
          k < group.count ? fits_.intercept[group.first + k] + (rows_.offset ? rows_.offset[from + i] : 0.0) : 0.0;
  if (!group.any) return;
  for (size_t at = 0; at < x_.blocks.size(); ++at) {
    const Block& block = x_.blocks[at];
    const double* b = group.b.data() + block.first * lanes;
    if (block.storage == Storage::one_hot) {
      add_levels(block.indices + from, m, b, eta_.data());
    } else if (block.storage == Storage::sparse_rows) {
      add_entries(static_cast<const double*>(block.data), block.indices, block.starts + from, m, b, eta_.data());
    } else if (!group.columns[at].empty()) {
      times_sides(tile(block, from, m), m, group.columns[at], b, eta_.data());
    }
  }
}

// A group of one problem: its own coefficients, predictions and slopes, one after the other.
void Worker::alone(size_t at, int64_t from, int64_t m, double* gradient) {
  const Group& group = groups_[at];
  const int64_t problem = group.first;
  for (int64_t i = 0; i < m; ++i) eta_[i] = fits_.intercept[problem] + (rows_.offset ? rows_.offset[from + i] : 0.0);
  for (const Block& block : x_.blocks) {
    if (!group.any) break;
    const double* b = fits_.b + problem * x_.p + block.first;
    if (block.storage == Storage::one_hot) {
      add_level(block.indices + from, m, b, eta_.data());
    } else if (block.storage == Storage::sparse_rows) {
      add_entry(static_cast<const double*>(block.data), block.indices, block.starts + from, m, b, eta_.data());
    } else {
      times_side(tile(block, from, m), m, block.width, b, eta_.data());
    }
  }
  look(at, from, m);
  for (const Block& block : x_.blocks) {
    double* g = gradient + block.first;
    if (block.storage == Storage::one_hot) {
      add_to_level(block.indices + from, m, slope_.data(), g);
    } else if (block.storage == Storage::sparse_rows) {
      add_to_entry(static_cast<const double*>(block.data), block.indices, block.starts + from, m, slope_.data(), g);
    } else {
      side_by_columns(tile(block, from, m), m, block.width, slope_.data(), g);
    }
  }
}

void Worker::keep(int64_t problem, int64_t step, int64_t from, int64_t m, double* curvature, int64_t curved, int64_t lane) const {
  if (!curvature || (curved >= 0 && problem != curved)) return;
  double* to = curvature + (curved < 0 ? problem * x_.n : 0) + from;
  for (int64_t i = 0; i < m; ++i) to[i] = weight_[i] > 0 ? weight_[i] * curvature_[i * step + lane] : 0.0;
}

void Worker::collect(int64_t count, int64_t from, int64_t m, double* gradient) {
  for (const Block& block : x_.blocks) {
    double* g = gradient + block.first * lanes;
    if (block.storage == Storage::one_hot) {
      add_to_levels(block.indices + from, m, slope_.data(), g);
    } else if (block.storage == Storage::sparse_rows) {
      add_to_entries(static_cast<const double*>(block.data), block.indices, block.starts + from, m, slope_.data(), g);
    } else {
      sides_by_columns(tile(block, from, m), m, block.width, slope_.data(), count, g);
    }
  }
}

}  // namespace

void family_pass(const Columns& x, const FamilyRows& rows, const Fits& fits, PassResults out, int n_threads, Control& control) {
  const int64_t count = fits.count, p = x.p, n = x.n, cells = count * rows.n_atoms;
  // Rows are cut into fixed parts, each with sums of its own, added in their order: so threads do not change the bits.
  const int64_t parts = std::clamp<int64_t>(n / 2048, 1, count * p > (1 << 20) ? 4 : 16);
  int64_t width = 1;
  for (const Block& block : x.blocks)
    if (is_dense(block)) width = std::max(width, block.width);
  const int64_t height = std::min(n, std::clamp(most_numbers / width, fewest_rows, most_rows));
  std::vector<Group> groups;
  for (int64_t from = 0; from < count; from += lanes) groups.emplace_back(x, fits, from);
  const int64_t stride = cells + count * (p + 2);
  std::vector<double> sums(parts * stride, 0.0);
  std::vector<std::unique_ptr<Worker>> workers(std::max(n_threads, 1));
  parallel_for(parts, n_threads, control, [&](int64_t part, int worker) {
    if (!workers[worker]) workers[worker] = std::make_unique<Worker>(x, rows, fits, groups, height);
    double* own = sums.data() + part * stride;
    const int64_t to = n * (part + 1) / parts;
    for (int64_t from = n * part / parts; from < to; from += height) {
      control.check();
      workers[worker]->run(from, std::min(height, to - from), out.curvature, out.curved);
    }
    workers[worker]->hand_over(own, own + cells, own + cells + count * p, own + cells + count * (p + 1));
  });
  for (int64_t part = 1; part < parts; ++part)
    for (int64_t i = 0; i < stride; ++i) sums[i] += sums[part * stride + i];
  const double* total = sums.data();
  std::copy_n(total, cells, out.value);
  std::copy_n(total + cells, count * p, out.gradient);
  std::copy_n(total + cells + count * p, count, out.sum);
  std::copy_n(total + cells + count * (p + 1), count, out.size);
}

}  // namespace bridle
