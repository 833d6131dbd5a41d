// The only file that knows Python: arrays in, arrays out, functions bound one to one.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include "blas.hpp"
#include "columns.hpp"
#include "eigen.hpp"
#include "family_pass.hpp"
#include "gram_paths.hpp"
#include "moments.hpp"
#include "newton_steps.hpp"
#include "pool.hpp"
#include "proximal.hpp"
#include "wide_paths.hpp"

namespace nb = nanobind;
using namespace bridle;

namespace {

template <class T>
using In = nb::ndarray<const T, nb::c_contig, nb::device::cpu>;
template <class T>
using Out = nb::ndarray<T, nb::c_contig, nb::device::cpu>;
template <class T>
using MaybeIn = std::optional<In<T>>;

template <class T>
const T* pointer(const MaybeIn<T>& array) {
  return array ? array->data() : nullptr;
}

// Columns that keep the arrays they look at alive.
struct HeldColumns : Columns {
  std::vector<nb::object> held;
};

void add_dense(HeldColumns& columns, nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu> array, nb::object owner) {
  Block block;
  if (array.dtype() == nb::dtype<double>())
    block.storage = Storage::float64;
  else if (array.dtype() == nb::dtype<float>())
    block.storage = Storage::float32;
  else if (array.dtype() == nb::dtype<bool>() || array.dtype() == nb::dtype<uint8_t>())
    block.storage = Storage::mask;
  else
    throw nb::type_error("a dense block is float64, float32 or bool");
  if (static_cast<int64_t>(array.shape(0)) != columns.n) throw nb::value_error("a block has another number of rows");
  block.width = static_cast<int64_t>(array.shape(1));
  block.data = array.data();
  block.row_stride = array.stride(0);
  block.column_stride = array.stride(1);
  columns.add(block);
  columns.held.push_back(std::move(owner));
}

void add_sparse(HeldColumns& columns, In<double> values, In<int32_t> indices, In<int64_t> starts, int64_t width,
                bool by_row, nb::object owner) {
  Block block;
  block.storage = by_row ? Storage::sparse_rows : Storage::sparse_columns;
  block.width = width;
  block.data = values.data();
  block.indices = indices.data();
  block.starts = starts.data();
  if (static_cast<int64_t>(starts.size()) != (by_row ? columns.n : width) + 1)
    throw nb::value_error("a sparse block has another shape");
  columns.add(block);
  columns.held.push_back(std::move(owner));
}

void add_one_hot(HeldColumns& columns, In<int32_t> codes, int64_t width, nb::object owner) {
  if (static_cast<int64_t>(codes.size()) != columns.n) throw nb::value_error("a block has another number of rows");
  Block block;
  block.storage = Storage::one_hot;
  block.width = width;
  block.indices = codes.data();
  columns.add(block);
  columns.held.push_back(std::move(owner));
}

// Whoever is wrong about lengths or row numbers must not make the kernels read foreign memory.
void check_rows(const Columns& columns, const In<double>& y, const MaybeIn<double>& weights, const In<int64_t>& rows,
                const In<int64_t>& start, int64_t targets = 1) {
  if (static_cast<int64_t>(y.size()) != targets * columns.n) throw nb::value_error("y has another number of rows");
  if (weights && static_cast<int64_t>(weights->size()) != columns.n)
    throw nb::value_error("weights have another number of rows");
  if (start.size() < 1 || start.data()[0] != 0 ||
      start.data()[start.size() - 1] != static_cast<int64_t>(rows.size()))
    throw nb::value_error("atoms do not cover the rows");
  for (size_t a = 1; a < start.size(); ++a)
    if (start.data()[a] < start.data()[a - 1]) throw nb::value_error("atoms do not cover the rows");
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows.data()[i] < 0 || rows.data()[i] >= columns.n) throw nb::value_error("a row number is out of range");
}

// Runs work without the interpreter's lock; Python's signals and the progress callback get their turn from in there.
template <class Work>
void without_lock(const nb::object& progress, const Work& work) {
  bool cancelled = false;
  {
    nb::gil_scoped_release release;
    Control control([&](double share) {
      nb::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) return false;
      if (progress.is_none()) return true;
      try {
        progress(share);
        return true;
      } catch (nb::python_error& error) {
        error.restore();
        return false;
      }
    });
    try {
      work(control);
    } catch (const Cancelled&) {
      cancelled = true;
    }
  }
  if (cancelled) {
    if (PyErr_Occurred()) throw nb::python_error();
    throw std::runtime_error("cancelled");
  }
}

void* routine(nb::dict capsules, const char* name) {
  nb::object capsule = capsules[name];
  const char* signature = PyCapsule_GetName(capsule.ptr());
  if (!signature) throw nb::value_error("a BLAS capsule has no name");
  if (std::strstr(signature, "int64") || std::strstr(signature, "long"))
    throw nb::value_error("this SciPy uses 64-bit integers in its BLAS, which bridle does not know");
  if (!std::strstr(signature, "int *")) throw nb::value_error("a BLAS capsule has an unknown signature");
  return PyCapsule_GetPointer(capsule.ptr(), signature);
}

void set_blas(nb::dict level3, nb::dict lapack) {
  blas.dsyrk = reinterpret_cast<decltype(blas.dsyrk)>(routine(level3, "dsyrk"));
  blas.dgemm = reinterpret_cast<decltype(blas.dgemm)>(routine(level3, "dgemm"));
  blas.dsymm = reinterpret_cast<decltype(blas.dsymm)>(routine(level3, "dsymm"));
  blas.dpotrf = reinterpret_cast<decltype(blas.dpotrf)>(routine(lapack, "dpotrf"));
  blas.dpotri = reinterpret_cast<decltype(blas.dpotri)>(routine(lapack, "dpotri"));
  blas.dsyevd = reinterpret_cast<decltype(blas.dsyevd)>(routine(lapack, "dsyevd"));
}

// A wide table read once, with the columns that it looks at.
struct HeldWideData {
  nb::object columns;
  std::unique_ptr<WideData> data;
  int64_t rows() const { return nb::cast<const HeldColumns&>(columns).n; }  // of the table
};

template <class T>
nb::object array_of(const std::vector<T>& values, std::initializer_list<size_t> shape) {
  T* copy = new T[std::max<size_t>(values.size(), 1)];
  std::copy(values.begin(), values.end(), copy);
  nb::capsule owner(copy, [](void* p) noexcept { delete[] static_cast<T*>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T>(copy, shape.size(), shape.begin(), owner));
}

PathPlan plan_of(const In<double>& l1_ratios, const In<double>& alphas, const In<double>& factor,
                 const MaybeIn<double>& lower, const MaybeIn<double>& upper, bool fit_intercept, bool standardize,
                 int64_t max_nonzero, double tolerance, bool exact, int64_t max_sweeps) {
  PathPlan plan;
  plan.n_ratios = static_cast<int64_t>(alphas.shape(0));
  plan.n_alphas = static_cast<int64_t>(alphas.shape(1));
  plan.l1_ratio = l1_ratios.data();
  plan.alpha = alphas.data();
  plan.factor = factor.data();
  plan.lower = pointer(lower);
  plan.upper = pointer(upper);
  plan.fit_intercept = fit_intercept;
  plan.standardize = standardize;
  plan.max_nonzero = max_nonzero;
  plan.effort.tolerance = tolerance;
  plan.effort.exact = exact;
  plan.effort.max_sweeps = max_sweeps;
  return plan;
}

FamilyKernel family_kernel(int64_t kind, double parameter) {
  if (kind < 0 || kind > 6) throw nb::value_error("an unknown family");
  return {static_cast<Family>(kind), parameter};
}

// What a wide path of a family needs besides, and the arrays that it lies in: (kind, parameter, offset or None, intercept, b,
// gradient, null_loss, slope_size, settled, kept_tolerance).
struct HeldFamily {
  MaybeIn<double> offset;
  In<double> intercept, b, gradient, null_loss;
  FamilyPlan plan;

  HeldFamily(const nb::object& from, size_t problems, size_t p, int64_t n) {
    const nb::tuple all = nb::cast<nb::tuple>(from);
    if (all.size() != 10) throw nb::value_error("a family has ten parts");
    plan.kernel = family_kernel(nb::cast<int64_t>(all[0]), nb::cast<double>(all[1]));
    if (!all[2].is_none()) offset = nb::cast<In<double>>(all[2]);
    intercept = nb::cast<In<double>>(all[3]);
    b = nb::cast<In<double>>(all[4]);
    gradient = nb::cast<In<double>>(all[5]);
    null_loss = nb::cast<In<double>>(all[6]);
    if (offset && static_cast<int64_t>(offset->size()) != n) throw nb::value_error("the rows differ in number");
    if (intercept.size() != problems || null_loss.size() != problems || b.size() != problems * p ||
        gradient.size() != b.size())
      throw nb::value_error("the problems differ in number");
    plan.offset = pointer(offset);
    plan.intercept = intercept.data();
    plan.b = b.data();
    plan.gradient = gradient.data();
    plan.null_loss = null_loss.data();
    plan.slope_size = nb::cast<double>(all[7]);
    plan.settled = nb::cast<double>(all[8]);
    plan.kept_tolerance = nb::cast<double>(all[9]);
  }
};

// A proximal step on memory that the caller vouches for: making an array of a tensor takes longer than a small one's step.
template <class T>
void proximal(uintptr_t weights, uintptr_t root, uintptr_t mean, Root kind, double offset, double l1, double l2,
              double group, const std::array<int64_t, 4>& axes, int threads) {
  Step<T> step{reinterpret_cast<T*>(weights), reinterpret_cast<const T*>(root), reinterpret_cast<const T*>(mean), kind,
               offset, l1, l2, group};
  const Axes shape{axes[0], axes[1], axes[2], axes[3]};
  nb::gil_scoped_release release;
  Control control;  // a matter of milliseconds: Ctrl-C can wait
  if (group > 0)
    shrink_groups(step, shape, threads, control);
  else
    shrink(step, shape.size(), threads, control);
}

}  // namespace

NB_MODULE(_core, m) {
  m.def("set_blas", &set_blas, nb::arg("level3"), nb::arg("lapack"));

  nb::class_<HeldColumns>(m, "Columns")
      .def("__init__",
           [](HeldColumns* self, int64_t n) {
             new (self) HeldColumns();
             self->n = n;
           },
           nb::arg("n"))
      .def_ro("n", &HeldColumns::n)
      .def_ro("p", &HeldColumns::p)
      .def("add_dense",
           [](HeldColumns& self, nb::object array) {
             add_dense(self, nb::cast<nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>>(array), array);
           },
           nb::arg("array"))
      .def("add_sparse",
           [](HeldColumns& self, nb::object values, nb::object indices, nb::object starts, int64_t width, bool by_row) {
             add_sparse(self, nb::cast<In<double>>(values), nb::cast<In<int32_t>>(indices),
                        nb::cast<In<int64_t>>(starts), width, by_row, nb::make_tuple(values, indices, starts));
           },
           nb::arg("values"), nb::arg("indices"), nb::arg("starts"), nb::arg("width"), nb::arg("by_row"))
      .def("add_one_hot",
           [](HeldColumns& self, nb::object codes, int64_t width) {
             add_one_hot(self, nb::cast<In<int32_t>>(codes), width, codes);
           },
           nb::arg("codes"), nb::arg("width"));


  m.def(
      "accumulate_moments",
      [](const HeldColumns& columns, In<double> y, MaybeIn<double> weights, In<int64_t> rows, In<int64_t> start,
         Out<double> weight, Out<double> mean, Out<double> scatter, int threads, nb::object progress) {
        check_rows(columns, y, weights, rows, start);
        MomentArrays out{weight.data(), mean.data(), scatter.data()};
        without_lock(progress, [&](Control& control) {
          accumulate_moments(columns, y.data(), pointer(weights), rows.data(), start.data(),
                             static_cast<int64_t>(start.size()) - 1, out, threads, control);
        });
      },
      nb::arg("columns"), nb::arg("y"), nb::arg("weights").none(), nb::arg("rows"), nb::arg("start"),
      nb::arg("weight"), nb::arg("mean"), nb::arg("scatter"), nb::arg("threads"), nb::arg("progress").none());

  m.def(
      "solve_gram_paths",
      [](In<double> weight, In<double> mean, In<double> scatter, In<uint8_t> train, In<uint8_t> test, int64_t n_kept,
         In<double> l1_ratios, In<double> alphas, In<double> factor, MaybeIn<double> lower, MaybeIn<double> upper,
         bool fit_intercept, bool standardize, int64_t max_nonzero, double tolerance, bool exact, int64_t max_sweeps,
         Out<double> beta, Out<double> gap, Out<double> train_error, Out<int64_t> nonzero, Out<int64_t> sweeps,
         Out<double> test_error, Out<double> x_mean, Out<double> x_scale, Out<double> y_mean, Out<double> y_scale,
         int threads, nb::object progress) {
        AtomMoments atoms{static_cast<int64_t>(weight.size()), static_cast<int64_t>(mean.shape(1)), weight.data(),
                          mean.data(), scatter.data()};
        Membership members{static_cast<int64_t>(train.shape(0)), train.data(), test.data(), n_kept};
        PathPlan plan = plan_of(l1_ratios, alphas, factor, lower, upper, fit_intercept, standardize, max_nonzero,
                                tolerance, exact, max_sweeps);
        PathResults out{beta.data(),       gap.data(),    train_error.data(), nonzero.data(), sweeps.data(),
                        test_error.data(), x_mean.data(), x_scale.data(),     y_mean.data(),  y_scale.data()};
        without_lock(progress,
                     [&](Control& control) { solve_gram_paths(atoms, members, plan, out, threads, control); });
      },
      nb::arg("weight"), nb::arg("mean"), nb::arg("scatter"), nb::arg("train"), nb::arg("test"), nb::arg("n_kept"),
      nb::arg("l1_ratios"), nb::arg("alphas"), nb::arg("factor"), nb::arg("lower").none(), nb::arg("upper").none(),
      nb::arg("fit_intercept"), nb::arg("standardize"), nb::arg("max_nonzero"), nb::arg("tolerance"),
      nb::arg("exact"), nb::arg("max_sweeps"), nb::arg("beta"), nb::arg("gap"), nb::arg("train_error"),
      nb::arg("nonzero"), nb::arg("sweeps"), nb::arg("test_error"), nb::arg("x_mean"), nb::arg("x_scale"),
      nb::arg("y_mean"), nb::arg("y_scale"), nb::arg("threads"), nb::arg("progress").none());

  nb::class_<HeldWideData>(m, "WideData")
      .def("__init__",
           [](HeldWideData* self, nb::object columns, In<double> y, MaybeIn<double> weights, In<int64_t> rows,
              In<int64_t> start, int threads, nb::object progress) {
             const HeldColumns& held = nb::cast<const HeldColumns&>(columns);
             check_rows(held, y, weights, rows, start);
             std::unique_ptr<WideData> data;
             without_lock(progress, [&](Control& control) {
               data = std::make_unique<WideData>(held, y.data(), pointer(weights), rows.data(), start.data(),
                                                 static_cast<int64_t>(start.size()) - 1, threads, control);
             });
             new (self) HeldWideData{columns, std::move(data)};
           },
           nb::arg("columns"), nb::arg("y"), nb::arg("weights").none(), nb::arg("rows"), nb::arg("start"),
           nb::arg("threads"), nb::arg("progress").none())
      .def("null_gradient",
           [](const HeldWideData& self, In<uint8_t> train, bool fit_intercept, bool standardize) {
             const WideData& data = *self.data;
             std::vector<double> c(data.places()), mean(data.places()), scale(data.places());
             double y_mean = 0, y_scale = 1;
             null_gradient(data, train.data(), fit_intercept, standardize, c.data(), mean.data(), scale.data(),
                           &y_mean, &y_scale);
             std::vector<double> by_id[3];
             const std::vector<double>* by_place[3] = {&c, &mean, &scale};
             for (int i = 0; i < 3; ++i) {
               by_id[i].resize(data.p());
               for (int64_t place = 0; place < data.places(); ++place)
                 if (data.id[place] >= 0) by_id[i][data.id[place]] = (*by_place[i])[place];
             }
             const size_t p = static_cast<size_t>(data.p());
             return nb::make_tuple(array_of(by_id[0], {p}), array_of(by_id[1], {p}), array_of(by_id[2], {p}), y_mean,
                                   y_scale);
           },
           nb::arg("train"), nb::arg("fit_intercept"), nb::arg("standardize"))
      .def("atoms",
           [](const HeldWideData& self) {
             const WideData& data = *self.data;
             const size_t a = static_cast<size_t>(data.n_atoms());
             return nb::make_tuple(array_of(data.weight, {a}), array_of(data.y_mean, {a}),
                                   array_of(data.y_scatter, {a}));
           })
      .def(
          "solve_paths",
          [](const HeldWideData& self, In<uint8_t> train, In<uint8_t> test, int64_t n_kept, In<double> l1_ratios,
             In<double> alphas, In<double> factor, MaybeIn<double> lower, MaybeIn<double> upper, bool fit_intercept,
             bool standardize, int64_t max_nonzero, double tolerance, bool exact, int64_t max_sweeps, bool stop_turned,
             nb::object family, int threads, nb::object progress) {
            const size_t problems = train.shape(0), ratios = alphas.shape(0), steps = alphas.shape(1),
                         atoms = train.shape(1), p = static_cast<size_t>(self.data->p());
            if (n_kept < 1 || n_kept > static_cast<int64_t>(problems)) throw nb::value_error("n_kept is out of range");
            Membership members{static_cast<int64_t>(problems), train.data(), test.data(), n_kept};
            PathPlan plan = plan_of(l1_ratios, alphas, factor, lower, upper, fit_intercept, standardize, max_nonzero,
                                    tolerance, exact, max_sweeps);
            plan.stop_turned = stop_turned;
            std::optional<HeldFamily> held;
            if (!family.is_none()) held.emplace(family, problems, p, self.rows());
            WideResults out;
            without_lock(progress, [&](Control& control) {
              out = solve_wide_paths(*self.data, members, plan, held ? &held->plan : nullptr, threads, control);
            });
            nb::list kept;
            for (const SparseCoefficients& one : out.kept)
              kept.append(nb::make_tuple(array_of(one.starts, {one.starts.size()}),
                                         array_of(one.columns, {one.columns.size()}),
                                         array_of(one.values, {one.values.size()})));
            const size_t rows = static_cast<size_t>(n_kept);
            nb::dict result;
            result["kept"] = kept;
            result["gap"] = array_of(out.gap, {problems, ratios, steps});
            result["train_error"] = array_of(out.train_error, {problems, ratios, steps});
            result["intercept"] = array_of(out.intercept, {problems, ratios, steps});
            result["degrees"] = array_of(out.degrees, {ratios, steps});
            result["nonzero"] = array_of(out.nonzero, {problems, ratios, steps});
            result["sweeps"] = array_of(out.sweeps, {problems, ratios, steps});
            result["test_error"] = array_of(out.test_error, {problems, ratios, steps, atoms});
            result["x_mean"] = array_of(out.x_mean, {rows, p});
            result["x_scale"] = array_of(out.x_scale, {rows, p});
            result["y_mean"] = array_of(out.y_mean, {problems});
            result["y_scale"] = array_of(out.y_scale, {problems});
            result["passes"] = out.passes;
            result["exact_products"] = out.exact_products;
            return result;
          },
          nb::arg("train"), nb::arg("test"), nb::arg("n_kept"), nb::arg("l1_ratios"), nb::arg("alphas"),
          nb::arg("factor"), nb::arg("lower").none(), nb::arg("upper").none(), nb::arg("fit_intercept"),
          nb::arg("standardize"), nb::arg("max_nonzero"), nb::arg("tolerance"), nb::arg("exact"),
          nb::arg("max_sweeps"), nb::arg("stop_turned"), nb::arg("family").none(), nb::arg("threads"),
          nb::arg("progress").none());

  m.def(
      "symmetric_eigen",
      [](In<double> matrix, bool vectors) {
        const size_t n = matrix.shape(0);
        Eigen out;
        without_lock(nb::none(), [&](Control& control) {
          out = symmetric_eigen(std::vector<double>(matrix.data(), matrix.data() + n * n), static_cast<int64_t>(n),
                                vectors, control);
        });
        return nb::make_tuple(array_of(out.values, {n}),
                              vectors ? array_of(out.vectors, {n, n}) : nb::object(nb::none()));
      },
      nb::arg("matrix"), nb::arg("vectors"));

  m.def(
      "proximal",
      [](bool doubles, int64_t kind, uintptr_t weights, uintptr_t root, uintptr_t mean, double offset, double l1,
         double l2, double group, int64_t outer, int64_t spanned, int64_t kept, int64_t inner, int threads) {
        if (kind < 0 || kind > 3) throw nb::value_error("an unknown kind of step size");
        auto* run = doubles ? &proximal<double> : &proximal<float>;
        run(weights, root, mean, static_cast<Root>(kind), offset, l1, l2, group, {outer, spanned, kept, inner}, threads);
      },
      nb::arg("doubles"), nb::arg("kind"), nb::arg("weights"), nb::arg("root"), nb::arg("mean"), nb::arg("offset"),
      nb::arg("l1"), nb::arg("l2"), nb::arg("group"), nb::arg("outer"), nb::arg("spanned"), nb::arg("kept"),
      nb::arg("inner"), nb::arg("threads"));

  m.def(
      "family_rows",
      [](int64_t kind, double parameter, In<double> y, In<double> eta, Out<double> slope, Out<double> curvature,
         Out<double> value) {
        if (eta.size() != y.size() || slope.size() != y.size() || curvature.size() != y.size() || value.size() != y.size())
          throw nb::value_error("the rows differ in number");
        family_kernel(kind, parameter)
            .rows(static_cast<int64_t>(y.size()), y.data(), eta.data(), slope.data(), curvature.data(), value.data());
      },
      nb::arg("kind"), nb::arg("parameter"), nb::arg("y"), nb::arg("eta"), nb::arg("slope"), nb::arg("curvature"),
      nb::arg("value"));

  m.def(
      "family_pass",
      [](const HeldColumns& columns, int64_t kind, double parameter, In<double> y, MaybeIn<double> weights,
         MaybeIn<double> offset, In<int32_t> atom, In<uint8_t> train, In<double> b, In<double> intercept,
         Out<double> value, Out<double> gradient, Out<double> sum, Out<double> size,
         std::optional<Out<double>> curvature, int64_t curved, int threads, nb::object progress) {
        const size_t n = static_cast<size_t>(columns.n), count = train.shape(0), atoms = train.shape(1);
        if (y.size() != n || atom.size() != n || (weights && weights->size() != n) || (offset && offset->size() != n) ||
            (curvature && curvature->size() != (curved < 0 ? count * n : n)))
          throw nb::value_error("the rows differ in number");
        if (b.size() != count * columns.p || gradient.size() != b.size() || intercept.size() != count ||
            value.size() != count * atoms || sum.size() != count || size.size() != count)
          throw nb::value_error("the problems differ in number");
        for (size_t i = 0; i < n; ++i)
          if (atom.data()[i] >= static_cast<int64_t>(atoms)) throw nb::value_error("an atom is out of range");
        FamilyRows rows{family_kernel(kind, parameter), y.data(), pointer(weights), pointer(offset), atom.data(),
                        static_cast<int64_t>(atoms)};
        Fits fits{static_cast<int64_t>(count), b.data(), intercept.data(), train.data()};
        PassResults out{value.data(), gradient.data(), sum.data(), size.data(), curvature ? curvature->data() : nullptr,
                        curved};
        without_lock(progress, [&](Control& control) { family_pass(columns, rows, fits, out, threads, control); });
      },
      nb::arg("columns"), nb::arg("kind"), nb::arg("parameter"), nb::arg("y"), nb::arg("weights").none(),
      nb::arg("offset").none(), nb::arg("atom"), nb::arg("train"), nb::arg("b"), nb::arg("intercept"), nb::arg("value"),
      nb::arg("gradient"), nb::arg("sum"), nb::arg("size"), nb::arg("curvature").none(), nb::arg("curved"),
      nb::arg("threads"), nb::arg("progress").none());

  nb::class_<NewtonSteps>(m, "NewtonSteps")
      .def("__init__",
           [](NewtonSteps* self, In<uint8_t> train, In<double> weight, In<double> scale, In<double> null_loss,
              In<double> factor, MaybeIn<double> lower, MaybeIn<double> upper, bool fit_intercept, bool learns) {
             const size_t problems = train.shape(0), p = factor.size();
             if (weight.size() != problems || null_loss.size() != problems || scale.size() != problems * p ||
                 (lower && lower->size() != p) || (upper && upper->size() != p))
               throw nb::value_error("the problems differ in number");
             Membership members{static_cast<int64_t>(problems), train.data(), nullptr, 0};
             new (self) NewtonSteps(static_cast<int64_t>(p), members, static_cast<int64_t>(train.shape(1)),
                                    weight.data(), scale.data(), null_loss.data(), factor.data(), pointer(lower),
                                    pointer(upper), fit_intercept, learns);
           },
           nb::arg("train"), nb::arg("weight"), nb::arg("scale"), nb::arg("null_loss"), nb::arg("factor"),
           nb::arg("lower").none(), nb::arg("upper").none(), nb::arg("fit_intercept"), nb::arg("learns"))
      .def("curvature",
           [](NewtonSteps& self, In<double> weight, In<double> mean, In<double> scatter, int64_t only, int threads) {
             AtomMoments atoms{static_cast<int64_t>(weight.size()), static_cast<int64_t>(mean.shape(1)), weight.data(),
                               mean.data(), scatter.data()};
             without_lock(nb::none(), [&](Control& control) { self.curvature(atoms, only, threads, control); });
           },
           nb::arg("weight"), nb::arg("mean"), nb::arg("scatter"), nb::arg("only"), nb::arg("threads"))
      .def("own_curvature",
           [](NewtonSteps& self, In<uint8_t> which, const HeldColumns& columns, In<double> curvature, In<int64_t> rows,
              In<int64_t> start, int threads) {
             check_rows(columns, curvature, std::nullopt, rows, start, self.problems());
             if (columns.p != self.p() || static_cast<int64_t>(which.size()) != self.problems() ||
                 static_cast<int64_t>(start.size()) != self.atoms() + 1)
               throw nb::value_error("the problems differ in number");
             without_lock(nb::none(), [&](Control& control) {
               self.own_curvature(which.data(), columns, curvature.data(), rows.data(), start.data(), threads, control);
             });
           },
           nb::arg("which"), nb::arg("columns"), nb::arg("curvature"), nb::arg("rows"), nb::arg("start"),
           nb::arg("threads"))
      .def("gram",
           [](const NewtonSteps& self, int64_t problem) {
             if (problem < 0 || problem >= self.problems()) throw nb::value_error("there is no such problem");
             if (self.gram(problem).empty()) throw nb::value_error("the problem has no curvature yet");
             const size_t p = static_cast<size_t>(self.p());
             return array_of(self.gram(problem), {p, p});
           },
           nb::arg("problem"))
      .def("step",
           [](NewtonSteps& self, In<uint8_t> which, In<double> b, In<double> intercept, In<double> gradient,
              In<double> sum, In<double> size, In<double> l1, In<double> l2, double tolerance, bool exact,
              int64_t max_sweeps, Out<double> b_out, Out<double> intercept_change, Out<double> expected, int threads) {
             Effort effort{tolerance, exact, max_sweeps};
             std::vector<Strength> strengths(static_cast<size_t>(self.problems()));
             if (l1.size() != strengths.size() || l2.size() != strengths.size())
               throw nb::value_error("every problem has a strength");
             for (size_t k = 0; k < strengths.size(); ++k) strengths[k] = {l1.data()[k], l2.data()[k]};
             without_lock(nb::none(), [&](Control& control) {
               self.step(which.data(), b.data(), intercept.data(), gradient.data(), sum.data(), size.data(),
                         strengths.data(), effort, b_out.data(), intercept_change.data(), expected.data(), threads, control);
             });
           },
           nb::arg("which"), nb::arg("b"), nb::arg("intercept"), nb::arg("gradient"), nb::arg("sum"),
           nb::arg("size"), nb::arg("l1"), nb::arg("l2"), nb::arg("tolerance"), nb::arg("exact"), nb::arg("max_sweeps"), nb::arg("b_out"),
           nb::arg("intercept_change"), nb::arg("expected"), nb::arg("threads"));

  m.def("screen_kernel", &screen_kernel);
}
