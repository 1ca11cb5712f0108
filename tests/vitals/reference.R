# SPDX-License-Identifier: GPL-3.0-or-later
# Reference numbers for the analysis tests, by R's own functions.
# Rscript reference.R data.csv out.tsv    (columns y, a, b; predicts at the means of a and b plus 1)
# Writes name <tab> value with 17 digits; infinite and missing ones are left out.
arguments <- commandArgs(trailingOnly = TRUE)
data <- read.csv(arguments[1])
out <- file(arguments[2], "w")
put <- function(name, value) {
  for (i in seq_along(value)) {
    if (!is.finite(value[i])) next
    cat(if (length(value) > 1) paste0(name, ".", i) else name, "\t",
        formatC(value[i], digits = 17, format = "g"), "\n", sep = "", file = out)
  }
}
y <- data$y
n <- length(y)

put("summary.n", n)
put("summary.mean", mean(y))
put("summary.sd", sd(y))
put("summary.median", median(y))
put("summary.mad", mad(y, constant = 1))
put("summary.min", min(y))
put("summary.max", max(y))
put("summary.q1", quantile(y, 0.25, type = 7, names = FALSE))
put("summary.q3", quantile(y, 0.75, type = 7, names = FALSE))

put("z", as.numeric(scale(y)))
put("robust", (y - median(y)) / (1.4826 * mad(y, constant = 1)))
put("diff1", diff(y))
put("diff2lag3", diff(y, lag = 3, differences = 2))

lags <- min(12, n - 1)
put("acf", acf(y, lag.max = lags, plot = FALSE)$acf[-1])
put("pacf", pacf(y, lag.max = lags, plot = FALSE)$acf)

fit <- lm(y ~ a + b, data)
s <- summary(fit)
bounds <- confint(fit, level = 0.95)
names <- c("intercept", "a", "b")
for (i in 1:3) {
  put(paste0("lm.", names[i], ".estimate"), s$coefficients[i, 1])
  put(paste0("lm.", names[i], ".se"), s$coefficients[i, 2])
  put(paste0("lm.", names[i], ".t"), s$coefficients[i, 3])
  put(paste0("lm.", names[i], ".p"), s$coefficients[i, 4])
  put(paste0("lm.", names[i], ".lo95"), bounds[i, 1])
  put(paste0("lm.", names[i], ".hi95"), bounds[i, 2])
}
put("lm.r2", s$r.squared)
put("lm.adjusted_r2", s$adj.r.squared)
put("lm.sigma", s$sigma)
put("lm.df", fit$df.residual)
p <- predict(fit, data.frame(a = mean(data$a) + 1, b = mean(data$b) + 1), interval = "prediction", level = 0.95)
put("predict.mean", p[1])
put("predict.lo95", p[2])
put("predict.hi95", p[3])

# Hampel, window 7 cut at the ends; the mean deviation where the MAD is 0.
for (i in seq_len(n)) {
  w <- y[max(1, i - 3):min(n, i + 3)]
  scale <- 1.4826 * median(abs(w - median(w)))
  if (scale == 0) scale <- 1.253314137 * mean(abs(w - median(w)))
  score <- abs(y[i] - median(w)) / scale
  if (is.finite(score) && score > 3) put(paste0("hampel.", i), score)
}
# Control charts around the median and 1.4826 MAD, restarted after an alarm.
u <- (y - median(y)) / (1.4826 * mad(y, constant = 1))
z <- 0; k <- 0
for (i in seq_len(n)) {
  z <- 0.2 * u[i] + 0.8 * z; k <- k + 1
  score <- abs(z) / sqrt(0.2 / 1.8 * (1 - 0.8^(2 * k)))
  if (score > 3) { put(paste0("ewma.", i), score); z <- 0; k <- 0 }
}
up <- 0; down <- 0
for (i in seq_len(n)) {
  up <- max(0, up + u[i] - 0.5); down <- max(0, down - u[i] - 0.5)
  if (max(up, down) > 5) { put(paste0("cusum.", i), max(up, down)); up <- 0; down <- 0 }
}
close(out)
