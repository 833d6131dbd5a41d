# R's glmnet: cv.glmnet, which standardizes inside each fold and centres sparse columns implicitly; one call for each
# l1_ratio, as its manual says. Timed: the calls alone (system.time), not the reading of the files nor the start of R;
# categories become sparse columns within what is timed. An offset is an argument. The folds are forked into two processes
# where doMC is installed and there is much to do; "parts" says how many processes there are.
# The same commands on stdin and JSON lines on stdout as worker.py.
suppressPackageStartupMessages(library(glmnet))

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
options <- if (arguments[2] == "default") list() else list(thresh = as.double(arguments[2]), maxit = 1e7)
processes <- as.integer(arguments[3])
if (!requireNamespace("doMC", quietly = TRUE)) processes <- 1
SMALL <- 1e5 # cells: below, forking takes longer than the work

# VmRSS (now) or VmHWM (peak) of this process in bytes.
memory <- function(field) {
  line <- grep(paste0("^", field, ":"), readLines("/proc/self/status"), value = TRUE)
  1024 * as.double(gsub("[^0-9]", "", line))
}

numbers <- function(name, count = file.size(file.path(folder, name)) / 8) {
  file <- file.path(folder, name)
  if (endsWith(name, "i32")) readBin(file, "integer", file.size(file) / 4, size = 4) else readBin(file, "double", count)
}

before <- memory("VmRSS")
shape <- numbers("shape.i32")
if (prod(shape[1:2]) < SMALL) processes <- 1
alphas <- numbers("alphas.f64")
ratios <- numbers("l1_ratios.f64")
if (processes > 1) suppressPackageStartupMessages({ library(doMC); registerDoMC(processes) })
y <- numbers("y.f64")
loss <- readLines(file.path(folder, "family.txt"))
family <- if (loss == "squared") "gaussian" else loss
offset <- if (file.exists(file.path(folder, "offset.f64"))) numbers("offset.f64")
codes <- NULL
folds <- numbers("folds.i32") + 1L
if (file.exists(file.path(folder, "codes.i32"))) {
  counts <- numbers("levels.i32")
  codes <- matrix(numbers("codes.i32"), nrow = length(counts)) # a column a row of the table
} else if (shape[3]) {
  X <- new("dgCMatrix", i = numbers("X_rows.i32"), p = numbers("X_starts.i32"), x = numbers("X_values.f64"),
           Dim = shape[1:2])
} else {
  X <- numbers("X_by_columns.f64")
  dim(X) <- shape[1:2]
}

# A sparse column for each level.
one_hot <- function() {
  first <- c(0L, cumsum(counts)[-length(counts)])
  sparseMatrix(i = rep(seq_along(y), each = length(counts)), j = as.vector(codes + first) + 1L, x = 1, dims = shape[1:2])
}

given <- function(ratio, columns) {
  c(list(columns, y, lambda = alphas, alpha = ratio, family = family), if (!is.null(offset)) list(offset = offset), options)
}

call_once <- function() {
  columns <- if (is.null(codes)) X else one_hot()
  lapply(ratios, function(ratio) {
    do.call(cv.glmnet, c(given(ratio, columns), list(foldid = folds, parallel = processes > 1)))
  })
}

full_path <- function(ratio) do.call(glmnet, given(ratio, if (is.null(codes)) X else one_hot()))

write_path <- function(fits, where) {
  beta <- do.call(cbind, lapply(fits, function(fit) fit$beta))
  doubles <- list(alphas = unlist(lapply(fits, function(fit) fit$lambda)),
                  ratios = rep(ratios, sapply(fits, function(fit) length(fit$lambda))),
                  intercepts = unlist(lapply(fits, function(fit) fit$a0)), coefs_values = beta@x)
  for (name in names(doubles)) writeBin(as.double(doubles[[name]]), file.path(where, paste0(name, ".f64")))
  whole <- list(coefs_columns = beta@i, coefs_starts = beta@p, target = rep(0L, ncol(beta)))
  for (name in names(whole)) writeBin(as.integer(whole[[name]]), file.path(where, paste0(name, ".i32")))
}

commands <- file("stdin", open = "r")
result <- NULL
while (length(line <- readLines(commands, n = 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  if (words[1] == "time") {
    times <- as.integer(words[2])
    took <- system.time(for (i in seq_len(times)) result <- call_once())[["elapsed"]] / times
    errors <- sapply(result, function(one) min(one$cvm))
    best <- result[[which.min(errors)]]
    cat(sprintf('{"seconds": %.9g, "alpha": %.17g, "error": %.17g, "parts": {"processes": %d}, "unsettled": 0}\n',
                took, best$lambda.min, min(errors), as.integer(processes)))
  } else if (words[1] == "memory") {
    cat(sprintf('{"before": %.0f, "data": %.0f, "peak": %.0f}\n', before,
                as.double(object.size(if (is.null(codes)) X else codes)) + 8 * length(y), memory("VmHWM")))
  } else if (words[1] == "path") {
    write_path(if (is.null(result)) lapply(ratios, full_path) else lapply(result, function(one) one$glmnet.fit),
               words[2])
    cat("{}\n")
  }
  flush(stdout())
}
