# make demo   sets everything up and fits a model on a real table
# make test   sets everything up and passes all tests
.DELETE_ON_ERROR:
.PHONY: FORCE build/sklearn-oldest demo test lint unit node web app breaks laws sanitize arm fixtures pictures readme bench footprint stub clean

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(PATH):$(CURDIR)/$(BIN)
OLDEST := 1.6.1
CORE := $(wildcard cpp/*.hpp cpp/*.cpp) CMakeLists.txt pyproject.toml

demo: .venv/.runtime
	@mkdir -p demo
	$(BIN)/bridle example diabetes > demo/diabetes.csv
	$(BIN)/bridle fit demo/diabetes.csv --target progression --report demo/report.html --model demo/model.bridle

test: lint unit

# Changes when a Python file comes or goes: an editable installation knows its files by name.
build/layout: FORCE
	@mkdir -p build && find src -name '*.py' | sort > build/layout.new
	@cmp -s build/layout.new $@ || cp build/layout.new $@

# The package alone: what a user installs.
.venv/.runtime: $(CORE) constraints.txt build/layout
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt scikit-build-core nanobind ninja
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e .
	touch $@

# What the tests need besides: tools and peers from the package index, a browser from the system.
.venv/.tests: .venv/.runtime constraints.txt tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r tests/requirements.txt
	touch $@

lint: .venv/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/stub.py --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.tests build/sklearn-oldest/.$(OLDEST) web
	sh tools/browser.sh
	$(BIN)/python -m pytest -n 2 --dist worksteal

# The oldest scikit-learn that is supported, beside the one in the environment.
build/sklearn-oldest/.$(OLDEST): .venv/.runtime
	rm -rf build/sklearn-oldest
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/sklearn-oldest scikit-learn==$(OLDEST)
	touch $@

# Node of the system, or of the environment: looked for each time, since an environment made anew has none.
node: | .venv/.tests
	@sh tools/node.sh $(BIN)/pip constraints.txt

web/node_modules/.ready: web/package.json web/package-lock.json | node
	npm --prefix web ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# The lab's pages, made again: the committed ones must be the same bytes.
web: web/node_modules/.ready | node
	npm --prefix web run --silent check
	rm -rf build/lab-app && node web/build.mjs $(CURDIR)/build/lab-app
	diff -r build/lab-app src/bridle/lab/app

app: web/node_modules/.ready | node
	npm --prefix web run build

# Breaks the lab in a copy, one way after another: each time the tests named for it must fail.
breaks: .venv/.tests web/node_modules/.ready | node
	sh tools/browser.sh
	$(BIN)/python tools/breaks.py $(ONLY)

build/sklearn-oldest: build/sklearn-oldest/.$(OLDEST)

laws: .venv/.tests
	BRIDLE_LAWS=many $(BIN)/python -m pytest tests/laws

stub: .venv/.tests
	$(BIN)/python tools/stub.py

sanitize:
	cmake -S . -B build/sanitize -DBRIDLE_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo
	cmake --build build/sanitize -j 2
	build/sanitize/test_kernels
	BRIDLE_SCREEN=avx2 build/sanitize/test_kernels
	BRIDLE_SCREEN=plain BRIDLE_PRODUCTS=blas build/sanitize/test_kernels

# The kernels on ARM, emulated; Debian: g++-aarch64-linux-gnu qemu-user.
arm:
	cmake -S . -B build/arm -DBRIDLE_TESTS=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux \
		-DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DCMAKE_EXE_LINKER_FLAGS=-static
	cmake --build build/arm -j 2
	qemu-aarch64 build/arm/test_kernels
	BRIDLE_SCREEN=plain qemu-aarch64 build/arm/test_kernels integer_products

# References from R and other tools; needs R with glmnet (Debian: r-base-core r-cran-glmnet).
fixtures: .venv/.tests
	$(BIN)/python tests/fixtures/make_fixtures.py
	$(BIN)/python tests/fixtures/make_glm.py

pictures: .venv/.tests
	sh tools/browser.sh
	$(BIN)/python docs/make_pictures.py

readme: .venv/.runtime
	$(BIN)/python tools/readme.py

# Everybody side by side; the peers get environments of their own (benchmarks/README.md). ONLY=wide runs one row.
bench: .venv/.tests
	$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

footprint: .venv/.tests
	$(BIN)/python -m benchmarks.footprint

clean:
	rm -rf .venv build demo
