/* losses_real.h: the loss of one row and its gradient, for one type of number (real_float.h).
 *
 * Each function returns the loss l and writes s dl/d(output); `over` is what a mean over outputs
 * divides by (1: their sum). Formulas: docs/nn.md.
 */

#define FE_CLIP 1e-7 /* probabilities stay that far from 0 and 1, as in Keras */

/* MAE, MSE, hinge and what takes probabilities. y, p (n,) IN, d (n,) OUT. */
FE_INLINE double FE_R(fe_loss_each)(const int loss, int64_t n, const FE_REAL *y, const FE_REAL *p,
                                    FE_REAL *d, double over, double s) {
    const FE_V one = FE_VSET(1), zero = FE_VSET(0), unit = FE_VSET(s / over);
    const FE_V low = FE_VSET(FE_CLIP), high = FE_VSET(1 - FE_CLIP);
    FE_V sums = zero;
    FE_EACH(j, m, n) {
        const FE_V t = FE_R(fe_take)(y + j, m), x = FE_R(fe_take)(p + j, m);
        FE_V l, g;
        if (loss == FE_LOSS_MSE) {
            g = x - t;
            l = g * g;
            g = g + g;
        } else if (loss == FE_LOSS_MAE) {
            g = x - t;
            l = FE_VABS(g);
            g = FE_VPICK(g > 0, one, FE_VPICK(g < 0, -one, g));
        } else if (loss == FE_LOSS_HINGE) { /* targets 0 and 1 mean -1 and 1 */
            const FE_V sign = FE_VPICK(t <= 0, -one, one), short_of = one - sign * x;
            l = FE_VPICK(short_of <= 0, zero, short_of);
            g = FE_VPICK(short_of <= 0, zero, -sign);
        } else {
            const FE_V q = FE_VPICK(x < low, low, FE_VPICK(x > high, high, x));
            const FE_V inside = FE_VPICK(x < low, zero, FE_VPICK(x > high, zero, one));
            if (loss == FE_LOSS_BCE) {
                l = -(t * FE_VLOG(q) + (one - t) * FE_VLOG(one - q));
                g = inside * (q - t) / (q * (one - q));
            } else if (loss == FE_LOSS_CE) {
                l = -t * FE_VLOG(q);
                g = -inside * t / q;
            } else { /* KL; 0 log 0 = 0 */
                const FE_V u = FE_VPICK(t < low, low, t);
                l = t * (FE_VLOG(u) - FE_VLOG(q));
                g = -inside * t / q;
            }
            l += x - x; /* the logarithm of what is no number may be one */
        }
        sums += FE_R(fe_first)(l, m);
        FE_R(fe_put)(d + j, g * unit, m);
    }
    return FE_VSUM(sums) / over;
}

/* max(z, 0) - z y + log(1 + exp(-|z|)); with `keep` p = sigmoid(z) replaces z. */
static double FE_R(fe_loss_bce_logits)(int64_t n, const FE_REAL *y, FE_REAL *z, FE_REAL *d,
                                       double over, double s, int keep) {
    const FE_V zero = FE_VSET(0), unit = FE_VSET(s / over);
    FE_V sums = zero;
    FE_EACH(j, m, n) {
        const FE_V t = FE_R(fe_take)(y + j, m), x = FE_R(fe_take)(z + j, m);
        const FE_V e = FE_VEXP(-FE_VABS(x)), p = FE_VSIGMOID(x);
        const FE_V l = FE_VPICK(x <= 0, zero, x) - x * t + FE_VLOG1P(e) + (x - x);
        sums += FE_R(fe_first)(l, m);
        FE_R(fe_put)(d + j, (p - t) * unit, m);
        if (keep) FE_R(fe_put)(z + j, p, m);
    }
    return FE_VSUM(sums) / over;
}

/* - sum y log softmax(z) for targets y (n,), or for y NULL of a label; with `keep` the
 * probabilities replace z. d may not be z. */
static double FE_R(fe_loss_ce_logits)(int64_t n, const FE_REAL *y, int64_t label, FE_REAL *z,
                                      FE_REAL *d, double s, int keep) {
    double loss, total = 1;
    if (y == NULL) {
        const double own = z[label];
        loss = FE_R(fe_softmax)(n, z, d) - own;
    } else {
        double dot = 0;
        total = 0;
        for (int64_t j = 0; j < n; j++) {
            dot += (double)y[j] * z[j];
            total += y[j];
        }
        loss = total * FE_R(fe_softmax)(n, z, d) - dot;
    }
    if (keep) memcpy(z, d, (size_t)n * sizeof(FE_REAL));
    const FE_V scale = FE_VSET(s), whole = FE_VSET(total);
    FE_EACH(j, m, n) {
        FE_V g = whole * FE_R(fe_take)(d + j, m);
        if (y != NULL) g -= FE_R(fe_take)(y + j, m);
        FE_R(fe_put)(d + j, g * scale, m);
    }
    if (y == NULL) d[label] -= (FE_REAL)s;
    return loss;
}

/* sum over j != label of max(0, c + z_j - z_label). */
static double FE_R(fe_loss_margin)(int64_t n, int64_t label, const FE_REAL *z, FE_REAL *d, double c,
                                   double s) {
    double loss = 0;
    int64_t wrong = 0;
    for (int64_t j = 0; j < n; j++) {
        const double short_of = c + (double)z[j] - z[label];
        const int counts = j != label && !(short_of <= 0);
        loss += counts ? short_of : 0;
        wrong += counts;
        d[j] = counts ? (FE_REAL)s : 0;
    }
    d[label] = (FE_REAL)(-(double)wrong * s);
    return loss;
}

/* The loss of row r of a mini-batch. y (n,) or NULL and a label; z, d (n,): outputs and gradient. */
static double FE_R(fe_loss_row)(const fe_net *net, int64_t r, const FE_REAL *y, int64_t label,
                                FE_REAL *z, FE_REAL *d, double s) {
    const int64_t n = net->n_output;
    const double over = net->loss_over;
    FE_REAL onehot = 0;
    switch (net->loss) {
    case FE_LOSS_MAE: return FE_R(fe_loss_each)(FE_LOSS_MAE, n, y, z, d, over, s);
    case FE_LOSS_MSE: return FE_R(fe_loss_each)(FE_LOSS_MSE, n, y, z, d, over, s);
    case FE_LOSS_BCE: return FE_R(fe_loss_each)(FE_LOSS_BCE, n, y, z, d, over, s);
    case FE_LOSS_HINGE: return FE_R(fe_loss_each)(FE_LOSS_HINGE, n, y, z, d, over, s);
    case FE_LOSS_KL: return FE_R(fe_loss_each)(FE_LOSS_KL, n, y, z, d, over, s);
    case FE_LOSS_CE:
        if (y != NULL) return FE_R(fe_loss_each)(FE_LOSS_CE, n, y, z, d, over, s);
        memset(d, 0, (size_t)n * sizeof(FE_REAL));
        onehot = 1;
        return FE_R(fe_loss_each)(FE_LOSS_CE, 1, &onehot, z + label, d + label, over, s);
    case FE_LOSS_BCE_LOGITS:
        return FE_R(fe_loss_bce_logits)(n, y, z, d, over, s, net->probabilities);
    case FE_LOSS_CE_LOGITS:
        return FE_R(fe_loss_ce_logits)(n, y, label, z, d, s, net->probabilities);
    case FE_LOSS_MARGIN: return FE_R(fe_loss_margin)(n, label, z, d, net->loss_c, s);
    default: { /* FE_LOSS_PAIR: each row of a pair has half of the loss and its own gradient */
        const double other = r % 2 ? z[-1] : z[1];
        const double own = z[0], short_of = net->loss_c + (r % 2 ? own - other : other - own);
        const int counts = !(short_of <= 0);
        d[0] = counts ? (FE_REAL)(r % 2 ? s : -s) : 0;
        return counts ? 0.5 * short_of : 0;
    }
    }
}

/* One metric of a row; the label is that of y's largest entry where targets are vectors. */
static double FE_R(fe_metric_row)(const fe_metric *metric, int64_t n, const FE_REAL *y,
                                  int64_t label, const FE_REAL *p) {
    double sum = 0;
    switch (metric->kind) {
    case FE_METRIC_ACCURACY: {
        int64_t best = 0;
        for (int64_t j = 1; j < n; j++)
            if (p[j] > p[best]) best = j;
        return best == label;
    }
    case FE_METRIC_TOP_K: {
        int64_t above = 0;
        for (int64_t j = 0; j < n; j++) above += p[j] > p[label];
        return above < metric->k;
    }
    case FE_METRIC_BINARY:
        for (int64_t j = 0; j < n; j++) sum += (p[j] > (FE_REAL)metric->c) == (y[j] > (FE_REAL)0.5);
        return sum / (double)n;
    case FE_METRIC_MAE:
        for (int64_t j = 0; j < n; j++) sum += fabs((double)p[j] - y[j]);
        return sum / (double)n;
    default:
        for (int64_t j = 0; j < n; j++) sum += ((double)p[j] - y[j]) * ((double)p[j] - y[j]);
        return sum / (double)n;
    }
}
