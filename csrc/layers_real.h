/* layers_real.h: the operations of a network that are no dense layer, for one type of number
 * (real_float.h). Each takes a block of rows [r, stop) or of columns [j, stop), so that blocks do
 * not meet. Formulas: docs/nn.md.
 */

/* Random numbers of one row: of (seed, step, operation, row), so that no thread matters. */
FE_INLINE fe_rng FE_R(fe_row_rng)(const fe_net *net, const fe_op *op, int64_t row) {
    const uint64_t stream = FE_STREAM_NN + (uint64_t)(uint32_t)op->id * 64;
    return fe_rng_seed(net->seed, stream, (net->step << 28) + (uint64_t)row);
}

/* out = noise of in; aux keeps what a row was multiplied with. Nothing outside training. */
static void FE_R(fe_noise)(fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_in;
    const FE_REAL *x = (const FE_REAL *)net->values + op->in;
    FE_REAL *y = (FE_REAL *)net->values + op->out, *mask = (FE_REAL *)net->aux + op->aux;
    if (!net->training) {
        memcpy(y + r * n, x + r * n, (size_t)((stop - r) * n) * sizeof(FE_REAL));
        return;
    }
    const FE_REAL held = (FE_REAL)(op->act == FE_NOISE_DROPOUT ? 1 / (1 - op->c0) : 1);
    const uint32_t lost = (uint32_t)(op->c0 * 4294967295.0);
    for (; r < stop; r++) {
        fe_rng rng = FE_R(fe_row_rng)(net, op, r);
        uint64_t bits = 0;
        for (int64_t j = 0; j < n; j++) {
            const int64_t at = r * n + j;
            if (op->act == FE_NOISE_GAUSSIAN) {
                y[at] = x[at] + (FE_REAL)(op->c0 * fe_rng_normal(&rng));
                continue;
            }
            bits = j % 2 == 0 ? fe_rng_next(&rng) : bits >> 32;
            mask[at] = (uint32_t)bits < lost ? 0 : held;
            y[at] = x[at] * mask[at];
        }
    }
}
static void FE_R(fe_noise_back)(const fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const FE_REAL *dy = (const FE_REAL *)net->deltas + op->out;
    const FE_REAL *mask = (const FE_REAL *)net->aux + op->aux;
    FE_REAL *dx = (FE_REAL *)net->deltas + op->in;
    const int masked = net->training && op->act != FE_NOISE_GAUSSIAN;
    for (int64_t i = r * op->n_in; i < stop * op->n_in; i++) {
        const FE_REAL d = masked ? dy[i] * mask[i] : dy[i];
        dx[i] = op->flags & FE_OP_ADD ? dx[i] + d : d;
    }
}

/* out = gain (x - mean) / sqrt(variance + c0) + shift of each row; aux keeps both figures. */
static void FE_R(fe_layernorm)(fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_in;
    const FE_REAL *params = net->params, *gain = params + op->w, *shift = params + op->b;
    for (; r < stop; r++) {
        const FE_REAL *x = (const FE_REAL *)net->values + op->in + r * n;
        FE_REAL *y = (FE_REAL *)net->values + op->out + r * n;
        FE_REAL *kept = (FE_REAL *)net->aux + op->aux + 2 * r;
        double sum = 0, squares = 0;
        for (int64_t j = 0; j < n; j++) sum += x[j];
        const double mean = sum / (double)n;
        for (int64_t j = 0; j < n; j++) squares += (x[j] - mean) * (x[j] - mean);
        kept[0] = (FE_REAL)mean;
        kept[1] = (FE_REAL)(1 / sqrt(squares / (double)n + op->c0));
        for (int64_t j = 0; j < n; j++) y[j] = gain[j] * ((x[j] - kept[0]) * kept[1]) + shift[j];
    }
}
static void FE_R(fe_layernorm_delta)(fe_net *net, const fe_op *op, int64_t j, int64_t stop) {
    const int64_t n = op->n_in;
    FE_REAL *grads = net->grads;
    for (; j < stop; j++) {
        double gain = 0, shift = 0;
        for (int64_t r = 0; r < net->rows; r++) {
            const FE_REAL *kept = (const FE_REAL *)net->aux + op->aux + 2 * r;
            const FE_REAL d = ((const FE_REAL *)net->deltas)[op->out + r * n + j];
            gain += d * ((((const FE_REAL *)net->values)[op->in + r * n + j] - kept[0]) * kept[1]);
            shift += d;
        }
        grads[op->w + j] = (FE_REAL)gain;
        grads[op->b + j] = (FE_REAL)shift;
    }
}
static void FE_R(fe_layernorm_back)(const fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_in;
    const FE_REAL *gain = (const FE_REAL *)net->params + op->w;
    for (; r < stop; r++) {
        const FE_REAL *x = (const FE_REAL *)net->values + op->in + r * n;
        const FE_REAL *dy = (const FE_REAL *)net->deltas + op->out + r * n;
        const FE_REAL *kept = (const FE_REAL *)net->aux + op->aux + 2 * r;
        FE_REAL *dx = (FE_REAL *)net->deltas + op->in + r * n;
        double sum = 0, dot = 0;
        for (int64_t j = 0; j < n; j++) {
            const double g = (double)gain[j] * dy[j];
            sum += g;
            dot += g * ((x[j] - kept[0]) * kept[1]);
        }
        for (int64_t j = 0; j < n; j++) {
            const double h = (x[j] - kept[0]) * kept[1];
            const double d = kept[1] * ((double)gain[j] * dy[j] - (sum + h * dot) / (double)n);
            dx[j] = (FE_REAL)(op->flags & FE_OP_ADD ? dx[j] + d : d);
        }
    }
}

/* z = mu + exp(v / 2) noise, and c0 times KL(N(mu, e^v) || N(0, 1)) of the rows; z = mu outside
 * training. in (rows, 2 n): mu, v; out (rows, n). */
static double FE_R(fe_sample)(fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_out;
    double sum = 0;
    for (; r < stop; r++) {
        const FE_REAL *mu = (const FE_REAL *)net->values + op->in + 2 * n * r, *v = mu + n;
        FE_REAL *z = (FE_REAL *)net->values + op->out + n * r;
        FE_REAL *noise = (FE_REAL *)net->aux + op->aux + n * r;
        fe_rng rng = FE_R(fe_row_rng)(net, op, r);
        double kl = 0;
        for (int64_t j = 0; j < n; j++) {
            noise[j] = net->training ? (FE_REAL)fe_rng_normal(&rng) : 0;
            z[j] = mu[j] + FE_MATH(exp)(v[j] / 2) * noise[j];
            kl += 0.5 * ((double)mu[j] * mu[j] + exp((double)v[j]) - 1 - v[j]);
        }
        sum += op->c0 * kl * net->row_weights[r];
    }
    return sum;
}
static void FE_R(fe_sample_back)(const fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_out;
    const double share = (net->mean ? 1 / (double)net->rows : 1) * op->c0;
    for (; r < stop; r++) {
        const FE_REAL *mu = (const FE_REAL *)net->values + op->in + 2 * n * r, *v = mu + n;
        const FE_REAL *dz = (const FE_REAL *)net->deltas + op->out + n * r;
        const FE_REAL *noise = (const FE_REAL *)net->aux + op->aux + n * r;
        FE_REAL *dmu = (FE_REAL *)net->deltas + op->in + 2 * n * r, *dv = dmu + n;
        const FE_REAL s = (FE_REAL)(share * net->row_weights[r]);
        for (int64_t j = 0; j < n; j++) {
            const FE_REAL a = dz[j] + s * mu[j];
            const FE_REAL b = dz[j] * noise[j] * FE_MATH(exp)(v[j] / 2) / 2 +
                              s * (FE_MATH(exp)(v[j]) - 1) / 2;
            dmu[j] = op->flags & FE_OP_ADD ? dmu[j] + a : a;
            dv[j] = op->flags & FE_OP_ADD ? dv[j] + b : b;
        }
    }
}

/* Penalty of columns [j, stop): c0 times the mean over rows of the sum of |a|, or c0 times
 * KL(c1 || mean over rows of a), for a in (0, 1); aux keeps those means. */
static double FE_R(fe_activity)(fe_net *net, const fe_op *op, int64_t j, int64_t stop) {
    const FE_REAL *x = (const FE_REAL *)net->values + op->in;
    FE_REAL *means = (FE_REAL *)net->aux + op->aux;
    double sum = 0;
    for (; j < stop; j++) {
        double total = 0;
        for (int64_t r = 0; r < net->rows; r++) {
            const double a = x[r * op->n_in + j];
            total += op->act == FE_ACTIVITY_L1 ? fabs(a) : a;
        }
        double mean = total / (double)net->rows;
        if (op->act == FE_ACTIVITY_L1) {
            sum += mean;
            continue;
        }
        mean = mean < FE_CLIP ? FE_CLIP : mean > 1 - FE_CLIP ? 1 - FE_CLIP : mean;
        means[j] = (FE_REAL)mean;
        sum += op->c1 * log(op->c1 / mean) + (1 - op->c1) * log((1 - op->c1) / (1 - mean));
    }
    return op->c0 * sum;
}
static void FE_R(fe_activity_back)(const fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t n = op->n_in;
    const FE_REAL *means = (const FE_REAL *)net->aux + op->aux;
    /* where the loss of a mini-batch is a sum, so is this: rows times the penalty */
    const double s = op->c0 * (net->mean ? 1 / (double)net->rows : 1);
    for (; r < stop; r++)
        for (int64_t j = 0; j < n; j++) {
            const FE_REAL a = ((const FE_REAL *)net->values)[op->in + r * n + j];
            double d = a > 0 ? 1 : a < 0 ? -1 : 0;
            if (op->act == FE_ACTIVITY_KL) d = (1 - op->c1) / (1 - means[j]) - op->c1 / means[j];
            ((FE_REAL *)net->deltas)[op->in + r * n + j] += (FE_REAL)(s * d);
        }
}

/* Rows of a table by ids. */
static void FE_R(fe_embedding)(fe_net *net, const fe_op *op, int64_t r, int64_t stop) {
    const int64_t m = op->n_in, d = op->n_out / m;
    for (; r < stop; r++)
        for (int64_t i = 0; i < m; i++) {
            const int64_t id = net->ids[r * net->n_id_columns + op->extra + i];
            memcpy((FE_REAL *)net->values + op->out + (r * m + i) * d,
                   (const FE_REAL *)net->params + op->w + id * d, (size_t)d * sizeof(FE_REAL));
        }
}
/* Which rows of the table occur, in the order of their first time: ints[aux] of them, listed behind;
 * behind the list a mark for each row of the table. */
static void FE_R(fe_embedding_touch)(const fe_net *net, const fe_op *op) {
    int64_t *count = net->ints + op->aux, *list = count + 1, *mark = list + net->capacity * op->n_in;
    for (int64_t i = 0; i < *count; i++) mark[list[i]] = 0;
    *count = 0;
    for (int64_t r = 0; r < net->rows; r++)
        for (int64_t i = 0; i < op->n_in; i++) {
            const int64_t id = net->ids[r * net->n_id_columns + op->extra + i];
            if (mark[id]) continue;
            mark[id] = 1;
            list[(*count)++] = id;
        }
}
/* Gradient of columns [j, stop) of the table. */
static void FE_R(fe_embedding_back)(fe_net *net, const fe_op *op, int64_t j, int64_t stop) {
    const int64_t m = op->n_in, d = op->n_out / m, *count = net->ints + op->aux;
    const size_t bytes = (size_t)(stop - j) * sizeof(FE_REAL);
    FE_REAL *table = (FE_REAL *)net->grads + op->w;
    if (op->flags & FE_OP_SPARSE)
        for (int64_t i = 0; i < *count; i++) memset(table + count[1 + i] * d + j, 0, bytes);
    else
        for (int64_t i = 0; i < op->count; i++) memset(table + i * d + j, 0, bytes);
    for (int64_t r = 0; r < net->rows; r++)
        for (int64_t i = 0; i < m; i++) {
            const int64_t id = net->ids[r * net->n_id_columns + op->extra + i];
            const FE_REAL *from = (const FE_REAL *)net->deltas + op->out + (r * m + i) * d;
            for (int64_t c = j; c < stop; c++) table[id * d + c] += from[c];
        }
}
