/* nlm_output_real.h: the output layers of a neural language model: a softmax over rows of a matrix,
 * block by block, with its gradient and its optimiser in the same pass; the words of a class; the
 * words that noise drew. Formulas: docs/neural-lm.md.
 *
 * For one type of number (real_float.h).
 */

/* Room of one thread: products (batch, ld_block), gradient of a block of rows, three rows (ld_row,)
 * and two columns (batch,). */
typedef struct {
    FE_REAL *products, *rows, *adjust, *own, *bias, *tops, *sums;
} FE_R(fe_nlm_scratch);

static FE_R(fe_nlm_scratch) FE_R(fe_nlm_scratch_of)(const fe_nlm_job *job, const fe_nlm_state *st,
                                              int64_t thread) {
    const int64_t ld = st->ld_row, widest = fe_nlm_widest(job);
    FE_REAL *at = st->scratch[thread];
    FE_R(fe_nlm_scratch) s;
    s.adjust = at;
    s.own = s.adjust + ld;
    s.bias = s.own + ld;
    s.tops = s.bias + ld;
    s.sums = s.tops + job->batch;
    s.rows = s.sums + fe_nlm_padded(2 * job->batch) - job->batch;
    s.products = s.rows + (job->block > FE_NLM_ROWS ? job->block : FE_NLM_ROWS) * widest + 16;
    return s;
}

/* Rows [first, first + count), which had their last gradient in the same step, as they are after
 * step `done`. A row that has no gradient goes on moving: with m, q Adam's two rates and s, t its
 * moments after the last gradient, k steps later it has moved by
 *     sum_{i=1..k} r s m^i / sqrt(t q^i) = r s / sqrt(t) rho (1 - rho^k) / (1 - rho),
 * rho = m / sqrt(q), and nobody looked at it meanwhile: it can do so at once, when it is needed. */
static void FE_R(fe_nlm_settle)(const fe_nlm_state *st, const fe_nlm_layer *layer, int64_t first,
                                int64_t count, uint64_t done) {
    if (layer->seen == NULL) return;
    const uint64_t last = layer->seen[first];
    if (last == 0 || last >= done) return;
    const fe_optim *o = &st->optim;
    const double missed = (double)(done - last), m = o->momentum, q = o->rho;
    double rate = 0, keep = 1, keep_squares = 1, shrink = 1;
    if (o->decay > 0) shrink = pow(1 - o->rate * o->decay, missed);
    if (o->kind == FE_OPTIM_ADAM) {
        const double ratio = m / sqrt(q);
        keep = pow(m, missed);
        keep_squares = pow(q, missed);
        rate = fe_optim_at(o, last + 1).rate * ratio * (1 - pow(ratio, missed)) / (1 - ratio);
    } else if (o->kind == FE_OPTIM_MOMENTUM) {
        keep = pow(m, missed);
        rate = m * (1 - keep) / (1 - m);
    }
    const int64_t slot = layer->rows * layer->cols, bias_slot = layer->rows;
    for (int part = 0; part < 2; part++) {
        FE_REAL *p = part ? layer->b : layer->w, *s = part ? layer->b_state : layer->w_state;
        if (p == NULL) continue;
        const int64_t width = part ? 1 : layer->cols, n = count * width;
        const FE_REAL by = (FE_REAL)rate, ks = (FE_REAL)keep, kt = (FE_REAL)keep_squares;
        const FE_REAL less = part ? 1 : (FE_REAL)shrink, eps = (FE_REAL)o->epsilon;
        p += first * width;
        if (s != NULL) s += first * width;
        if (o->kind == FE_OPTIM_ADAM) {
            FE_REAL *t = s + (part ? bias_slot : slot);
            for (int64_t i = 0; i < n; i++) {
                p[i] = p[i] * less - by * s[i] / (FE_NLM_SQRT(t[i]) + eps);
                s[i] *= ks;
                t[i] *= kt;
            }
        } else if (o->kind == FE_OPTIM_MOMENTUM) {
            for (int64_t i = 0; i < n; i++) {
                p[i] = p[i] * less + by * s[i];
                s[i] *= ks;
            }
        } else if (shrink < 1) {
            for (int64_t i = 0; i < n; i++) p[i] *= less;
        }
    }
    for (int64_t r = first; r < first + count; r++) layer->seen[r] = (uint32_t)done;
}

/* Step rows [first, first + count) of a layer, with the gradients of their weights and biases. */
static void FE_R(fe_nlm_step_rows)(const fe_nlm_state *st, const fe_nlm_layer *layer,
                                   int64_t first, int64_t count, const FE_REAL *weights,
                                   const FE_REAL *biases) {
    const int64_t cols = layer->cols, from = first * cols, slot = layer->rows * cols;
    const int states = fe_optim_states(st->optim.kind);
    FE_REAL *s = layer->w_state, *t = layer->b_state;
    for (int64_t r = first; r < first + count && layer->seen != NULL; r++)
        layer->seen[r] = (uint32_t)st->step;
    FE_R(fe_optim_step)(&st->optim, st->at, (size_t)(count * cols), (FE_REAL *)layer->w + from,
                        weights, states > 0 ? s + from : NULL,
                        states > 1 ? s + slot + from : NULL);
    if (layer->b == NULL || biases == NULL) return;
    fe_optim_rates at = st->at;
    at.shrink = 1; /* biases do not decay */
    FE_R(fe_optim_step)(&st->optim, at, (size_t)count, (FE_REAL *)layer->b + first, biases,
                        states > 0 ? t + first : NULL,
                        states > 1 ? t + layer->rows + first : NULL);
}

/* What is added to the products of a block: see fe_nlm_exponentials and fe_nlm_contrast. */
static void FE_R(fe_nlm_offsets)(const fe_nlm_job *job, const fe_nlm_state *st, int64_t first,
                              int64_t nb, FE_R(fe_nlm_scratch) s) {
    const FE_REAL *bias = fe_nlm_dense(job)->b, *noise = job->log_noise;
    for (int64_t j = 0; j < nb; j++) {
        if (!fe_nlm_is_sampled(job, st)) {
            s.adjust[j] = s.own[j] = bias[first + j];
            continue;
        }
        const uint32_t word = st->candidate[first + j], times = st->multiplicity[first + j];
        s.own[j] = bias[word] - noise[word];
        if (job->output == FE_NLM_NCE)
            s.adjust[j] = (FE_REAL)times;
        else
            s.adjust[j] = times ? s.own[j] + (FE_REAL)log((double)times) : FE_NLM_NEVER;
    }
    for (int64_t j = nb; j < st->ld_block; j++) {
        s.own[j] = FE_NLM_NEVER;
        s.adjust[j] = job->output == FE_NLM_NCE && st->train ? 0 : FE_NLM_NEVER;
    }
}

/* Rows of a block: where they lie, or gathered there. */
static const FE_REAL *FE_R(fe_nlm_block_rows)(const fe_nlm_job *job, const fe_nlm_state *st,
                                        int64_t first) {
    if (fe_nlm_is_sampled(job, st)) return (const FE_REAL *)st->gathered + first * job->features;
    return (const FE_REAL *)fe_nlm_dense(job)->w + first * job->features;
}

/* Logits of a block, and their exponentials (NCE: their gradient). */
static void FE_R(fe_nlm_block_forward)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                                    FE_REAL *to, FE_R(fe_nlm_scratch) s) {
    const int64_t first = block * job->block, k = job->features, ld = st->ld_block;
    const int64_t nb = st->rows - first < job->block ? st->rows - first : job->block;
    FE_R(fe_nlm_offsets)(job, st, first, nb, s);
    FE_R(fe_nlm_gemm)(job, 0, 1, st->m, nb, k, st->f, k, FE_R(fe_nlm_block_rows)(job, st, first), k, 0, to,
                    ld);
    FE_REAL *tops = (FE_REAL *)st->block_max + block * job->batch;
    FE_REAL *sums = (FE_REAL *)st->block_sum + block * job->batch;
    if (fe_nlm_is_sampled(job, st) && job->output == FE_NLM_NCE)
        FE_R(fe_nlm_contrast)(to, st->m, nb, ld, s.own, s.adjust, st->column, (uint32_t)first, sums);
    else
        FE_R(fe_nlm_exponentials)(to, st->m, nb, ld, s.adjust, s.own, st->column, (uint32_t)first,
                               tops, sums, st->target_logit);
}

static void FE_R(fe_nlm_logits)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                             int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    if (fe_nlm_is_sampled(job, st)) {
        const int64_t first = block * job->block, k = job->features;
        const int64_t stop = st->rows < first + job->block ? st->rows : first + job->block;
        for (int64_t j = first; j < stop; j++) {
            FE_R(fe_nlm_settle)(st, &job->out, st->candidate[j], 1, st->step - 1);
            memcpy((FE_REAL *)st->gathered + j * k, (const FE_REAL *)job->out.w + st->candidate[j] * k,
                   (size_t)k * sizeof(FE_REAL));
        }
    }
    FE_REAL *to = st->kept ? (FE_REAL *)st->exps + block * job->batch * st->ld_block : s.products;
    FE_R(fe_nlm_block_forward)(job, st, block, to, s);
}

/* Examples [first, last): log-sum-exp over the blocks, losses, and what the exponentials of each
 * block are to be multiplied with to be the gradient of the mean loss. */
static void FE_R(fe_nlm_normalise)(const fe_nlm_job *job, fe_nlm_state *st, int64_t first,
                                int64_t last) {
    const int contrast = fe_nlm_is_sampled(job, st) && job->output == FE_NLM_NCE;
    const FE_REAL *tops = st->block_max, *sums = st->block_sum;
    FE_REAL *factor = st->factor;
    for (int64_t i = first; i < last; i++) {
        double top = FE_NLM_NEVER, sum = 0.0;
        for (int64_t b = 0; b < st->n_blocks && !contrast; b++)
            if (tops[b * job->batch + i] > top) top = tops[b * job->batch + i];
        for (int64_t b = 0; b < st->n_blocks; b++)
            sum += contrast ? sums[b * job->batch + i]
                            : sums[b * job->batch + i] * exp(tops[b * job->batch + i] - top);
        const double lse = contrast ? 0.0 : top + log(sum);
        ((FE_REAL *)st->lse)[i] = (FE_REAL)lse;
        st->loss[i] = contrast ? sum : lse - ((FE_REAL *)st->target_logit)[i];
        for (int64_t b = 0; b < st->n_blocks && st->train; b++)
            factor[b * job->batch + i] =
                (FE_REAL)((contrast ? 1.0 : exp(tops[b * job->batch + i] - lse)) / (double)st->m);
    }
}

/* The block's gradient in the logits, in place of its exponentials; biases OUT. */
static FE_REAL *FE_R(fe_nlm_block_gradient)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                                      FE_R(fe_nlm_scratch) s) {
    const int64_t first = block * job->block;
    const int64_t nb = st->rows - first < job->block ? st->rows - first : job->block;
    const int contrast = fe_nlm_is_sampled(job, st) && job->output == FE_NLM_NCE;
    FE_REAL *g = (FE_REAL *)st->exps + block * job->batch * st->ld_block;
    if (!st->kept) {
        g = s.products;
        FE_R(fe_nlm_block_forward)(job, st, block, g, s);
    }
    FE_R(fe_nlm_gradient)(g, st->m, nb, st->ld_block, (FE_REAL *)st->factor + block * job->batch,
                       st->column, (uint32_t)first, contrast ? 0 : 1 / (FE_REAL)st->m, s.bias);
    return g;
}

/* Gradient and step of a block's rows. g IN (m, ld_block), its sums in s.bias */
static void FE_R(fe_nlm_block_step)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                                 const FE_REAL *g, FE_R(fe_nlm_scratch) s) {
    const int64_t first = block * job->block, k = job->features;
    const int64_t nb = st->rows - first < job->block ? st->rows - first : job->block;
    FE_R(fe_nlm_gemm)(job, 1, 0, nb, k, st->m, g, st->ld_block, st->f, k, 0, s.rows, k);
    if (fe_nlm_is_sampled(job, st)) {
        for (int64_t j = 0; j < nb; j++)
            FE_R(fe_nlm_step_rows)(st, &job->out, st->candidate[first + j], 1, s.rows + j * k,
                                s.bias + j);
        return;
    }
    if (job->tied) { /* what the words gave as context */
        const uint64_t low = (uint64_t)first << 32, high = (uint64_t)(first + nb) << 32;
        int64_t at = 0, stop = st->n_embed;
        while (at < stop) {
            const int64_t middle = at + (stop - at) / 2;
            if (st->embed_keys[middle] < low) at = middle + 1;
            else stop = middle;
        }
        for (; at < st->n_embed && st->embed_keys[at] < high; at++) {
            const int64_t place = (uint32_t)st->embed_keys[at];
            const FE_REAL *from = (const FE_REAL *)st->dx + place / job->n * st->lddx +
                               place % job->n * job->dim;
            FE_REAL *row = s.rows + ((int64_t)(st->embed_keys[at] >> 32) - first) * k;
            for (int64_t c = 0; c < k; c++) row[c] += from[c];
        }
    }
    FE_R(fe_nlm_step_rows)(st, fe_nlm_dense(job), first, nb, s.rows, s.bias);
}

/* A slice of the blocks: gradient of the features, and the step of the rows (that of tied rows
 * waits for the gradient of the context). */
static void FE_R(fe_nlm_backward)(const fe_nlm_job *job, fe_nlm_state *st, int64_t slice,
                               int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    const int64_t begin = st->n_blocks * slice / st->n_slices, k = job->features;
    const int64_t end = st->n_blocks * (slice + 1) / st->n_slices;
    FE_REAL *df = (FE_REAL *)st->df + slice * job->batch * k;
    for (int64_t block = begin; block < end; block++) {
        const int64_t first = block * job->block;
        const int64_t nb = st->rows - first < job->block ? st->rows - first : job->block;
        const FE_REAL *g = FE_R(fe_nlm_block_gradient)(job, st, block, s);
        FE_R(fe_nlm_gemm)(job, 0, 0, st->m, k, nb, g, st->ld_block, FE_R(fe_nlm_block_rows)(job, st, first),
                        k, block > begin, df, k);
        if (!job->tied) FE_R(fe_nlm_block_step)(job, st, block, g, s);
    }
}

static void FE_R(fe_nlm_tied_step)(const fe_nlm_job *job, fe_nlm_state *st, int64_t block,
                                int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    FE_REAL *g = (FE_REAL *)st->exps + block * job->batch * st->ld_block;
    const int64_t first = block * job->block;
    const int64_t nb = st->rows - first < job->block ? st->rows - first : job->block;
    if (!st->kept) g = FE_R(fe_nlm_block_gradient)(job, st, block, s);
    /* what was kept has no sums: take them again, for all alike */
    memset(s.bias, 0, (size_t)nb * sizeof *s.bias);
    for (int64_t i = 0; i < st->m; i++)
        for (int64_t j = 0; j < nb; j++) s.bias[j] += g[i * st->ld_block + j];
    FE_R(fe_nlm_block_step)(job, st, block, g, s);
}

/* Products, and from them exponentials, of m examples with words [first, first + nb) of a class, in
 * s.products; tops, sums and logits of the targets as fe_nlm_exponentials has them. */
static void FE_R(fe_nlm_class_part)(const fe_nlm_job *job, fe_nlm_state *st, int64_t begin,
                                    int64_t m, int64_t first, int64_t nb,
                                    FE_R(fe_nlm_scratch) s) {
    const int64_t k = job->features, ld = fe_nlm_padded(nb);
    const FE_REAL *bias = job->out.b;
    for (int64_t j = 0; j < ld; j++) s.adjust[j] = j < nb ? bias[first + j] : FE_NLM_NEVER;
    FE_R(fe_nlm_gemm)(job, 0, 1, m, nb, k, (const FE_REAL *)st->f + begin * k, k,
                    (const FE_REAL *)job->out.w + first * k, k, 0, s.products, ld);
    FE_R(fe_nlm_exponentials)(s.products, m, nb, ld, s.adjust, s.adjust, st->candidate + begin,
                           (uint32_t)first, s.tops, s.sums, (FE_REAL *)st->target_logit + begin);
}

/* The examples of one class: softmax over its words, gradient and step. A class of more words than
 * there is room for goes part by part, twice: for the sum, and with the sum. */
static void FE_R(fe_nlm_class)(const fe_nlm_job *job, fe_nlm_state *st, int64_t group,
                            int64_t thread) {
    FE_R(fe_nlm_scratch) s = FE_R(fe_nlm_scratch_of)(job, st, thread);
    const int64_t begin = st->group[group], m = st->group[group + 1] - begin, k = job->features;
    const uint32_t class_ = st->column[begin], first = job->class_start[class_];
    const int64_t nc = job->class_start[class_ + 1] - first, wide = fe_nlm_class_part_of(job, st, m);
    const FE_REAL *f = (const FE_REAL *)st->f + begin * k;
    FE_REAL *top = (FE_REAL *)st->block_max + begin, *sum = (FE_REAL *)st->block_sum + begin;
    FE_REAL *factor = (FE_REAL *)st->factor + begin, *g = s.products;
    if (st->train) FE_R(fe_nlm_settle)(st, &job->out, first, nc, st->step - 1);
    uint32_t *column = st->candidate + begin; /* of the target, within out */
    for (int64_t i = 0; i < m; i++) {
        column[i] = job->row_of[st->target[begin + i]];
        top[i] = FE_NLM_NEVER;
        sum[i] = 0;
    }
    for (int64_t at = 0; at < nc; at += wide) {
        FE_R(fe_nlm_class_part)(job, st, begin, m, first + at, nc - at < wide ? nc - at : wide, s);
        FE_R(fe_nlm_add_sums)(m, s.tops, s.sums, top, sum);
    }
    for (int64_t i = 0; i < m; i++)
        st->loss[begin + i] +=
            top[i] + log((double)sum[i]) - ((FE_REAL *)st->target_logit)[begin + i];
    for (int64_t at = 0; st->train && at < nc; at += wide) {
        const int64_t nb = nc - at < wide ? nc - at : wide, ld = fe_nlm_padded(nb);
        if (nc > wide) FE_R(fe_nlm_class_part)(job, st, begin, m, first + at, nb, s);
        for (int64_t i = 0; i < m; i++)
            factor[i] = (FE_REAL)(exp((double)s.tops[i] - top[i]) / ((double)sum[i] * (double)st->m));
        FE_R(fe_nlm_gradient)(g, m, nb, ld, factor, column, (uint32_t)(first + at), 1 / (FE_REAL)st->m,
                           s.bias);
        FE_R(fe_nlm_gemm)(job, 0, 0, m, k, nb, g, ld, (const FE_REAL *)job->out.w + (first + at) * k, k,
                        1, (FE_REAL *)st->df + begin * k, k);
        for (int64_t j = 0; j < nb; j += job->block) {
            const int64_t n = nb - j < job->block ? nb - j : job->block;
            FE_R(fe_nlm_gemm)(job, 1, 0, n, k, m, g + j, ld, f, k, 0, s.rows, k);
            FE_R(fe_nlm_step_rows)(st, &job->out, first + at + j, n, s.rows, s.bias + j);
        }
    }
}
