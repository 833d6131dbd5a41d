#include "wide_problem.hpp"

#include <algorithm>
#include <cmath>

#include "kernels.hpp"

namespace bridle {

void null_gradient(const WideData& data, const uint8_t* train, bool fit_intercept, bool standardize, double* c,
                   double* x_mean, double* x_scale, double* y_mean, double* y_scale) {
  const int64_t n_atoms = data.n_atoms();
  double total = 0, y_centre = 0;
  for (int64_t a = 0; a < n_atoms; ++a) {
    if (!train[a] || !(data.weight[a] > 0)) continue;
    total += data.weight[a];
    y_centre += data.weight[a] / total * (data.y_mean[a] - y_centre);
  }
  double y_square = 0;
  for (int64_t a = 0; a < n_atoms; ++a) {
    if (!train[a] || !(data.weight[a] > 0)) continue;
    const double off = data.y_mean[a] - (fit_intercept ? y_centre : 0.0);
    y_square += (data.y_scatter[a] + data.weight[a] * off * off) / total;
  }
  *y_mean = fit_intercept ? y_centre : 0.0;
  *y_scale = standardize && y_square > 0 ? std::sqrt(y_square) : 1.0;
  for (int64_t place = 0; place < data.places(); ++place) {
    c[place] = x_mean[place] = x_scale[place] = 0.0;
    if (data.id[place] < 0) continue;
    const double* mean = data.mean.data() + place * n_atoms;
    const double* scatter = data.scatter.data() + place * n_atoms;
    const double* cross = data.cross.data() + place * n_atoms;
    double weight = 0, centre = 0;
    for (int64_t a = 0; a < n_atoms; ++a) {
      if (!train[a] || !(data.weight[a] > 0)) continue;
      weight += data.weight[a];
      centre += data.weight[a] / weight * (mean[a] - centre);
    }
    double variance = 0, square = 0, product = 0;
    for (int64_t a = 0; a < n_atoms; ++a) {
      if (!train[a] || !(data.weight[a] > 0)) continue;
      const double off = mean[a] - centre, raw = fit_intercept ? off : mean[a];
      variance += (scatter[a] + data.weight[a] * off * off) / total;
      square += (scatter[a] + data.weight[a] * raw * raw) / total;
      product += (cross[a] + data.weight[a] * raw * (data.y_mean[a] - *y_mean)) / total;
    }
    double scale = std::sqrt(variance);
    const bool constant = scale <= 1e-13 * std::abs(centre);
    if (constant) scale = fit_intercept ? 0.0 : std::sqrt(square);
    if (scale > 0 && !standardize) scale = 1.0;
    x_mean[place] = fit_intercept ? centre : 0.0;
    x_scale[place] = scale;
    c[place] = scale > 0 ? product / (scale * *y_scale) : 0.0;
  }
}

WideProblem::WideProblem(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index,
                         const PathPlan& plan)
    : x_mean(data.places()), inverse_scale(data.places()), c(data.places()), x_scale(data.places()), now(data.places()),
      before(data.places()), inside(data.places()), data_(data), shared_(columns),
      plan_(plan) {
  const uint8_t* train = members.train + index * data.n_atoms();
  const uint8_t* test = members.test + index * data.n_atoms();
  null_gradient(data, train, plan.fit_intercept, plan.standardize, c.data(), x_mean.data(), x_scale.data(), &y_mean,
                &y_scale);
  for (int64_t a = 0; a < data.n_atoms(); ++a) {
    if (!(data.weight[a] > 0)) continue;
    if (train[a]) weight_ += data.weight[a];
    for (int64_t i = data.start[a]; i < data.start[a + 1]; ++i) {
      if (train[a]) train_rows_.push_back(i);
      if (test[a]) test_rows_.push_back(i), test_atoms_.push_back(a);
    }
  }
  for (int64_t place = 0; place < data.places(); ++place) {
    const bool usable = x_scale[place] > 0 && plan.factor[data.id[place]] < infinity;
    inverse_scale[place] = usable ? 1.0 / x_scale[place] : 0.0;
    if (!usable) c[place] = 0.0;
  }
  if (index >= members.n_kept) std::vector<double>().swap(x_scale);
}

void WideProblem::forget_gradients() {
  std::copy(c.begin(), c.end(), now.begin());
  before = now;
  alpha_before = 0;
}

void WideProblem::add_columns(const std::vector<int64_t>& places, Control& control) {
  const int64_t old = static_cast<int64_t>(working_.size());
  for (int64_t place : places) {
    if (inside[place] || inverse_scale[place] == 0) continue;
    inside[place] = 1;
    const int64_t id = data_.id[place];
    working_.push_back(place);
    factor_.push_back(plan_.factor[id]);
    auto scaled = [&](double bound) { return bound == 0 ? 0.0 : bound / (inverse_scale[place] * y_scale); };
    if (plan_.lower) lower_.push_back(scaled(plan_.lower[id]));
    if (plan_.upper) upper_.push_back(scaled(plan_.upper[id]));
    b_.push_back(0.0);
    g_.push_back(0.0);
  }
  if (static_cast<int64_t>(working_.size()) > old) take(old, control);
}

void WideProblem::copy_column(int64_t place, std::vector<double>& train, std::vector<double>& test) {
  buffer_.resize(data_.n());
  shared_.read(place, buffer_.data());
  const double* means = data_.mean.data() + place * data_.n_atoms();
  for (int64_t a = 0; a < data_.n_atoms(); ++a)
    for (int64_t i = data_.start[a]; i < data_.start[a + 1]; ++i)
      buffer_[i] = (buffer_[i] + (means[a] - x_mean[place])) * inverse_scale[place];
  for (int64_t i : train_rows_) train.push_back(buffer_[i]);
  for (int64_t i : test_rows_) test.push_back(buffer_[i]);
}

void WideProblem::add_fit(double sign, const std::vector<int64_t>& which, const std::vector<double>& columns,
                          int64_t height, int64_t from, int64_t count, double* out) const {
  std::vector<double> scales;
  std::vector<const double*> starts;
  for (size_t at = 0; at < which.size(); ++at) {
    if (b_[which[at]] == 0) continue;
    scales.push_back(sign * b_[which[at]]);
    starts.push_back(columns.data() + at * height + from);
  }
  axpys(static_cast<int64_t>(scales.size()), scales.data(), starts.data(), out, count);
}

double WideProblem::exact_gradient(int64_t place, const double* r, const double* sums, std::vector<double>& buffer) const {
  const double* column = shared_.keep_if_room(place);
  if (!column) {
    buffer.resize(data_.n());
    shared_.read(place, buffer.data());
    column = buffer.data();
  }
  double product = dot(column, r, data_.n());
  for (int64_t a = 0; a < data_.n_atoms(); ++a) product += (data_.mean[place * data_.n_atoms() + a] - x_mean[place]) * sums[a];
  return product * inverse_scale[place];
}

int64_t WideProblem::nonzero() const {
  return std::count_if(b_.begin(), b_.end(), [](double value) { return value != 0; });
}

void widen(std::vector<double>& matrix, int64_t& capacity, int64_t wanted, int64_t m) {
  if (wanted <= capacity) return;
  const int64_t wider = std::max<int64_t>(wanted, std::max<int64_t>(64, capacity * 3 / 2));
  std::vector<double> larger(wider * wider);
  for (int64_t i = 0; i < m; ++i) std::copy_n(matrix.data() + i * capacity, m, larger.data() + i * wider);
  matrix.swap(larger);
  capacity = wider;
}

}  // namespace bridle
