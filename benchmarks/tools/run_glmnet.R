# R's glmnet: cv.glmnet, which standardizes inside each fold. Timed: the call alone (system.time), not the reading of the
# files nor the start of R. parallel=FALSE is its default; with two processes the folds are forked by doMC.
# The same commands on stdin and JSON lines on stdout as worker.py.
suppressPackageStartupMessages(library(glmnet))

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
n <- as.integer(arguments[2])
p <- as.integer(arguments[3])
options <- if (arguments[4] == "default") list() else list(thresh = as.double(arguments[4]), maxit = 1e7)
processes <- as.integer(arguments[5])
if (processes > 1) suppressPackageStartupMessages({ library(doMC); registerDoMC(processes) })

# VmRSS (now) or VmHWM (peak) of this process in bytes.
memory <- function(field) {
  line <- grep(paste0("^", field, ":"), readLines("/proc/self/status"), value = TRUE)
  1024 * as.double(gsub("[^0-9]", "", line))
}

numbers <- function(name, count) {
  file <- file.path(folder, name)
  if (endsWith(name, "i32")) readBin(file, "integer", count, size = 4) else readBin(file, "double", count)
}

before <- memory("VmRSS")
alphas <- numbers("alphas.f64", 1e6)
X <- numbers("X_by_columns.f64", n * p)
dim(X) <- c(n, p)
y <- numbers("y.f64", n)
folds <- numbers("folds.i32", n) + 1L

call_once <- function() {
  common <- list(X, y, lambda = alphas, foldid = folds, parallel = processes > 1)
  do.call(cv.glmnet, c(common, options))
}

commands <- file("stdin", open = "r")
result <- NULL
while (length(line <- readLines(commands, n = 1)) > 0) {
  words <- strsplit(line, " ")[[1]]
  if (words[1] == "time") {
    times <- as.integer(words[2])
    took <- system.time(for (i in seq_len(times)) result <- call_once())[["elapsed"]] / times
    cat(sprintf('{"seconds": %.9g, "alpha": %.17g, "error": %.17g, "parts": {}, "unsettled": 0}\n',
                took, result$lambda.min, min(result$cvm)))
  } else if (words[1] == "memory") {
    cat(sprintf('{"before": %.0f, "data": %.0f, "peak": %.0f}\n', before, 8 * (n * p + n), memory("VmHWM")))
  } else if (words[1] == "path") {
    fit <- if (is.null(result)) do.call(glmnet, c(list(X, y, lambda = alphas), options)) else result$glmnet.fit
    writeBin(as.double(fit$lambda), file.path(words[2], "alphas.f64"))
    writeBin(as.double(fit$a0), file.path(words[2], "intercepts.f64"))
    writeBin(as.double(as.matrix(fit$beta)), file.path(words[2], "coefs.f64"))
    cat("{}\n")
  }
  flush(stdout())
}
