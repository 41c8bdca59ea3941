# Makes tests/stratified.csv: 80 small tables in two or three strata with the exact p-values of
# R 4.2 (mantelhaen.test, yes/no values only) and of coin 1.4-2 (independence_test).
# Run in tests/:  Rscript stratified.R stratified.csv
# One row a case; s, g, v hold the stratum, the group and the value of each unit, a digit a unit.
suppressMessages(library(coin))
set.seed(16)
strata <- function(values) {
  k <- sample(2:3, 1)
  do.call(rbind, lapply(1:k, function(s) {
    n <- sample(3:8, 1)
    g <- rbinom(n, 1, runif(1, .2, .8))
    data.frame(s = s, g = g, v = values(n, g, s))
  }))
}
yes_no <- function(n, g, s) rbinom(n, 1, pmin(pmax(runif(1) + runif(1, -.3, .6) * g, 0), 1))
scale <- function(n, g, s) pmin(5, pmax(1, round(rnorm(n, 2 + s / 2 + runif(1, 0, 1.5) * g, 1.2))))
informative <- function(t) any(sapply(split(t, t$s), function(b) length(unique(b$g)) > 1 &&
                                                               length(unique(b$v)) > 1))
mh <- function(t) {
  counts <- table(factor(t$g, 1:0), factor(t$v, 1:0), t$s)
  mantelhaen.test(counts, exact = TRUE)$p.value
}
by_coin <- function(t) as.numeric(pvalue(independence_test(
  v ~ g | s, data = transform(t, s = factor(s), g = factor(g)), distribution = "exact")))
rows <- lapply(1:80, function(i) {
  repeat {
    t <- strata(if (i <= 40) yes_no else scale)
    if (informative(t)) break
  }
  data.frame(s = paste(t$s, collapse = ""), g = paste(t$g, collapse = ""),
             v = paste(t$v, collapse = ""),
             mantelhaen = if (i <= 40) signif(mh(t), 12) else NA, coin = signif(by_coin(t), 12))
})
write.csv(do.call(rbind, rows), commandArgs(TRUE)[1], row.names = FALSE, quote = FALSE)
