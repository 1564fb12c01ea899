/* nlm_math_real.h: what a neural language model does to blocks of numbers, between matrix products,
 * for one type of number (real_float.h).
 */

/* x (m, n; ld) INOUT = tanh(x + b), or x + b; b (n,) IN */
static void FE_R(fe_nlm_activate)(FE_REAL *x, int64_t m, int64_t n, int64_t ld, const FE_REAL *b,
                                  int use_tanh) {
    const int64_t whole = n / FE_VN * FE_VN;
    for (int64_t i = 0; i < m; i++) {
        FE_REAL *row = x + i * ld;
        for (int64_t j = 0; j < whole; j += FE_VN) {
            const FE_V sum = FE_VLOAD(row + j) + FE_VLOAD(b + j);
            FE_VSTORE(row + j, use_tanh ? FE_VTANH(sum) : sum);
        }
        if (whole < n) {
            const size_t left = (size_t)(n - whole);
            const FE_V sum = FE_VLOAD_PART(row + whole, left) + FE_VLOAD_PART(b + whole, left);
            FE_VSTORE_PART(row + whole, use_tanh ? FE_VTANH(sum) : sum, left);
        }
    }
}

/* g (m, n; ldg) INOUT: the gradient of tanh's output a (m, n; lda) becomes that of its input. */
static void FE_R(fe_nlm_tanh_back)(FE_REAL *g, int64_t ldg, const FE_REAL *a, int64_t lda, int64_t m,
                                int64_t n, FE_REAL scale) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const FE_REAL t = a[i * lda + j] * scale;
            g[i * ldg + j] *= 1 - t * t;
        }
}

static FE_REAL FE_R(fe_nlm_largest)(FE_V v) {
    FE_REAL part[FE_VN], top;
    FE_VSTORE(part, v);
    top = part[0];
    for (int k = 1; k < FE_VN; k++) top = part[k] > top ? part[k] : top;
    return top;
}

/* Products x (m, nb; ld) INOUT of a block of the output layer become exp(logit - top), top being
 * the largest logit of the row in this block.
 *
 * A logit is product + adjust[j], that of the row's target product + own[j]; both (ld,) IN are
 * hugely negative behind nb. column[i] - first is the target of row i, if that is below nb.
 * tops, sums OUT (m,); target_logit OUT for rows whose target is here. */
static void FE_R(fe_nlm_exponentials)(FE_REAL *x, int64_t m, int64_t nb, int64_t ld, const FE_REAL *adjust,
                                   const FE_REAL *own, const uint32_t *column, uint32_t first,
                                   FE_REAL *tops, FE_REAL *sums, FE_REAL *target_logit) {
    const int64_t width = (nb + FE_VN - 1) / FE_VN * FE_VN;
    for (int64_t i = 0; i < m; i++) {
        FE_REAL *row = x + i * ld;
        const uint32_t target = column[i] - first;
        const FE_REAL product = target < nb ? row[target] : 0;
        for (int64_t j = nb; j < width; j++) row[j] = 0;
        FE_V top = FE_VSET(FE_NLM_NEVER);
        for (int64_t j = 0; j < width; j += FE_VN) {
            const FE_V logit = FE_VLOAD(row + j) + FE_VLOAD(adjust + j);
            FE_VSTORE(row + j, logit);
            top = FE_R(fe_nlm_max)(top, logit);
        }
        FE_REAL largest = FE_R(fe_nlm_largest)(top);
        if (target < nb) {
            target_logit[i] = row[target] = product + own[target];
            if (row[target] > largest) largest = row[target];
        }
        FE_V sum = FE_VSET(0);
        const FE_V down = FE_VSET(largest);
        for (int64_t j = 0; j < width; j += FE_VN) {
            const FE_V e = FE_R(fe_nlm_exp)(FE_VLOAD(row + j) - down);
            FE_VSTORE(row + j, e);
            sum += e;
        }
        for (int64_t j = nb; j < width; j++) row[j] = 0;
        tops[i] = largest;
        sums[i] = (FE_REAL)FE_VSUM(sum);
    }
}

/* top, sum (m,) INOUT: the largest logit so far of each row, and the sum of exp(logit - top);
 * tops, sums (m,) IN those of some more. */
static void FE_R(fe_nlm_add_sums)(int64_t m, const FE_REAL *tops, const FE_REAL *sums, FE_REAL *top,
                                  FE_REAL *sum) {
    for (int64_t i = 0; i < m; i++) {
        const double both = tops[i] > top[i] ? tops[i] : top[i];
        sum[i] = (FE_REAL)(sum[i] * exp(top[i] - both) + sums[i] * exp(tops[i] - both));
        top[i] = (FE_REAL)both;
    }
}

/* The gradient of the mean loss in the logits: x (m, nb; ld) INOUT times factor[i], less `onehot`
 * at the target; bias OUT (nb,): its sums over the rows. */
static void FE_R(fe_nlm_gradient)(FE_REAL *x, int64_t m, int64_t nb, int64_t ld, const FE_REAL *factor,
                               const uint32_t *column, uint32_t first, FE_REAL onehot, FE_REAL *bias) {
    memset(bias, 0, (size_t)nb * sizeof *bias);
    for (int64_t i = 0; i < m; i++) {
        FE_REAL *row = x + i * ld;
        const uint32_t target = column[i] - first;
        const FE_REAL by = factor[i];
        if (target < nb && onehot != 0) {
            const FE_REAL e = row[target] * by - onehot;
            for (int64_t j = 0; j < nb; j++) bias[j] += row[j] *= by;
            bias[target] += e - row[target];
            row[target] = e;
        } else {
            for (int64_t j = 0; j < nb; j++) bias[j] += row[j] *= by;
        }
    }
}

/* Noise-contrastive estimation (Gutmann & Hyvarinen 2010; Mnih & Teh 2012): with the difference
 * delta = product + own[j], own = bias - log(k q), the loss is softplus(-delta) at the target and
 * times[j] softplus(delta) at noise word j. x (m, nb; ld) INOUT: the products become the gradient;
 * loss OUT (m,) of this block. times (ld,) IN is 0 behind nb. */
static void FE_R(fe_nlm_contrast)(FE_REAL *x, int64_t m, int64_t nb, int64_t ld, const FE_REAL *own,
                               const FE_REAL *times, const uint32_t *column, uint32_t first,
                               FE_REAL *loss) {
    const int64_t width = (nb + FE_VN - 1) / FE_VN * FE_VN;
    const FE_V zero = FE_VSET(0), one = FE_VSET(1);
    for (int64_t i = 0; i < m; i++) {
        FE_REAL *row = x + i * ld;
        const uint32_t target = column[i] - first;
        const FE_REAL delta = target < nb ? row[target] + own[target] : 0;
        for (int64_t j = nb; j < width; j++) row[j] = 0;
        FE_V sum = zero;
        for (int64_t j = 0; j < width; j += FE_VN) {
            const FE_V d = FE_VLOAD(row + j) + FE_VLOAD(own + j), t = FE_VLOAD(times + j);
            const FE_V e = FE_R(fe_nlm_exp)(-FE_VABS(d)); /* softplus(d) = max(d, 0) + log(1 + exp(-|d|)) */
            sum += t * (FE_R(fe_nlm_max)(d, zero) + FE_VLOG(one + e));
            FE_VSTORE(row + j, t * FE_R(fe_nlm_exp)(-FE_R(fe_nlm_max)(-d, zero)) / (one + e));
        }
        FE_REAL total = (FE_REAL)FE_VSUM(sum);
        if (target < nb) {
            const double s = 1.0 / (1.0 + exp(-(double)delta));
            total += (FE_REAL)(log1p(exp(-fabs((double)delta))) + (delta < 0 ? -delta : 0));
            row[target] += (FE_REAL)(s - 1.0);
        }
        loss[i] = total;
    }
}
