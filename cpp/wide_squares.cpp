#include "wide_squares.hpp"

#include <algorithm>
#include <limits>

#include "wide_squares_dense.hpp"
#include "wide_squares_sparse.hpp"

namespace bridle {

WideSquares::WideSquares(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan)
    : WideProblem(data, columns, members, index, plan) {
  for (int64_t i : train_rows_) {
    const double target = (data.y[i] - y_mean) / y_scale;
    yy_ += data.w[i] / weight_ * target * target;
  }
}

void WideSquares::restart() {
  std::fill(b_.begin(), b_.end(), 0.0);
  g_ = c_;
  forget();
  forget_gradients();
}

void WideSquares::fill(Penalized& q) {
  q.m = static_cast<int64_t>(working_.size());
  q.diagonal = diagonal_.data();
  q.c = c_.data();
  q.yy = yy_;
  q.null_loss = yy_ > 0 ? 0.5 * yy_ : 1.0;
  q.factor = factor_.data();
  q.lower = plan_.lower ? lower_.data() : nullptr;
  q.upper = plan_.upper ? upper_.data() : nullptr;
  q.b = b_.data();
  q.g = g_.data();
}

double WideSquares::train_error() const {
  double residual = yy_;
  for (size_t k = 0; k < working_.size(); ++k) residual -= b_[k] * (c_[k] + g_[k]);
  return std::max(residual, 0.0) * y_scale * y_scale;
}

double WideSquares::test_error(int64_t atom) const {
  const int64_t from = data_.start[atom], count = data_.start[atom + 1] - from;
  if (count == 0 || !std::binary_search(test_atoms_.begin(), test_atoms_.end(), atom))
    return std::numeric_limits<double>::quiet_NaN();
  fit_.resize(count);
  fit_test(atom, fit_.data());
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double off = data_.y[from + i] - y_mean - y_scale * fit_[i];
    sum += data_.w[from + i] * off * off;
  }
  return sum / data_.weight[atom];
}

std::unique_ptr<WideSquares> wide_squares(const WideData& data, WorkingColumns& columns, const Membership& members, int64_t index, const PathPlan& plan) {
  std::unique_ptr<WideSquares> out;
  if (data.sparse())
    out = std::make_unique<WideSquaresSparse>(data, columns, members, index, plan);
  else
    out = std::make_unique<WideSquaresDense>(data, columns, members, index, plan);
  out->restart();
  return out;
}

}  // namespace bridle
